// A hash in whatever form it lies: a packed list of fields and values, or a large hash.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "storage/base/random.h"
#include "storage/types/hash_object.h"
#include "storage/types/packed_list.h"
#include "storage/types/value.h"

namespace corral::storage {

// Until when a hash stays packed: the directives hash-max-listpack-entries and -value.
struct HashLimits {
  size_t packed_fields;
  size_t packed_bytes;  // of a field or a value
};

// To be read, under the lock of the key's shard; valid until the value changes, as is what it returns.
class Hash {
 public:
  using Text = PackedList::Element;  // a field or a value: an integer where it lies as one
  struct Field {
    Text name, value;
  };

  explicit Hash(const ValueView& value) : value_(value) {}

  size_t size() const { return value_.size(); }
  std::optional<Text> Find(std::string_view name) const;  // its value
  // Calls visit(const Field&) for each, in the hash's order.
  template <class Visit>
  void ForEach(Visit&& visit) const;
  // Each field is equally likely; requires size() > 0. O(n) in a packed hash.
  Field RandomField(Random& random) const;
  // `count` fields of size() or fewer, none twice, each choice equally likely; in the hash's order if the
  // hash is packed. Touches O(count) fields, or all when count is a third of them.
  std::vector<Field> Sample(size_t count, Random& random) const;
  // A call of HSCAN, see HashObject::Scan: visits about `count` fields, a packed hash whole.
  template <class Visit>
  uint64_t Scan(uint64_t cursor, uint64_t count, Visit&& visit) const;

 private:
  static Field FieldOf(const HashField& field) {
    return {.name = {.text = field.name()}, .value = {.text = field.value()}};
  }

  ValueView value_;
};

// Whether the field is new. Neither text may lie in the hash.
bool SetField(ValueSlot& slot, std::string_view name, std::string_view value, const HashLimits& limits);
// Whether it was there.
bool RemoveField(ValueSlot& slot, std::string_view name);

template <class Visit>
void Hash::ForEach(Visit&& visit) const {
  if (!value_.packed()) {
    return value_.as<HashObject>().ForEach([&](const HashField& field) { visit(FieldOf(field)); });
  }
  const PackedList list(value_.bytes());
  for (auto at = list.begin(); at != list.end();) {
    const PackedList::Position value = list.Next(at);
    visit(Field{.name = list[at], .value = list[value]});
    at = list.Next(value);
  }
}

template <class Visit>
uint64_t Hash::Scan(uint64_t cursor, uint64_t count, Visit&& visit) const {
  if (value_.packed()) {
    ForEach(visit);
    return 0;
  }
  return ScanSome(cursor, count, [&](uint64_t from, uint64_t* met) {
    return value_.as<HashObject>().Scan(from, [&](const HashField& field) {
      ++*met;
      visit(FieldOf(field));
    });
  });
}

}  // namespace corral::storage
