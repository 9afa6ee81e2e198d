// Any bytes as a node of a stream: what passes for one can be read both ways, changed in every way, and stays
// one.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "storage/types/stream/stream_object.h"
#include "storage/types/stream/stream_range.h"

namespace {

using corral::storage::IntegerText;
using corral::storage::kMaxStreamId;
using corral::storage::PackedList;
using corral::storage::StreamDirection;
using corral::storage::StreamId;
using corral::storage::StreamObject;
using corral::storage::StreamRange;

size_t Read(const StreamObject& stream, StreamDirection direction) {
  size_t entries = 0;
  for (StreamRange range(stream, {}, kMaxStreamId, direction); range.Next(); ++entries) {
    size_t fields = 0;
    range.ForEachField([&](PackedList::Element field, PackedList::Element value) {
      IntegerText scratch;
      if (field.Text(scratch).data() == nullptr || value.Text(scratch).data() == nullptr) abort();
      ++fields;
    });
    if (fields != range.entry().fields || !stream.Contains(range.id())) abort();
  }
  return entries;
}

}  // namespace

// Input: a byte that says what is done, the node's id, its packed list.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  StreamId id;
  if (size < 1 + sizeof id) return 0;
  std::memcpy(&id, data + 1, sizeof id);
  const std::string_view packed(reinterpret_cast<const char*>(data) + 1 + sizeof id, size - 1 - sizeof id);

  StreamObject stream;
  if (!stream.AppendNode(id, packed)) return 0;
  if (!stream.SetCounters({stream.last_entry_id(), {}, stream.size()})) abort();
  stream.CheckInvariants();
  if (Read(stream, StreamDirection::kForwards) != stream.size()) abort();
  if (Read(stream, StreamDirection::kBackwards) != stream.size()) abort();

  const std::string_view entry[] = {"f", "v"};
  if (const auto next = stream.NextId(0)) {
    if (stream.Append(*next, entry, {}) != StreamObject::AppendResult::kAppended) abort();
    stream.CheckInvariants();
  }
  const size_t had = stream.size();
  if ((data[0] & 1) != 0) {
    if (stream.Trim({.max_length = had / 2, .min_id = {}}) != had - had / 2) abort();
  } else {
    while (stream.size() > had / 2) {
      if (!stream.Delete((data[0] & 2) != 0 ? stream.first_id() : stream.last_entry_id())) abort();
    }
  }
  stream.CheckInvariants();
  return 0;
}
