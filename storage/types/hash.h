// A hash in whatever form it lies: a packed list of fields and values, with or without expiries, or a large
// hash.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/random.h"
#include "storage/types/hash_object.h"
#include "storage/types/packed_hash_ex.h"
#include "storage/types/packed_list.h"
#include "storage/types/value.h"

namespace corral::storage {

// Until when a hash stays packed: the directives hash-max-listpack-entries and -value.
struct HashLimits {
  size_t packed_fields;
  size_t packed_bytes;  // of a field or a value
};

// To be read as it is at `now_ms`, whatever has been removed: fields that ended before are not there. Under
// the lock of the key's shard; valid until the value changes, as is what it returns.
class Hash {
 public:
  using Text = PackedList::Element;  // a field or a value: an integer where it lies as one
  struct Field {
    Text name, value;
  };

  Hash(const ValueView& value, int64_t now_ms)
      : value_(value), now_ms_(now_ms), overdue_(IsOverdue(NextDeadlineOf(value), now_ms)) {
    if (!overdue_ || !value.packed()) [[likely]]
      return;
    size_t hidden;
    first_ = PackedHashEx(value.bytes()).FirstLive(now_ms, &hidden);
    hidden_ = hidden;
  }

  // O(1); the first call counts the fields that have ended and are not removed yet.
  size_t size() const {
    if (!overdue_) [[likely]]
      return value_.size();
    if (!hidden_) hidden_ = value_.as<HashObject>().OverdueSize(now_ms_);
    return value_.size() - *hidden_;
  }
  std::optional<Text> Find(std::string_view name) const;  // its value
  // When it ends, in Unix ms, or kNoExpiry; nothing: no such field.
  std::optional<int64_t> ExpiryOf(std::string_view name) const;
  // Calls visit(const Field&) for each, in the hash's order.
  template <class Visit>
  void ForEach(Visit&& visit) const;
  // Each field is equally likely; requires size() > 0. O(n) in a packed hash, and in one most of whose fields
  // have ended.
  Field RandomField(Random& random) const;
  // `count` fields of size() or fewer, none twice, each choice equally likely; in the hash's order if the
  // hash is packed. Touches O(count) fields, or all when count is a third of them.
  std::vector<Field> Sample(size_t count, Random& random) const;
  // A call of HSCAN, see HashObject::Scan: visits about `count` fields, a packed hash whole.
  template <class Visit>
  uint64_t Scan(uint64_t cursor, uint64_t count, Visit&& visit) const;

 private:
  // As the value says it, without a call: a look at the form is all that most packed hashes pay.
  static int64_t NextDeadlineOf(const ValueView& value) {
    if (!value.packed()) return value.as<HashObject>().next_deadline_ms();
    return value.form() == PackedForm::kHashEx ? PackedHashEx(value.bytes()).next_deadline_ms() : kNoExpiry;
  }
  static Field FieldOf(const HashField& field) {
    return {.name = {.text = field.name()}, .value = {.text = field.value()}};
  }
  // Elements of the packed list for each field.
  size_t stride() const { return value_.form() == PackedForm::kHashEx ? PackedHashEx::kStride : 2; }
  PackedList::Position FindPacked(std::string_view name) const {
    return PackedList(value_.bytes()).FindName(name, stride(), first_);
  }
  const HashField* FindLarge(std::string_view name) const {  // null: not there
    const HashField* field = value_.as<HashObject>().Find(name);
    return field != nullptr && Hides(*field) ? nullptr : field;
  }
  bool Hides(const HashField& field) const { return overdue_ && IsOverdue(field.expire_at_ms(), now_ms_); }
  const HashField& RandomLarge(size_t live, Random& random) const;

