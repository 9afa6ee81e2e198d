// The bytes of a stream's nodes, against those in DUMP payloads of redis-server 7.0.15.
#include "storage/types/stream/stream_node.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "storage/types/stream/stream_entry.h"
#include "storage/types/stream/stream_object.h"

namespace corral::storage {
namespace {

using Texts = std::vector<std::string_view>;

std::string Hex(std::string_view bytes) {
  std::string hex;
  for (const char byte : bytes) {
    constexpr char kDigits[] = "0123456789abcdef";
    hex += kDigits[static_cast<uint8_t>(byte) >> 4];
    hex += kDigits[byte & 15];
  }
  return hex;
}

std::string Bytes(std::string_view hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  }
  return bytes;
}

class Stream {
 public:
  explicit Stream(const StreamNodeLimit& limit = {}) : limit_(limit) {}

  StreamObject& object() { return object_; }
  Stream& Add(StreamId id, const Texts& entry) {
    REQUIRE(object_.Append(id, entry, limit_) == StreamObject::AppendResult::kAppended);
    return *this;
  }
  std::vector<std::string> Nodes() const {
    object_.CheckInvariants();
    std::vector<std::string> all;
    const StreamNodes& nodes = object_.nodes();
    for (const StreamNode* node = nodes.First(); node != nullptr; node = nodes.After(node)) {
      all.push_back(std::to_string(node->id().ms) + "-" + std::to_string(node->id().seq) + " " +
                    Hex(node->packed()));
    }
    return all;
  }

