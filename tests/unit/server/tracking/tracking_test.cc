// Near caches that follow their invalidations are never stale, whatever their mode: random histories over
// several workers that run one after another.
#include "server/tracking/tracking.h"

#include <doctest/doctest.h>

#include <deque>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "server/config/config.h"
#include "server/pubsub/hub.h"
#include "tests/unit/seed.h"

namespace corral::tracking {
namespace {

using client::Client;

// A name with its number.
std::string Name(std::string_view kind, uint64_t number) {
  std::string name(kind);
  name += std::to_string(number);
  return name;
}

struct World;

class FakeWorker final : public client::ClientOwner {
 public:
  FakeWorker(World& world, size_t index) : world_(world) { worker_index = index; }
  void Visit(uint64_t, std::function<void(Client&)>) override {}
  void WaitAnswered(Client&) override {}
  void Post(std::function<void()> work) override { posted.push_back(std::move(work)); }
  Client* Find(uint64_t id) override;
  void Push(Client& client, const client::PushedMessage& message) override;
  bool RunPosted() {
    if (posted.empty()) return false;
    posted.front()();
    posted.pop_front();
    return true;
  }

  std::deque<std::function<void()>> posted;

 private:
  World& world_;
};

struct World {
  World(size_t workers, uint64_t max_keys, uint64_t seed = 3)
      : keyspace({.databases = 1, .shards = 16, .concurrent = workers > 1, .seed = seed}, nullptr,
                 &lazy_free),
        settings(config.settings()),
        hub(workers, 3),
        tracking((settings.tracking_table_max_keys = max_keys, keyspace), lazy_free, settings, workers,
                 seed) {
    for (size_t i = 0; i < workers; ++i) {
      owners.push_back(std::make_unique<FakeWorker>(*this, i));
      hub.AddWorker(*owners.back());
    }
  }
  ~World() {
    while (!clients.empty()) Close(clients.begin()->first);
  }

  Client& NewClient(size_t worker) {
    auto client = std::make_unique<Client>(++last_id, *owners[worker], net::Stream::Handle(), pool, 0);
    client->reply.set_version(protocol::Version::kResp3);
    return *clients.emplace(client->id, std::move(client)).first->second;
  }
  void Close(uint64_t id) {
    hub.Leave(*clients.at(id));
    tracking.Forget(*clients.at(id));
    clients.erase(id);
    caches.erase(id);
    listeners.erase(id);
  }
  void EndTurns() {
    for (auto& owner : owners) tracking.EndTurn(*owner);
  }
  void Settle() {
    EndTurns();
    for (bool worked = true; worked;) {
      worked = false;
      for (auto& owner : owners) worked |= owner->RunPosted();
    }
  }