  ValueView value_;
  int64_t now_ms_;
  bool overdue_;                          // some of its fields
  mutable std::optional<size_t> hidden_;  // how many, once that was asked
  // Of a packed hash: where its fields begin that are there; those that have ended lie before them.
  PackedList::Position first_ = PackedList::kHeaderBytes;
};

// Calls visit(const Hash::Field&, int64_t expire_at_ms) for every field, in the hash's order; those that have
// ended are among them.
template <class Visit>
void ForEachWithExpiry(const ValueView& value, Visit&& visit);

// What becomes of a field's expiry when it gets another value.
enum class FieldExpiry : uint8_t { kTakenAway, kKept };

// ---- Changes. They take fields that have ended for fields: DropDueFields, or DropIfDue, goes before them.
// ----

// Whether the field is new. Neither text may lie in the hash.
bool SetField(ValueSlot& slot, std::string_view name, std::string_view value, const HashLimits& limits,
              FieldExpiry expiry = FieldExpiry::kTakenAway);
// Behind all others a field that is absent, to a hash without expiries that will not have more of them than
// the limits allow to be packed. O(1), looking for nothing: a field that was there after all lies in a packed
// hash twice.
void AppendField(ValueSlot& slot, std::string_view name, std::string_view value, const HashLimits& limits);
// Lets the field end at that Unix ms (above 0; kNoExpiry: never). False: no such field. The name must not lie
// in the hash.
bool SetFieldExpiry(ValueSlot& slot, std::string_view name, int64_t expire_at_ms);
// Whether it was there.
bool RemoveField(ValueSlot& slot, std::string_view name);
// Removes at most `limit` of the fields that ended before `now_ms`, those that ended first, and returns how
// many. Calls visit(std::string_view name) for each while it is still there. An empty hash may remain.
template <class Visit>
size_t DropDueFields(ValueSlot& slot, int64_t now_ms, size_t limit, Visit&& visit);
// Removes the field if it ended before `now_ms`; whether it did.
bool DropIfDue(ValueSlot& slot, std::string_view name, int64_t now_ms);

template <class Visit>
void Hash::ForEach(Visit&& visit) const {
  if (!value_.packed()) {
    return value_.as<HashObject>().ForEach([&](const HashField& field) {
      if (!Hides(field)) visit(FieldOf(field));
    });
  }
  const PackedList list(value_.bytes());
  const bool expiries = stride() == PackedHashEx::kStride;
  for (auto at = first_; at != list.end();) {
    const PackedList::Position value = list.Next(at);
    visit(Field{.name = list[at], .value = list[value]});
    at = list.Next(value);
    if (expiries) at = list.Next(at);
  }
}

template <class Visit>
void ForEachWithExpiry(const ValueView& value, Visit&& visit) {
  if (!value.packed()) {
    return value.as<HashObject>().ForEach([&](const HashField& field) {
      visit(Hash::Field{.name = {.text = field.name()}, .value = {.text = field.value()}},
            field.expire_at_ms());
    });
  }
  const PackedList list(value.bytes());
  const bool expiries = value.form() == PackedForm::kHashEx;
  for (auto at = list.begin(); at != list.end();) {
    const int64_t expire_at_ms = expiries ? PackedHashEx(value.bytes()).ExpiryAt(at) : kNoExpiry;
    const PackedList::Position text = list.Next(at);
    visit(Hash::Field{.name = list[at], .value = list[text]}, expire_at_ms);
    at = list.Next(text);
    if (expiries) at = list.Next(at);
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
      if (!Hides(field)) visit(FieldOf(field));
    });
  });
}

template <class Visit>
size_t DropDueFields(ValueSlot& slot, int64_t now_ms, size_t limit, Visit&& visit) {
  size_t dropped = 0;
  if (!slot.packed()) {
    auto& large = slot.as<HashObject>();
    for (; dropped < limit && IsOverdue(large.next_deadline_ms(), now_ms); ++dropped) {
      const std::string name(large.NextToEnd().name());
      visit(std::string_view(name));
      large.Erase(name);
    }
    return dropped;
  }
  if (slot.form() != PackedForm::kHashEx) return 0;
  const PackedHashEx hash(slot.view());
  const PackedList list(slot.view());
  auto at = list.begin();
  for (; dropped < limit && at != list.end() && IsOverdue(hash.ExpiryAt(at), now_ms); ++dropped) {
    IntegerText scratch;
    visit(list[at].Text(scratch));
    at = list.Next(list.Next(list.Next(at)));
  }
  if (dropped != 0) PackedList::Erase(slot, list.begin(), dropped * PackedHashEx::kStride);
  return dropped;
}

}  // namespace corral::storage