 private:
  StreamObject object_;
  const StreamNodeLimit limit_;
};

using Nodes = std::vector<std::string>;

TEST_CASE("a node's bytes are Redis's") {
  Stream one;
  one.Add({5, 7}, {"field", "value"});
  CHECK(one.Nodes() ==
        Nodes{"5-7 250000000a00010100010101856669656c640600010201000100018576616c7565060401ff"});

  Stream same;
  same.Add({5, 7}, {"a", "1", "b", "2"}).Add({5, 9}, {"a", "3", "b", "xyz"});
  same.Add({300, 0}, {"a", "-1", "b", "70000"});
  CHECK(same.Nodes() ==
        Nodes{"5-7 420000001800030100010201816102816202000102010001000101010201050102010001020103"
              "018378797a0405010201c12702dff902dfff02f2701101040501ff"});

  Stream other;
  other.Add({5, 7}, {"a", "1"}).Add({5, 8}, {"b", "1"});
  other.Add({5, 9}, {"a", "1", "b", "2"}).Add({5, 10}, {"7", "8"});
  CHECK(other.Nodes() ==
        Nodes{"5-7 4d000000210004010001010181610200010201000100010101040100010001010101018162020101"
              "060100010001020102018161020101816202020108010001000103010101070108010601ff"});

  Stream integers;  // a field may be one, and the greatest time is a negative difference
  integers.Add({5, 7}, {"7", "8"}).Add({6, 0}, {"7", "9"}).Add({UINT64_MAX, 1}, {"7", "9"});
  CHECK(integers.Nodes() ==
        Nodes{"5-7 320000001400030100010101070100010201000100010801040102010101dff9020901040102"
              "01dffa02dffa0209010401ff"});
}

TEST_CASE("deleted entries are marked as Redis marks them") {
  Stream deleted;
  deleted.Add({5, 7}, {"a", "1"}).Add({5, 8}, {"a", "2"}).Add({5, 9}, {"b", "3"});
  CHECK(deleted.object().Delete({5, 8}));
  CHECK(deleted.object().Delete({5, 9}));
  CHECK(deleted.Nodes() ==
        Nodes{"5-7 35000000160001010201010181610200010201000100010101040103010001010102010401"
              "010100010201010181620203010601ff"});

  Stream trimmed;
  trimmed.Add({1, 1}, {"a", "1"}).Add({2, 1}, {"a", "2"}).Add({3, 1}, {"b", "3"});
  CHECK(trimmed.object().Trim({.max_length = 1, .min_id = {}}) == 2);
  CHECK(trimmed.Nodes() ==
        Nodes{"1-1 35000000160001010201010181610200010301000100010101040103010101000102010401"
              "000102010001010181620203010601ff"});

  Stream by_id;
  by_id.Add({1, 1}, {"a", "1"}).Add({2, 1}, {"a", "2"}).Add({3, 1}, {"b", "3"});
  CHECK(by_id.object().Delete({3, 1}));
  by_id.Add({4, 1}, {"a", "1"});
  CHECK(by_id.object().Trim({.max_length = std::nullopt, .min_id = {4, 0}}) == 2);
  CHECK(by_id.Nodes() ==
        Nodes{"1-1 3f0000001b0001010301010181610200010301000100010101040103010101000102010401010102"
              "01000101018162020301060102010301000101010401ff"});
}

TEST_CASE("a node ends where Redis ends it") {
  Stream entries(StreamNodeLimit{4096, 3});  // deleted ones count
  entries.Add({1, 1}, {"a", "1"}).Add({2, 1}, {"a", "2"}).Add({3, 1}, {"b", "3"});
  CHECK(entries.object().Delete({2, 1}));
  entries.Add({4, 1}, {"a", "1"});
  CHECK(entries.Nodes() ==
        Nodes{"1-1 35000000160002010101010181610200010201000100010101040103010101000102010401000102"
              "010001010181620203010601ff",
              "4-1 1c0000000a00010100010101816102000102010001000101010401ff"});

  Stream bytes(StreamNodeLimit{40, 100});
  bytes.Add({1, 1}, {"a", "1"}).Add({2, 1}, {"a", "2"}).Add({3, 1}, {"b", "333"}).Add({4, 1}, {"a", "1"});
  CHECK(
      bytes.Nodes() ==
      Nodes{"1-1 260000000f0002010001010181610200010201000100010101040102010101000102010401ff",
            "3-1 2c00000011000201000101018162020001020100010001c14d020401000101010001010181610201010601ff"});
}

TEST_CASE("the master's counts change their width") {
  Stream stream(StreamNodeLimit{4096, 0});
  for (uint64_t i = 0; i < 130; ++i) {
    const std::string value = std::to_string(i);
    stream.Add({i + 1, 1}, {"f", value});
  }
  for (uint64_t i = 0; i < 129; ++i) {
    CHECK(stream.object().Delete({i + 1, 1}));
    stream.object().CheckInvariants();
  }
  const std::string_view packed = stream.object().nodes().First()->packed();
  CHECK(packed.size() == 1323);
  CHECK(Hex(packed.substr(0, 20)) == "2b0500008f020101c08102010181660200010301");

  Stream trimmed(StreamNodeLimit{4096, 0});
  for (uint64_t i = 0; i < 130; ++i) trimmed.Add({i + 1, 1}, {"f", "v"});
  CHECK(trimmed.object().Trim({.max_length = 1, .min_id = {}}) == 129);
  trimmed.object().CheckInvariants();
  CHECK(trimmed.object().first_id() == StreamId{130, 1});
}

TEST_CASE("bytes from outside are looked at before they are a node") {
  const std::string good = Bytes(
      "35000000160001010201010181610200010201000100010101040103010001010102010401"
      "010100010201010181620203010601ff");
  CHECK(StreamNode::Valid({5, 7}, good));
  CHECK_FALSE(StreamNode::Valid({0, 0}, good));  // no entry has this id
  CHECK_FALSE(StreamNode::Valid({5, 7}, {}));
  CHECK_FALSE(StreamNode::Valid({5, 7}, {PackedList::kEmpty, PackedList::kEmptyBytes}));
  // The id wraps, so that the second entry is before the first.
  CHECK_FALSE(StreamNode::Valid({UINT64_MAX, UINT64_MAX}, good));
  for (size_t size = 0; size < good.size(); ++size)
    CHECK_FALSE(StreamNode::Valid({5, 7}, good.substr(0, size)));

  const auto with = [&](size_t at, char byte) {
    std::string changed = good;
    changed[at] = byte;
    return StreamNode::Valid({5, 7}, changed);
  };
  CHECK_FALSE(with(6, 2));   // one live entry more
  CHECK_FALSE(with(8, 1));   // one deleted entry less
  CHECK_FALSE(with(10, 2));  // a field more than there is
  CHECK_FALSE(with(10, 0));  // an entry without fields
  CHECK_FALSE(with(15, 1));  // the 0 behind the master
  CHECK_FALSE(with(17, 3));  // the first is not live
  CHECK_FALSE(with(17, 6));  // no such flag
  CHECK_FALSE(with(25, 5));  // the elements are not so many
  CHECK_FALSE(with(31, 0));  // an id twice
}

TEST_CASE("a stream is put together from nodes") {
  const std::string first =
      Bytes("260000000f0002010001010181610200010201000100010101040102010101000102010401ff");
  const std::string empty = Bytes(
      "35000000160000010301010181610200010301000100010101040103010101000102010401010102010001010181620203010601ff");
  StreamObject stream;
  CHECK_FALSE(stream.AppendNode({1, 1}, first.substr(1)));
  CHECK(stream.AppendNode({1, 1}, first));  // entries 1-1 and 2-1
  CHECK_FALSE(stream.AppendNode({2, 1}, first));
  CHECK(stream.AppendNode({2, 2}, empty));  // Redis can leave a node of deleted entries alone
  CHECK(stream.nodes().count() == 1);
  CHECK(stream.AppendNode({10, 0}, first));
  CHECK(stream.size() == 4);
  CHECK(stream.first_id() == StreamId{1, 1});
  CHECK_FALSE(stream.SetCounters({{10, 0}, {}, 4}));
  CHECK_FALSE(stream.SetCounters({{11, 0}, {}, 3}));
  CHECK(stream.SetCounters({{11, 0}, {}, 4}));
  stream.CheckInvariants();
}

}  // namespace
}  // namespace corral::storage