  config::Config config;
  storage::LazyFree lazy_free;
  storage::Keyspace keyspace;
  config::Settings settings;
  pubsub::Hub hub;
  Tracking tracking;
  std::vector<std::unique_ptr<FakeWorker>> owners;
  client::ChunkPool pool;
  std::map<uint64_t, std::unique_ptr<Client>> clients;
  std::map<uint64_t, std::map<std::string, int>> caches;  // what a process holds of what it read
  std::map<uint64_t, std::set<uint64_t>> listeners;  // connection that gets messages -> caches they are for
  std::map<uint64_t, std::string> received;
  uint64_t last_id = 0;
};

Client* FakeWorker::Find(uint64_t id) {
  auto found = world_.clients.find(id);
  return found == world_.clients.end() || &found->second->owner() != this ? nullptr : found->second.get();
}

// The elements of an array of bulks.
std::vector<std::string> Keys(std::string_view text) {
  std::vector<std::string> keys;
  for (size_t at = text.find('$'); at != std::string_view::npos; at = text.find('$')) {
    text.remove_prefix(at + 1);
    const size_t size = std::stoul(std::string(text));
    text.remove_prefix(text.find('\n') + 1);
    keys.emplace_back(text.substr(0, size));
    text.remove_prefix(size + 2);
  }
  return keys;
}

void FakeWorker::Push(Client& client, const client::PushedMessage& message) {
  const std::string text(message.common_head != nullptr ? message.common_head->view() : message.head);
  world_.received[client.id] += text;
  constexpr std::string_view kPush = ">2\r\n$10\r\ninvalidate\r\n",
                             kMessage = "*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n";
  std::string_view rest = text;
  if (text.starts_with(kPush)) {
    rest.remove_prefix(kPush.size());
  } else if (text.starts_with(kMessage)) {
    rest.remove_prefix(kMessage.size());
  } else {
    return;  // that the redirection is broken: its cache is not used any more
  }
  for (uint64_t cache : world_.listeners[client.id]) {
    if (rest == "_\r\n" || rest == "$-1\r\n") world_.caches[cache].clear();
    for (const std::string& key : Keys(rest)) world_.caches[cache].erase(key);
  }
}

std::string Received(World& world, const Client& client) {
  world.Settle();
  return std::exchange(world.received[client.id], {});
}

void Read(World& world, Client& client, const std::string& key) {
  world.tracking.Remember(client, world.keyspace.MakeKey(key));
}

void Write(World& world, Client& writer, const std::string& key) {
  world.tracking.KeyChanged(writer.owner(), &writer, world.keyspace.MakeKey(key));
  if (writer.tracking != nullptr) world.tracking.SendOwn(writer);
}

TEST_CASE("the forms of the message") {
  World world(2, 0);
  Client& reader = world.NewClient(0);
  Client& writer = world.NewClient(1);
  world.tracking.Enable(reader, {});
  CHECK_FALSE(world.tracking.active());
  Read(world, reader, "k");
  CHECK(world.tracking.active());
  Write(world, writer, "k");
  CHECK(Received(world, reader) == ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n");
  Write(world, writer, "k");
  CHECK(Received(world, reader).empty());
  world.tracking.EverythingChanged(writer.owner(), &writer);
  CHECK(Received(world, reader) == ">2\r\n$10\r\ninvalidate\r\n_\r\n");
}

TEST_CASE("a redirection to a subscriber of RESP2, and one that breaks") {
  World world(2, 0);
  Client& reader = world.NewClient(0);
  Client& listener = world.NewClient(1);
  listener.reply.set_version(protocol::Version::kResp2);
  world.hub.Subscribe(listener, pubsub::TopicKind::kChannel, "__redis__:invalidate");
  Client& writer = world.NewClient(0);
  world.tracking.Enable(reader, {.redirect_id = listener.id, .redirect_owner = &listener.owner()});
  Read(world, reader, "k");
  Write(world, writer, "k");
  CHECK(Received(world, listener) ==
        "*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n*1\r\n$1\r\nk\r\n");
  Read(world, reader, "k");
  world.Close(listener.id);
  Write(world, writer, "k");
  CHECK(Received(world, reader) == ">2\r\n$21\r\ntracking-redir-broken\r\n:2\r\n");
  CHECK(reader.tracking->broken_redirect);
}

TEST_CASE("prefixes are told once a turn, keys in order, own changes left out on demand") {
  World world(1, 0);
  Client& all = world.NewClient(0);
  Client& some = world.NewClient(0);
  Client& writer = world.NewClient(0);
  world.tracking.Enable(all, {.broadcast = true});
  world.tracking.Enable(some, {.broadcast = true, .no_loop = true, .prefixes = {"b", "c"}});
  for (const char* key : {"b2", "a", "b1", "b2"}) Write(world, writer, key);
  Write(world, some, "b3");
  world.EndTurns();
  CHECK(Received(world, all) ==
        ">2\r\n$10\r\ninvalidate\r\n*4\r\n$1\r\na\r\n$2\r\nb1\r\n$2\r\nb2\r\n$2\r\nb3\r\n");
  CHECK(Received(world, some) == ">2\r\n$10\r\ninvalidate\r\n*2\r\n$2\r\nb1\r\n$2\r\nb2\r\n");
  // Its own change does not hide another's of the same key.
  Write(world, some, "b1");
  Write(world, writer, "b1");
  CHECK(Received(world, some) == ">2\r\n$10\r\ninvalidate\r\n*1\r\n$2\r\nb1\r\n");
}

TEST_CASE("keys of connections that went are swept out") {
  World world(1, 0);
  Client& stays = world.NewClient(0);
  Client& goes = world.NewClient(0);
  world.tracking.Enable(stays, {});
  world.tracking.Enable(goes, {});
  for (int i = 0; i < 100000; ++i) Read(world, goes, Name("k", static_cast<uint64_t>(i)));
  for (int i = 0; i < 10; ++i) Read(world, stays, Name("k", static_cast<uint64_t>(i)));
  CHECK(world.tracking.figures().keys == 100000);
  CHECK(world.tracking.figures().items == 100010);
  world.Close(goes.id);
  int calls = 0;
  while (world.tracking.figures().keys > 10 && calls < 1000) {
    world.tracking.Sweep();
    ++calls;
  }
  CHECK(world.tracking.figures().keys == 10);
  CHECK(world.tracking.figures().items == 10);
  CHECK(calls > 5);  // each is bounded
}

TEST_CASE("the limit on keys holds, and who loses a key is told") {
  World world(1, 100);
  Client& reader = world.NewClient(0);
  world.tracking.Enable(reader, {});
  std::set<std::string> held;
  for (int i = 0; i < 1000; ++i) {
    Read(world, reader, Name("k", static_cast<uint64_t>(i)));
    held.insert(Name("k", static_cast<uint64_t>(i)));
    world.EndTurns();
    CHECK(world.tracking.figures().keys <= 100);
    const std::string text = Received(world, reader);
    for (const std::string& key : Keys(text)) held.erase(key);
  }
  CHECK(held.size() == 100);
}

TEST_CASE("a limit that was lowered is obeyed turn after turn, though nobody sends") {
  World world(2, 0);
  Client& reader = world.NewClient(0);
  world.tracking.Enable(reader, {});
  for (uint64_t i = 0; i < 20000; ++i) Read(world, reader, Name("k", i));
  FakeWorker& worker = *world.owners[0];
  world.settings.tracking_table_max_keys = 10;
  int turns = 0;
  do {
    const uint64_t before = world.tracking.figures().keys;
    world.tracking.EndTurn(worker);
    ++turns;
    CHECK(before - world.tracking.figures().keys <= 4096);
  } while (worker.RunPosted());
  CHECK(world.tracking.figures().keys == 10);
  CHECK(turns > 4);
}

TEST_CASE(
    "NOLOOP hides what the client wrote; by prefix it is told of a key that its command found expired") {
  World world(1, 0);
  Client& client = world.NewClient(0);
  FakeWorker& worker = *world.owners[0];
  const storage::Key key = world.keyspace.MakeKey("k");
  SUBCASE("by prefix") {
    world.tracking.Enable(client, {.broadcast = true, .no_loop = true});
    world.tracking.KeyChanged(worker, &client, key);
    world.Settle();
    CHECK(Received(world, client).empty());
    world.tracking.KeyRemoved(worker, &client, key);
    world.Settle();
    CHECK(Received(world, client) == ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n");
  }
  SUBCASE("by key") {
    world.tracking.Enable(client, {.no_loop = true});
    Read(world, client, "k");
    world.tracking.KeyRemoved(worker, &client, key);
    world.Settle();
    CHECK(Received(world, client).empty());
  }
}

// One history: connections of all modes read into caches and write; when everything is delivered no cache
// holds an old value.
class History {
 public:
  History(size_t workers, uint64_t max_keys, uint32_t seed)
      : world_(workers, max_keys, seed), random_(seed) {}

  void Run(int steps) {
    for (int step = 0; step < steps; ++step) {
      Step();
      if (random_() % 3 == 0) world_.owners[random_() % world_.owners.size()]->RunPosted();
      if (random_() % 4 == 0) world_.EndTurns();
      if (random_() % 50 == 0) world_.tracking.Sweep();
      if (random_() % 20 == 0) Check();
    }
  }

 private:
  Client& Any() {
    auto at = world_.clients.begin();
    std::advance(at, static_cast<long>(random_() % world_.clients.size()));
    return *at->second;
  }

  void Step() {
    const std::string key =
        std::string(1, static_cast<char>('a' + random_() % 3)) + std::to_string(random_() % 12);
    const auto action = random_() % 100;
    if (world_.clients.size() < 4 || action < 3) {
      if (world_.clients.size() < 12) world_.NewClient(random_() % world_.owners.size());
    } else if (action < 6) {
      const uint64_t id = Any().id;
      // Whoever redirects to it is without its messages from here on. A copy: Off takes itself out.
      for (uint64_t cache : std::set<uint64_t>(world_.listeners[id])) Off(cache);
      world_.Close(id);
    } else if (action < 12) {
      Switch(Any());
    } else if (action < 55) {
      Client& client = Any();
      if (client.tracking == nullptr || !client.tracking->on) return;
      if (!client.tracking->broadcast) Read(world_, client, key);
      world_.caches[client.id][key] = versions_[key];
    } else if (action < 98) {
      Client& writer = Any();
      ++versions_[key];
      Write(world_, writer, key);
      // With NOLOOP a process knows what it wrote.
      if (writer.tracking != nullptr && writer.tracking->no_loop) world_.caches[writer.id].erase(key);
    } else if (action == 98) {
      ++versions_[key];
      world_.tracking.KeyChanged(*world_.owners[random_() % world_.owners.size()], nullptr,
                                 world_.keyspace.MakeKey(key));
    } else {
      for (auto& [name, version] : versions_) ++version;
      Client& writer = Any();
      world_.tracking.EverythingChanged(writer.owner(), &writer);
      if (writer.tracking != nullptr) world_.tracking.SendOwn(writer);
    }
  }

  void Off(uint64_t id) {
    auto found = world_.clients.find(id);
    if (found == world_.clients.end()) return;
    if (found->second->tracking != nullptr) {
      const uint64_t redirect = found->second->tracking->redirect_id;
      world_.tracking.Disable(*found->second);
      world_.listeners[redirect != 0 ? redirect : id].erase(id);
    }
    world_.caches[id].clear();
  }

  void Switch(Client& client) {
    Off(client.id);
    if (random_() % 3 == 0) return;
    Wish wish{.broadcast = random_() % 3 == 0, .no_loop = random_() % 3 == 0};
    if (wish.broadcast && random_() % 2 == 0) wish.prefixes = {"a", "b", "c"};
    Client& target = random_() % 3 == 0 ? Any() : client;
    if (&target != &client) {
      wish.redirect_id = target.id;
      wish.redirect_owner = &target.owner();
    }
    world_.tracking.Enable(client, wish);
    world_.listeners[target.id].insert(client.id);
  }

  void Check() {
    world_.Settle();
    for (const auto& [id, cache] : world_.caches) {
      for (const auto& [key, version] : cache) REQUIRE(version == versions_[key]);
    }
  }

  World world_;
  std::mt19937 random_;
  std::map<std::string, int> versions_;
};

TEST_CASE("caches are never stale once their messages have arrived") {
  const auto seed = TestSeed();
  CAPTURE(seed);
  History(1, 0, seed).Run(40000);
  History(3, 0, seed).Run(40000);
  History(2, 5, seed).Run(40000);
}

}  // namespace
}  // namespace corral::tracking
