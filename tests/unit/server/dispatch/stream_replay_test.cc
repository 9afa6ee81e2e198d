// Random writes of streams and their consumer groups, and their log run again: the same entries, and the same
// deliveries.
#include <doctest/doctest.h>

#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "server/commands/server/dataset_digest.h"
#include "storage/types/stream/stream_object.h"
#include "tests/unit/seed.h"
#include "tests/unit/server/dispatch/effect_world.h"

namespace corral::dispatch {
namespace {

constexpr int kKeys = 3;

std::string KeyName(int i) { return "stream" + std::to_string(i); }

class RandomStreamWrites {
 public:
  explicit RandomStreamWrites(uint32_t seed) : random_(seed) {}

  std::vector<std::string> Next() {
    const std::string key = KeyName(static_cast<int>(Below(kKeys))), group = "g" + std::to_string(Below(2)),
                      consumer = "c" + std::to_string(Below(3)), id = Id(), other = Id();
    switch (Below(22)) {
      case 0:
        return {"xgroup", "create", key, group, "0", "MKSTREAM"};
      case 1:
        return {"xgroup", "setid", key, group, Below(2) == 0 ? "$" : id};
      case 2:
        return Rarely({"xgroup", "destroy", key, group});
      case 3:
        return {"xgroup", "createconsumer", key, group, consumer};
      case 4:
        return Rarely({"xgroup", "delconsumer", key, group, consumer});
      case 5:
      case 6:
        return {"xreadgroup", "GROUP", group, consumer, "COUNT", "3", "STREAMS", key, ">"};
      case 7:
        return {"xreadgroup", "GROUP", group, consumer, "NOACK", "COUNT", "1", "STREAMS", key, ">"};
      case 8:
        return {"xack", key, group, id, other};
      case 9:
        return {"xclaim", key, group, consumer, "0", id, other};
      case 10:
        return {"xclaim", key, group, consumer, "0", id, "FORCE", "LASTID", other, "RETRYCOUNT", "5"};
      case 11:
        return {"xautoclaim", key, group, consumer, "0", id, "COUNT", "3"};
      case 12:
        return {"xdel", key, id, other};
      case 13:
        return {"xdelex", key, References(), "IDS", "2", id, other};
      case 14:
        return {"xackdel", key, group, References(), "IDS", "2", id, other};
      case 15:
        return {"xtrim", key, "MAXLEN", "~", std::to_string(Below(20)), "LIMIT", "5", References()};
      case 16:
        return {"xtrim", key, "MINID", Below(2) == 0 ? "~" : "=", id, References()};
      case 17:
        return {"xadd", key, References(), "MINID", "~", id, "*", "f", "v"};
      case 18:
        return {"xadd", key, "NOMKSTREAM", "MAXLEN", "~", "10", "LIMIT", "4", Next(id), "f", "v"};
      default:
        return {"xadd", key, Next(id), "f", id};
    }
  }

 private:
  uint32_t Below(uint32_t bound) { return static_cast<uint32_t>(random_() % bound); }
  std::string Id() { return std::to_string(Below(++steps_ / 40 + 2)) + "-" + std::to_string(Below(3)); }
  static std::string Next(const std::string& id) { return id.substr(0, id.find('-')) + "-*"; }
  std::string References() {
    const uint32_t choice = Below(3);
    return choice == 0 ? "KEEPREF" : choice == 1 ? "DELREF" : "ACKED";
  }
  std::vector<std::string> Rarely(std::vector<std::string> words) {
    return Below(8) == 0 ? words : std::vector<std::string>{"xlen", words[2]};
  }

  std::mt19937 random_;
  uint32_t steps_ = 0;
};

// The groups of all streams. Without the times of deliveries: XCLAIM takes none that is still to come, and
// the log is run again before all of them.
std::string GroupsOf(EffectWorld& world, int64_t now_ms) {
  std::ostringstream text;
  for (int i = 0; i < kKeys; ++i) {
    const std::string name = KeyName(i);
    const storage::Record* record = world.keyspace.database(0, now_ms).Peek(world.keyspace.MakeKey(name));
    text << name << (record == nullptr ? " is absent\n" : "\n");
    if (record == nullptr) continue;
    for (const auto& [group_name, group] : record->value().as<storage::StreamObject>().groups()) {
      text << "  " << group_name << " " << group->last_delivered.ms << "-" << group->last_delivered.seq << " "
           << (group->entries_read ? std::to_string(*group->entries_read) : "unknown") << "\n";
      for (const auto& [consumer_name, consumer] : group->consumers()) {
        text << "    " << consumer_name << ":";
        for (const storage::StreamPending* pending : consumer->pending()) {
          text << " " << pending->id.ms << "-" << pending->id.seq << "x" << pending->deliveries;
        }
        text << "\n";
      }
    }
  }
  return text.str();
}

TEST_CASE("the log of streams run again makes the same entries and deliveries") {
  const uint32_t seed = TestSeed();
  CAPTURE(seed);
  for (uint32_t run = 0; run < 20; ++run) {
    EffectWorld world(1);
    world.Configure("stream-node-max-entries", std::to_string(1 + run % 5));
    EffectWorld::Lane lane(world, 0);
    lane.Bind();
    RandomStreamWrites writes(seed + run);
    for (int i = 0; i < 1'000; ++i) lane.Run(writes.Next());
    EffectWorld again(1);
    again.Replay(world.log.groups);
    CHECK(GroupsOf(again, EffectWorld::kReplayMs) == GroupsOf(world, lane.now_ms()));
    CHECK(commands::DigestOfDataset(again.keyspace, EffectWorld::kReplayMs) ==
          commands::DigestOfDataset(world.keyspace, lane.now_ms()));
  }
}

}  // namespace
}  // namespace corral::dispatch
