// Leases with several workers' threads at once, for the sanitizers.
#include <doctest/doctest.h>

#include <atomic>
#include <map>
#include <thread>

#include "storage/base/random.h"
#include "tests/unit/seed.h"
#include "tests/unit/server/lease/lease_world.h"

namespace corral::lease {
namespace {

// One thread of a worker: its connections ask, fill, write and close, and its jobs run in between.
void RunWorker(LeaseWorld& world, size_t index, uint64_t seed, std::atomic<uint64_t>* answers) {
  storage::Random random(seed);
  std::vector<std::unique_ptr<client::Client>> clients;
  std::map<client::Client*, std::pair<std::string, std::string>> tokens;  // key and token
  const auto connect = [&] {
    auto client = world.Connect(index);
    if (random.Below(3) == 0) {  // a client that caches: the ends of leases concern it
      client->tracking = std::make_unique<client::TrackingMode>();
      client->tracking->on = true;
    }
    return client;
  };
  for (int i = 0; i < 8; ++i) clients.push_back(connect());
  const auto take = [&](client::Client& client, const std::string& key) {
    const auto parts = PartsOf(world.TakeReplies(client));
    for (size_t at = 0; at + 4 <= parts.size(); at += 4) {
      if (parts[at + 2] != "-") tokens[&client] = {key, parts[at + 2]};
      answers->fetch_add(1, std::memory_order_relaxed);
    }
  };
  std::map<client::Client*, std::string> asked;
  for (int step = 0; step < 4000; ++step) {
    auto& slot = clients[random.Below(clients.size())];
    const std::string key(1, static_cast<char>('a' + random.Below(4)));
    world.worker(index).RunJobs();
    for (auto& client : clients) {
      if (!client->blocked()) take(*client, asked[client.get()]);
    }
    const uint64_t choice = random.Below(16);
    if (slot->blocked()) {
      if (choice < 4) world.EndWait(*slot);
    } else if (choice < 8) {
      asked[slot.get()] = key;
      world.Run(*slot, {"getlease", key, "lease", "5", "wait", "1000"});
    } else if (choice < 11) {
      if (tokens.count(slot.get()) == 0) continue;
      const auto [mine, token] = tokens[slot.get()];
      world.Run(*slot, {"setlease", mine, token, std::string(100, 'v'), "px", "3"});
      world.TakeReplies(*slot);
    } else if (choice == 11) {
      world.Run(*slot, {"del", key});
      world.TakeReplies(*slot);
    } else if (choice == 12) {
      world.Run(*slot, {"set", key, "w", "px", "2"});
      world.TakeReplies(*slot);
    } else if (choice == 13) {
      tokens.erase(slot.get());
      asked.erase(slot.get());
      world.Close(std::move(slot));
      slot = connect();
    } else if (choice == 14) {
      world.Run(*slot, {"softdel", key});
      world.TakeReplies(*slot);
    } else if (choice == 15 && tokens.count(slot.get()) != 0) {
      const auto [mine, token] = tokens[slot.get()];
      switch (random.Below(3)) {
        case 0:
          world.Run(*slot, {"dellease", mine, token});
          break;
        case 1:
          world.Run(*slot, {"dellease", mine, token, "px", "2", "down"});
          break;
        default:
          world.Run(*slot, {"touchlease", mine, token, "2"});
      }
      world.TakeReplies(*slot);
    }
    if (world.leases().next_due_ms() <= world.leases().now_ms()) world.leases().RunDue();
  }
  for (auto& client : clients) world.Close(std::move(client));
}

TEST_CASE("leases: several workers" * doctest::test_suite("threaded")) {
  const uint64_t seed = TestSeed();
  CAPTURE(seed);
  constexpr size_t kWorkers = 4;
  const storage::SystemClock clock;
  LeaseWorld world(kWorkers, clock, seed);
  std::atomic<uint64_t> answers{0}, told{0}, read{0};
  world.leases().on_invalidated = [&](const storage::Key&) { told.fetch_add(1, std::memory_order_relaxed); };
  world.leases().on_read = [&](client::Client&, const storage::Key&) {
    read.fetch_add(1, std::memory_order_relaxed);
  };
  std::vector<std::thread> threads;
  for (size_t i = 0; i < kWorkers; ++i) {
    threads.emplace_back([&, i] { RunWorker(world, i, seed + i, &answers); });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(answers > 1000);
  CHECK(told > 10);
  CHECK(read > 100);
  CHECK(world.leases().waiting() == 0);
  world.leases().CheckInvariants();
}

}  // namespace
}  // namespace corral::lease
