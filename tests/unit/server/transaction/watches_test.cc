// Which changes of which keys break the watches of which clients, against a model.
#include "server/transaction/watches.h"

#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "server/client/client_owner.h"
#include "storage/base/random.h"
#include "storage/lazy_free.h"
#include "tests/unit/seed.h"

namespace corral::transaction {
namespace {

class World final : public storage::KeyspaceListener, public client::ClientOwner {
 public:
  World()
      : keyspace({.databases = 2, .shards = 4, .concurrent = true, .seed = 7}, this, &lazy_free_),
        watches(keyspace) {}

  void OnExpired(int database, const storage::Key& key) override {
    watches.KeyExpired(database, key);
    expired.emplace_back(database, std::string(key.name));
  }
  void OnEvicted(int, const storage::Key&) override {}
  void OnFieldExpired(int, const storage::Key&, std::string_view) override {}
  void OnFieldsExpired(int, const storage::Key&, bool) override {}
  void Visit(uint64_t, std::function<void(client::Client&)>) override {}
  void WaitAnswered(client::Client&) override {}

  std::unique_ptr<client::Client> Connect() {
    return std::make_unique<client::Client>(++last_id_, *this, net::Stream::Handle{}, pool_, 0);
  }
  template <class Work>
  auto Locked(const storage::Key& key, Work&& work) {
    storage::ShardGuard guard(keyspace, keyspace.ShardOf(key.hash));
    return work();
  }
  void Watch(client::Client& client, int database, std::string_view name, int64_t now_ms) {
    const storage::Key key = keyspace.MakeKey(name);
    storage::Database db = keyspace.database(database, now_ms);
    Locked(key, [&] { watches.Add(client, db, key); });
  }

 private:
  storage::LazyFree lazy_free_;
  client::ChunkPool pool_;
  uint64_t last_id_ = 0;

 public:
  storage::Keyspace keyspace;
  Watches watches;
  std::vector<std::pair<int, std::string>> expired;
};

using Name = std::pair<int, std::string>;

struct ModelClient {
  std::map<Name, bool> existed;
  bool touched = false;
};

TEST_CASE("what breaks a watch, against a model") {
  const uint64_t seed = TestSeed();
  CAPTURE(seed);
  storage::Random random(seed);
  World world;
  std::vector<std::unique_ptr<client::Client>> clients;
  std::vector<ModelClient> model(5);
  for (size_t i = 0; i < model.size(); ++i) clients.push_back(world.Connect());
  std::map<Name, int64_t> keys;  // with their expiry
  int64_t now_ms = 1'000'000;
  const auto lives = [&](const Name& name) { return keys.count(name) != 0 && keys[name] >= now_ms; };
  const auto touch = [&](const Name& name, bool by_time) {
    for (ModelClient& client : model) {
      auto found = client.existed.find(name);
      if (found != client.existed.end() && (found->second || !by_time)) client.touched = true;
    }
  };
  // Keys that somebody met behind their time.
  const auto settle = [&] {
    for (const Name& name : world.expired) {
      touch(name, true);
      keys.erase(name);
    }
    world.expired.clear();
  };
  for (int step = 0; step < 20000; ++step) {
    const size_t at = random.Below(model.size());
    const Name name{static_cast<int>(random.Below(2)),
                    std::string(1, static_cast<char>('a' + random.Below(5)))};
    const storage::Key key = world.keyspace.MakeKey(name.second);
    storage::Database db = world.keyspace.database(name.first, now_ms);
    switch (random.Below(12)) {
      case 0:
      case 1:
      case 2: {
        const bool exists = lives(name);
        world.Watch(*clients[at], name.first, name.second, now_ms);
        settle();
        model[at].existed.try_emplace(name, exists);
        break;
      }
      case 3:
      case 4: {
        const int64_t expire_at_ms = now_ms + 1 + static_cast<int64_t>(random.Below(20));
        world.Locked(key, [&] {
          db.PutString(key, "value", {.expire_at_ms = expire_at_ms});
          world.watches.KeyChanged(name.first, key);
        });
        settle();
        keys[name] = expire_at_ms;
        touch(name, false);
        break;
      }
      case 5:
        world.Locked(key, [&] {
          if (db.Erase(key)) world.watches.KeyChanged(name.first, key);
        });
        if (lives(name)) {
          keys.erase(name);
          touch(name, false);
        }
        settle();
        break;
      case 6:
        now_ms += static_cast<int64_t>(random.Below(10));
        break;
      case 7:
        world.Locked(key, [&] { db.Peek(key); });
        settle();
        break;
      case 8:
        if (random.Below(20) != 0) break;
        world.keyspace.Flush(name.first, storage::Reclaim::kNow);
        world.watches.DatabaseFlushed(name.first);
        for (const char letter : std::string("abcde")) {
          const Name gone{name.first, std::string(1, letter)};
          keys.erase(gone);
          touch(gone, true);
        }
        break;
      case 9: {
        if (random.Below(10) != 0) break;
        world.keyspace.Swap(0, 1);
        world.watches.DatabasesSwapped(0, 1, now_ms);
        std::map<Name, int64_t> swapped;
        for (const auto& [old, expire_at_ms] : keys) swapped[{1 - old.first, old.second}] = expire_at_ms;
        keys = swapped;
        settle();
        for (int database : {0, 1}) {
          for (const char letter : std::string("abcde")) {
            const Name there{database, std::string(1, letter)};
            touch(there, !lives(there));
          }
        }
        break;
      }
      default: {
        const auto watched = [&](bool held) {
          world.watches.ForEachKey(*clients[at], [&](const storage::Key& each) {
            (held ? void(world.keyspace.TryLock(world.keyspace.ShardOf(each.hash)))
                  : world.keyspace.Unlock(world.keyspace.ShardOf(each.hash)));
          });
        };
        watched(true);
        const bool broken = world.watches.Broken(*clients[at], now_ms);
        watched(false);
        bool expected = model[at].touched;
        for (const auto& [each, existed] : model[at].existed) expected |= existed && !lives(each);
        REQUIRE(broken == expected);
        settle();
        if (random.Below(2) == 0) {
          world.watches.Forget(*clients[at]);
          model[at] = {};
        }
      }
    }
    world.watches.CheckInvariants();
    size_t watching = 0;
    for (size_t i = 0; i < model.size(); ++i) {
      watching += !model[i].existed.empty();
      const size_t count = clients[i]->watching ? clients[i]->watching->keys : 0;
      REQUIRE(count == model[i].existed.size());
    }
    REQUIRE(world.watches.clients() == watching);
  }
  for (auto& client : clients) world.watches.Forget(*client);
  CHECK(world.watches.empty());
}

}  // namespace
}  // namespace corral::transaction
