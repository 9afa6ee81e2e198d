// Looking ahead leaves every lock free and every key where it is, whatever is asked for.
#include "storage/lookahead.h"

#include <doctest/doctest.h>

#include <string>

#include "storage/keyspace.h"

namespace corral::storage {
namespace {

constexpr int64_t kNowMs = 1'800'000'000'000;

void CheckAllFree(const Keyspace& keyspace) {
  for (uint32_t shard = 0; shard < keyspace.shard_count(); ++shard) {
    REQUIRE(keyspace.TryLock(shard));
    keyspace.Unlock(shard);
  }
}

TEST_CASE("lookahead: keys that are there, keys that are not, empty databases, more keys than it takes") {
  for (const bool concurrent : {false, true}) {
    CAPTURE(concurrent);
    Keyspace keyspace({.databases = 2, .shards = 16, .concurrent = concurrent, .seed = 5}, nullptr, nullptr);
    Database database = keyspace.database(0, kNowMs);
    for (int i = 0; i < 5000; ++i) {
      const std::string name = "key:" + std::to_string(i);
      const Key key = keyspace.MakeKey(name);
      keyspace.Lock(keyspace.ShardOf(key.hash));
      database.PutString(key, name);
      keyspace.Unlock(keyspace.ShardOf(key.hash));
    }
    Lookahead lookahead(keyspace);
    lookahead.Run();
    for (const int count : {1, 2, 100, 3000}) {
      lookahead.Clear();
      for (int i = 0; i < count; ++i)
        lookahead.Add(i % 2, keyspace.MakeKey("key:" + std::to_string(i * 3)).hash);
      CHECK(lookahead.full() == (count > static_cast<int>(Lookahead::kMostKeys)));
      lookahead.Run();
      CheckAllFree(keyspace);
    }
    keyspace.CheckInvariants();
    CHECK(database.size() == 5000);
  }
}

TEST_CASE("lookahead: a shard that somebody holds is left out") {
  Keyspace keyspace({.databases = 1, .shards = 16, .concurrent = true, .seed = 5}, nullptr, nullptr);
  Lookahead lookahead(keyspace);
  for (int i = 0; i < 100; ++i) lookahead.Add(0, keyspace.MakeKey(std::to_string(i)).hash);
  keyspace.Lock(3);
  lookahead.Run();  // would wait for ever
  CHECK(!keyspace.TryLock(3));
  keyspace.Unlock(3);
  CheckAllFree(keyspace);
}

}  // namespace
}  // namespace corral::storage
