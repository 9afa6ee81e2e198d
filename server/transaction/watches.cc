// Per shard a table of watched keys, per key a list of those who watch it.
#include "server/transaction/watches.h"

#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "storage/base/invariant.h"

namespace corral::transaction {

// Found by its database and name. The list is of Watch, in no order that matters.
struct Watches::WatchedKey {
  int database;
  std::string name;
  uint64_t hash;
  Watch* first = nullptr;
};

// One client and one key. Owned by the client's Watcher, and locked by the key's shard.
struct Watches::Watch {
  WatchedKey* key = nullptr;
  Watcher* watcher = nullptr;
  bool existed = false;  // when it was watched
  Watch* previous = nullptr;
  Watch* next = nullptr;
};

// The keys of one client; its thread's.
class Watches::Watcher final : public client::Watching {
 public:
  std::unordered_map<const WatchedKey*, Watch> watches;
};

struct Watches::Shard {
  struct Name {
    int database;
    std::string_view name;
    uint64_t hash;
    bool operator==(const Name& other) const { return database == other.database && name == other.name; }
  };
  struct NameHash {
    size_t operator()(const Name& name) const { return name.hash + static_cast<unsigned>(name.database); }
  };
  // A name is the view of its key's own.
  std::unordered_map<Name, std::unique_ptr<WatchedKey>, NameHash> keys;
};

Watches::Watches(storage::Keyspace& keyspace) : keyspace_(keyspace) {
  for (uint32_t i = 0; i < keyspace.shard_count(); ++i) shards_.push_back(std::make_unique<Shard>());
}

Watches::~Watches() = default;

Watches::Watcher* Watches::WatcherOf(const client::Client& client) {
  return static_cast<Watcher*>(client.watching.get());
}

void Watches::Add(client::Client& client, storage::Database& database, const storage::Key& key) {
  Shard& shard = *shards_[keyspace_.ShardOf(key.hash)];
  const bool existed = database.Peek(key) != nullptr;
  auto found = shard.keys.find({database.index(), key.name, key.hash});
  if (found == shard.keys.end()) {
    auto made = std::make_unique<WatchedKey>(WatchedKey{database.index(), std::string(key.name), key.hash});
    const Shard::Name name{made->database, made->name, made->hash};
    found = shard.keys.emplace(name, std::move(made)).first;
    keys_.fetch_add(1, std::memory_order_relaxed);
  }
  WatchedKey& watched = *found->second;
  if (client.watching == nullptr) client.watching = std::make_unique<Watcher>();
  Watcher& watcher = *WatcherOf(client);
  auto [at, added] = watcher.watches.try_emplace(&watched);
  if (!added) return;
  if (watcher.keys++ == 0) clients_.fetch_add(1, std::memory_order_relaxed);
  Watch& watch = at->second;
  watch = {&watched, &watcher, existed, nullptr, watched.first};
  if (watched.first != nullptr) watched.first->previous = &watch;
  watched.first = &watch;
}

bool Watches::Broken(const client::Client& client, int64_t now_ms) const {
  if (client.watching == nullptr) return false;
  if (client.watching->touched.load(std::memory_order_relaxed)) return true;
  for (const auto& [key, watch] : WatcherOf(client)->watches) {
    if (watch.existed && keyspace_.database(key->database, now_ms).Peek({key->name, key->hash}) == nullptr)
      return true;
  }
  return false;
}

void Watches::ForEachKey(const client::Client& client,
                         const std::function<void(const storage::Key&)>& visit) const {
  if (client.watching == nullptr) return;
  for (const auto& [key, watch] : WatcherOf(client)->watches) visit({key->name, key->hash});
}

void Watches::Remove(Watch& watch) {
  WatchedKey& key = *watch.key;
  (watch.previous != nullptr ? watch.previous->next : key.first) = watch.next;
  if (watch.next != nullptr) watch.next->previous = watch.previous;
  if (key.first != nullptr) return;
  keys_.fetch_sub(1, std::memory_order_relaxed);
  shards_[keyspace_.ShardOf(key.hash)]->keys.erase({key.database, key.name, key.hash});
}

void Watches::ForgetLocked(client::Client& client) {
  if (client.watching == nullptr) return;
  Watcher& watcher = *WatcherOf(client);
  for (auto& [key, watch] : watcher.watches) Remove(watch);
  if (watcher.keys != 0) clients_.fetch_sub(1, std::memory_order_relaxed);
  client.watching.reset();
}

void Watches::Forget(client::Client& client) {
  if (client.watching == nullptr) return;
  Watcher& watcher = *WatcherOf(client);
  for (auto& [key, watch] : watcher.watches) {
    storage::ShardGuard guard(keyspace_, keyspace_.ShardOf(key->hash));
    Remove(watch);
  }
  watcher.watches.clear();
  ForgetLocked(client);
}

void Watches::Touch(int database, const storage::Key& key, bool by_time) {
  Shard& shard = *shards_[keyspace_.ShardOf(key.hash)];
  auto found = shard.keys.find({database, key.name, key.hash});
  if (found == shard.keys.end()) return;
  for (Watch* watch = found->second->first; watch != nullptr; watch = watch->next) {
    if (watch->existed || !by_time) watch->watcher->touched.store(true, std::memory_order_relaxed);
  }
}

// Who watches a key that was there and has not changed since loses it now.
void Watches::DatabaseFlushed(int database) {
  for (const auto& shard : shards_) {
    for (const auto& [name, key] : shard->keys) {
      if (database == -1 || database == key->database) Touch(key->database, {key->name, key->hash}, true);
    }
  }
}

void Watches::DatabasesSwapped(int database, int other, int64_t now_ms) {
  for (const auto& shard : shards_) {
    for (const auto& [name, key] : shard->keys) {
      if (key->database != database && key->database != other) continue;
      const storage::Key found{key->name, key->hash};
      const bool exists = keyspace_.database(key->database, now_ms).Peek(found) != nullptr;
      Touch(key->database, found, !exists);
    }
  }
}

void Watches::CheckInvariants() const {
  size_t keys = 0;
  for (const auto& shard : shards_) {
    for (const auto& [name, key] : shard->keys) {
      ++keys;
      storage::Require(key->first != nullptr, "watches: a key that nobody watches");
      storage::Require(name.name.data() == key->name.data(), "watches: a name is not its key's");
      for (const Watch* watch = key->first; watch != nullptr; watch = watch->next) {
        storage::Require(watch->key == key.get() && watch->watcher->watches.count(key.get()) == 1,
                         "watches: a watch is another's");
        storage::Require(watch->next == nullptr || watch->next->previous == watch,
                         "watches: the list is broken");
      }
    }
  }
  storage::Require(keys == keys_.load(), "watches: the number of keys is wrong");
}

}  // namespace corral::transaction
