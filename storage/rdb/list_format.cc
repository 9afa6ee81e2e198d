#include "storage/rdb/list_format.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "storage/rdb/old_packed.h"
#include "storage/rdb/packed_bytes.h"
#include "storage/types/list_object.h"

namespace corral::storage::rdb {
namespace {

void WriteNode(Writer& out, NodeContainer container, std::string_view bytes) {
  out.Length(static_cast<uint64_t>(container));
  out.String(bytes);
}

// Packed lists are taken over as nodes where they are such as this list's own, else element by element.
bool AppendPacked(ListObject& list, std::string_view bytes, const ListNodeLimit& limit) {
  if (!PackedList::Valid(bytes)) return false;
  const PackedList packed(bytes);
  if (packed.empty()) return true;  // Redis passes over them
  if (limit.Admits(bytes.size(), packed.count()) && IsCanonical(packed)) {
    list.AppendPacked(bytes);
    return true;
  }
  for (auto at = packed.begin(); at != packed.end(); at = packed.Next(at)) {
    IntegerText scratch;
    list.Insert(list.size(), packed[at].Text(scratch));
  }
  return true;
}

bool AppendZiplist(ListObject& list, std::string_view bytes, const ListNodeLimit& limit) {
  const std::optional<std::string> packed = PackedOfZiplist(bytes);
  return packed && AppendPacked(list, *packed, limit);
}

// One element, or a node of them.
bool ReadPart(Reader& in, ValueType type, const ListNodeLimit& limit, ListObject& list) {
  uint64_t container = static_cast<uint64_t>(NodeContainer::kPlain);
  if (type == ValueType::kQuicklist) container = in.Length();
  const std::string_view bytes = in.String();
  if (!in.ok()) return false;
  if (type == ValueType::kQuicklistZiplist || type == ValueType::kListZiplist) {
    return AppendZiplist(list, bytes, limit);
  }
  if (container == static_cast<uint64_t>(NodeContainer::kPacked)) return AppendPacked(list, bytes, limit);
  if (container != static_cast<uint64_t>(NodeContainer::kPlain)) return false;
  list.Insert(list.size(), bytes);
  return true;
}

}  // namespace

ValueType TypeOfList(const ValueView&) { return ValueType::kQuicklist; }

void WriteList(Writer& out, const ValueView& value) {
  if (value.packed()) {
    out.Length(1);
    return WriteNode(out, NodeContainer::kPacked, value.bytes());
  }
  const auto& list = value.as<ListObject>();
  out.Length(list.node_count());
  for (auto at = list.nodes().begin(); at != list.nodes().end(); ++at) {
    const ListNode& node = **at;
    if (node.is_large()) {
      WriteNode(out, NodeContainer::kPlain, node.large().view());
    } else {
      WriteNode(out, NodeContainer::kPacked, node.packed());
    }
  }
}

bool ReadList(Reader& in, ValueType type, const ListNodeLimit& limit, DetachedValue* out) {
  auto list = std::make_unique<ListObject>(limit);
  const uint64_t parts = type == ValueType::kListZiplist ? 1 : in.Count();
  for (uint64_t i = 0; i < parts; ++i) {
    if (!ReadPart(in, type, limit, *list)) return false;
  }
  if (!in.ok() || list->size() == 0) return false;
  const ListNode& first = **list->nodes().begin();
  if (list->node_count() == 1 && !first.is_large() && limit.Admits(first.packed().size(), first.count())) {
    out->Become(PackedForm::kList, first.packed());
  } else {
    out->Become(std::move(list));
  }
  return true;
}

}  // namespace corral::storage::rdb
