#include "storage/types/stream/stream_node.h"

#include <cstring>
#include <memory_resource>
#include <vector>

#include "storage/base/allocation.h"

namespace corral::storage {
namespace {

using Position = PackedList::Position;

// Room on the stack for the elements of an entry of about twenty fields.
constexpr size_t kElementRoom = 2048;

int64_t Difference(uint64_t value, uint64_t from) { return static_cast<int64_t>(value - from); }

// Returns by how many bytes what lies behind has moved.
int ReplaceInteger(PackedBuffer& buffer, Position at, int64_t integer) {
  const PackedElement element(integer);
  const size_t had = PackedList(buffer.view()).ElementBytes(at);
  if (element.size() == had) {
    element.Write(buffer.data() + at);
  } else {
    PackedList::Replace(buffer, at, element);
  }
  return static_cast<int>(element.size()) - static_cast<int>(had);
}

bool HasMasterFields(PackedList list, StreamFields entry) {
  Position at = list.Next(list.Next(list.begin()));
  if (static_cast<size_t>(list[at].integer) != entry.size() / 2) return false;
  for (size_t i = 0; i < entry.size(); i += 2) {
    at = list.Next(at);
    if (!(list[at] == entry[i])) return false;
  }
  return true;
}

// Reads the elements of a node that may be none. After a failure it stays at the end.
class NodeChecker {
 public:
  NodeChecker(StreamId id, std::string_view packed) : list_(packed), at_(list_.begin()), id_(id) {}

  bool Check() {
    int64_t live = 0, deleted = 0;
    if (!Integer(&live) || !Integer(&deleted) || live < 0 || deleted < 0) return false;
    int64_t terminator = 0;
    if (!Integer(&master_fields_) || master_fields_ < 1 || !Skip(master_fields_)) return false;
    if (!Integer(&terminator) || terminator != 0) return false;
    while (at_ != list_.end()) {
      if (!Entry()) return false;
    }
    return live == live_ && deleted == deleted_;
  }

 private:
  bool Entry() {
    int64_t flags = 0, ms = 0, seq = 0, fields = master_fields_, elements = 3, counted = 0;
    if (!Integer(&flags) || !Integer(&ms) || !Integer(&seq)) return false;
    if ((flags & ~(StreamNode::kDeleted | StreamNode::kSameFields)) != 0) return false;
    const StreamId id{id_.ms + static_cast<uint64_t>(ms), id_.seq + static_cast<uint64_t>(seq)};
    if (id < id_ || (live_ > 0 && id <= last_live_)) return false;
    const bool deleted = (flags & StreamNode::kDeleted) != 0;
    if (!deleted) last_live_ = id;
    if ((flags & StreamNode::kSameFields) != 0) {
      elements += fields;
    } else {
      // The bound keeps the sum below from overflowing; no list has so many elements.
      if (!Integer(&fields) || fields < 1 || fields > int64_t{PackedList::kMaxBytes}) return false;
      elements += 1 + 2 * fields;
    }
    if (!Skip((flags & StreamNode::kSameFields) != 0 ? fields : 2 * fields)) return false;
    if (!Integer(&counted) || counted != elements) return false;
    ++(deleted ? deleted_ : live_);
    return true;
  }

  bool Integer(int64_t* integer) {
    if (at_ == list_.end()) return false;
    const PackedList::Element element = list_[at_];
    at_ = list_.Next(at_);
    *integer = element.integer;
    return element.is_integer;
  }
  bool Skip(int64_t elements) {
    for (; elements > 0 && at_ != list_.end(); --elements) at_ = list_.Next(at_);
    return elements == 0;
  }

  PackedList list_;
  Position at_;
  const StreamId id_;
  StreamId last_live_;
  int64_t master_fields_ = 0;
  int64_t live_ = 0;
  int64_t deleted_ = 0;
};

}  // namespace

size_t StreamNode::live() const { return static_cast<size_t>(list()[list().begin()].integer); }

size_t StreamNode::deleted() const {
  return static_cast<size_t>(list()[list().Next(list().begin())].integer);
}

size_t StreamNode::allocated_bytes() const { return SizeClass(kHeaderBytes + packed().size()); }

bool StreamNode::Valid(StreamId id, std::string_view packed) {
  return !id.is_zero() && PackedList::Valid(packed) && NodeChecker(id, packed).Check();
}

StreamNode* StreamNode::Create(StreamId id, std::string_view packed) {
  char* memory = static_cast<char*>(::operator new(SizeClass(kHeaderBytes + packed.size())));
  std::memcpy(memory, &id, sizeof id);
  std::memcpy(memory + kHeaderBytes, packed.data(), packed.size());
  return reinterpret_cast<StreamNode*>(memory);
}

void StreamNode::Destroy(StreamNode* node) { FreeSized(node, node->allocated_bytes()); }

void WriteStreamMaster(PackedBuffer& buffer, StreamFields entry) {
  char room[kElementRoom];
  std::pmr::monotonic_buffer_resource arena(room, sizeof room);
  std::pmr::vector<PackedElement> elements(&arena);
  elements.reserve(entry.size() / 2 + 4);
  elements.emplace_back(int64_t{0});
  elements.emplace_back(int64_t{0});
  elements.emplace_back(static_cast<int64_t>(entry.size() / 2));
  for (size_t i = 0; i < entry.size(); i += 2) elements.emplace_back(entry[i]);
  elements.emplace_back(int64_t{0});
  const Position end = PackedList(buffer.view()).end();
  PackedList::Splice(buffer, end, end, 0, elements.data(), elements.size());
}

void AppendStreamEntry(PackedBuffer& buffer, StreamId node_id, StreamId id, StreamFields entry) {
  const PackedList list(buffer.view());
  const bool same_fields = HasMasterFields(list, entry);
  const int64_t live = list[list.begin()].integer;

  char room[kElementRoom];
  std::pmr::monotonic_buffer_resource arena(room, sizeof room);
  std::pmr::vector<PackedElement> elements(&arena);
  elements.reserve(entry.size() + 5);
  elements.emplace_back(same_fields ? StreamNode::kSameFields : int64_t{0});
  elements.emplace_back(Difference(id.ms, node_id.ms));
  elements.emplace_back(Difference(id.seq, node_id.seq));
  if (!same_fields) elements.emplace_back(static_cast<int64_t>(entry.size() / 2));
  for (size_t i = 0; i < entry.size(); ++i) {
    if (!same_fields || i % 2 == 1) elements.emplace_back(entry[i]);
  }
  elements.emplace_back(static_cast<int64_t>(elements.size()));

  ReplaceInteger(buffer, PackedList::kHeaderBytes, live + 1);
  const Position end = PackedList(buffer.view()).end();
  PackedList::Splice(buffer, end, end, 0, elements.data(), elements.size());
}

int MarkStreamEntryDeleted(PackedBuffer& buffer, Position at) {
  const int64_t flags = PackedList(buffer.view())[at].integer;
  int shift = ReplaceInteger(buffer, at, flags | StreamNode::kDeleted);
  const Position live_at = PackedList::kHeaderBytes;
  shift += ReplaceInteger(buffer, live_at, PackedList(buffer.view())[live_at].integer - 1);
  const Position deleted_at = PackedList(buffer.view()).Next(live_at);
  return shift + ReplaceInteger(buffer, deleted_at, PackedList(buffer.view())[deleted_at].integer + 1);
}

}  // namespace corral::storage
