// How many nodes a radix tree of ids has, against a walk over the bytes of all ids.
#include "storage/types/stream/radix_shape.h"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

#include "storage/base/random.h"
#include "tests/unit/seed.h"

namespace corral::storage {
namespace {

std::string KeyOf(StreamId id) {
  std::string key;
  for (const uint64_t word : {id.ms, id.seq}) {
    for (int shift = 56; shift >= 0; shift -= 8) key += static_cast<char>(word >> shift);
  }
  return key;
}

// Of keys that share their first `depth` bytes.
size_t NodesOf(const std::vector<std::string>& keys, size_t depth) {
  size_t end = depth;
  const auto parts = [&keys](size_t at) {
    std::set<char> bytes;
    for (const std::string& key : keys) bytes.insert(key[at]);
    return bytes;
  };
  while (end < keys[0].size() && parts(end).size() == 1) ++end;
  size_t nodes = (end > depth ? 1 : 0) + 1;
  if (end == keys[0].size()) return nodes;
  for (const char byte : parts(end)) {
    std::vector<std::string> below;
    for (const std::string& key : keys) {
      if (key[end] == byte) below.push_back(key);
    }
    nodes += NodesOf(below, end + 1);
  }
  return nodes;
}

TEST_CASE("the nodes of a radix tree") {
  const uint32_t seed = TestSeed();
  CAPTURE(seed);
  Random random(seed);
  CHECK(RadixShape().nodes() == 1);
  for (int run = 0; run < 500; ++run) {
    std::set<StreamId> ids;
    for (uint64_t count = 1 + random.Below(40); count > 0; --count) {
      ids.insert({random.Below(4) << (8 * random.Below(8)), random.Below(3) << (8 * random.Below(8))});
    }
    RadixShape shape;
    std::vector<std::string> keys;
    for (const StreamId id : ids) {
      shape.Add(id);
      keys.push_back(KeyOf(id));
    }
    CHECK(shape.nodes() == NodesOf(keys, 0));
  }
}

// Source: XINFO STREAM of redis-server 7.0.15 with stream-node-max-entries 1.
TEST_CASE("the nodes that Redis counts") {
  constexpr struct {
    StreamId id;
    size_t nodes;
  } kRecorded[] = {{{1, 1}, 2},    {{1, 2}, 4},      {{2, 1}, 8},        {{600, 1}, 11},
                   {{600, 2}, 13}, {{70000, 0}, 16}, {{70000, 300}, 20}, {{99999999, 5}, 23}};
  RadixShape shape;
  for (const auto& [id, nodes] : kRecorded) {
    shape.Add(id);
    CHECK(shape.nodes() == nodes);
  }
}

}  // namespace
}  // namespace corral::storage
