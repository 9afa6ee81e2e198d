// The record: one allocation that holds a key, its value and its expiry.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

#include "storage/base/number.h"
#include "storage/base/shared_bytes.h"
#include "storage/deadlines.h"
#include "storage/types/packed_object.h"
#include "storage/types/value.h"

namespace corral::storage {

inline constexpr int64_t kAlwaysFresh = -1;

// How long a value lives, how long it counts as fresh, and what it cost to make. Times are Unix ms.
struct Lifetime {
  // Implicit: most values only expire.
  Lifetime(int64_t expire_at = kNoExpiry) : expire_at_ms(expire_at) {}

  int64_t expire_at_ms;
  int64_t fresh_until_ms = kAlwaysFresh;  // from then on stale: served, and to be refreshed
  uint32_t cost_us = 0;                   // from a lease's grant to its fill; 0: not known

  bool expires() const { return expire_at_ms != kNoExpiry; }
  bool refreshed() const { return fresh_until_ms != kAlwaysFresh || cost_us != 0; }
};

// From this size on a value lives in a SharedBytes of its own: RENAME and MOVE carry a pointer, replies send
// it without a copy, and it can be freed on another thread.
inline constexpr size_t kLargeValue = 16 * 1024;
// Up to this size SET's strings are reported as embstr.
inline constexpr size_t kMaxEmbstr = 44;

// What a value held outside of its record, for whoever frees it.
struct Remains {
  SharedBytes large;
  std::unique_ptr<Object> object;

  explicit operator bool() const { return static_cast<bool>(large) || object != nullptr; }
};

// A view of the bytes of a record; never constructed, only pointed at. Valid until its key changes or its
// table inserts or erases; owned by the shard's lock.
//
//   | flags 1 | key length 1 or 8 | payload length 1 or 2 | [refresh 10] | [expiry 8] | key | payload |
//
//   flags    7 wide payload length | 6 wide key length | 5 has a refresh | 4 has an expiry | 3..0 kind
//   refresh  fresh-until 6 (all ones: always fresh) | cost 4
//   payload  kText, kRaw: the bytes; kInteger: two's complement in 1, 2, 4 or 8; kLarge: a SharedBytes;
//            kObject, kPackedObject: the address of an Object, which the record owns; kPacked and on: the
//            bytes
//
// The allocation always has the size class of the record's length, so that the length tells the room there is
// to grow and the allocator need not be asked. 16 + 32 bytes take 51, or 59 with an expiry: both in the class
// of 64.
class Record {
 public:
  std::string_view key() const { return {bytes() + key_offset(), key_size()}; }
  ValueType type() const {
    if (is_string()) [[likely]]
      return ValueType::kString;
    return value().type();
  }
  bool is_string() const { return kind() <= Kind::kLarge; }
  Encoding encoding() const;
  int64_t expire_at_ms() const {  // Unix time; kNoExpiry without one
    if (!expires()) return kNoExpiry;
    uint64_t ms = 0;
    std::memcpy(&ms, bytes() + key_offset() - kExpiryBytes, kExpiryBytes);
    return static_cast<int64_t>(ms);
  }
  int64_t fresh_until_ms() const;  // Unix time; kAlwaysFresh without one
  uint32_t cost_us() const;        // 0: not known
  Lifetime lifetime() const;
  Deadlines deadlines() const {
    return {expire_at_ms(), is_string() ? kNoExpiry : value().next_deadline_ms()};
  }
  ValueView value() const;  // requires !is_string()
  // The next five are for strings alone.
  size_t string_size() const;  // length of the text, for integers too
  // The text; integers are printed into `scratch`, so the view lives as long as both.
  std::string_view String(IntegerText& scratch) const {
    if (kind() <= Kind::kRaw) [[likely]]
      return payload();
    return StringElsewhere(scratch);
  }
  int64_t integer() const;  // requires encoding() == kInt
  // A handle on the buffer of a large string (kLargeValue bytes and more live outside the record), else
  // empty.
  SharedBytes Large() const;
  size_t allocated_bytes() const;  // what the allocator holds for this key: the record and what it points to

  Record() = delete;
  Record(const Record&) = delete;

  // ---- For the engine, which owns records by raw pointer. ----

  // From kPacked on: packed bytes in the forms of PackedForm.
  enum class Kind : uint8_t { kText, kRaw, kInteger, kLarge, kObject, kPackedObject, kPacked };

  // What is to be stored: a view of bytes that stay the caller's (text, or a packed value), an integer, or a
  // large buffer or an object that changes hands.
  class Value {
   public:
    // As SET stores it: canonical integers as such if `try_integer`; `raw` is what APPEND and SETRANGE leave.
    static Value Of(std::string_view text, bool try_integer, bool raw);
    static Value Of(SharedBytes text, bool try_integer, bool raw);
    static Value Of(std::unique_ptr<Object> object);
    static Value Of(PackedForm form, std::string_view bytes);
    // As `source` has it; a large buffer is shared, an object cloned.
    static Value Of(const Record& source);
    // The value of `source` itself: a large buffer or an object is taken out of it, and only Destroy may
    // follow.
    static Value TakenFrom(Record* source);

    size_t bytes() const;  // of what is stored, roughly what it will take

   private:
    friend class Record;
    void SetInteger(int64_t value);
    std::string_view payload() const;
    bool has_pointer() const { return HasPointer(kind_); }
    void* ReleasePointer();  // requires has_pointer()

    Kind kind_ = Kind::kText;
    uint8_t integer_size_ = 0;
    char integer_[8] = {};
    std::string_view text_;
    SharedBytes large_;
    std::unique_ptr<Object> object_;
  };

  // Throws std::bad_alloc, like every allocation here; the process does not survive that.
  static Record* Create(std::string_view key, Value value, const Lifetime& lifetime);
  // Stores another value and lifetime, in place when the size class stays. The value may be a view into this
  // record. What the old value held outside of the record goes to *old. Returns the record, which
  // may have moved.
  static Record* Assign(Record* record, Value value, const Lifetime& lifetime, Remains* old);
  static Record* SetLifetime(Record* record, const Lifetime& lifetime);
  static Record* SetExpiry(Record* record, int64_t expire_at_ms);
  // Makes the text `size` bytes long, new bytes zero, as Kind::kRaw or kLarge.
  static Record* Resize(Record* record, size_t size);
  char* text_data();  // of a record that Resize returned
  // A packed value of `size` bytes, which the caller writes.
  static Record* CreatePacked(std::string_view key, PackedForm form, size_t size);
  // Whether a packed value of `size` bytes takes no other allocation than this record.
  bool HasRoomFor(size_t size) const;
  // Makes a packed value `size` bytes long, below kLargeValue; the bytes that both sizes have are kept.
  static Record* ResizePacked(Record* record, size_t size);
  char* packed_data() { return payload_data(); }
  // Null unless the value is an object.
  Object* object() const;
  // The same where it is packed bytes.
  PackedObject* packed_object() const;
  // Takes out what the value holds outside of the record; only Destroy may follow.
  Remains TakeRemains();
  static void Destroy(Record* record);

  bool has_remains() const { return HasPointer(kind()); }
  bool expires() const { return (flags() & kHasExpiry) != 0; }
  size_t size() const { return key_offset() + key_size() + payload_size(); }
  void CheckInvariants() const;  // aborts with a message

 private:
  static constexpr uint8_t kKindMask = 0x0f;
  static constexpr uint8_t kHasExpiry = 0x10;
  static constexpr uint8_t kHasRefresh = 0x20;
  static constexpr uint8_t kWideKey = 0x40;
  static constexpr uint8_t kWidePayload = 0x80;
  static constexpr size_t kExpiryBytes = 8, kFreshBytes = 6, kCostBytes = 4;
  static constexpr int64_t kLastFreshMs = (int64_t{1} << 48) - 2;

  struct Shape;

  const char* bytes() const { return reinterpret_cast<const char*>(this); }
  char* bytes() { return reinterpret_cast<char*>(this); }
  uint8_t flags() const { return static_cast<uint8_t>(*bytes()); }
  Kind kind() const { return static_cast<Kind>(flags() & kKindMask); }
  static constexpr bool HasPointer(Kind kind) { return kind >= Kind::kLarge && kind < Kind::kPacked; }
  static constexpr Kind KindOf(PackedForm form) {
    return static_cast<Kind>(static_cast<unsigned>(Kind::kPacked) + static_cast<unsigned>(form));
  }
  PackedForm form() const {
    return static_cast<PackedForm>(static_cast<unsigned>(kind()) - static_cast<unsigned>(Kind::kPacked));
  }
  size_t key_size() const {
    if (!(flags() & kWideKey)) [[likely]]
      return static_cast<uint8_t>(bytes()[1]);
    uint64_t size;
    std::memcpy(&size, bytes() + 1, sizeof size);
    return size;
  }
  static constexpr size_t KeyOffset(uint8_t flags) {
    return 3u + (flags & kWideKey ? 7u : 0u) + (flags & kWidePayload ? 1u : 0u) +
           (flags & kHasExpiry ? kExpiryBytes : 0u) + (flags & kHasRefresh ? kFreshBytes + kCostBytes : 0u);
  }
  size_t key_offset() const { return KeyOffset(flags()); }
  size_t payload_size() const {
    const char* at = bytes() + (flags() & kWideKey ? 9 : 2);
    if (!(flags() & kWidePayload)) return static_cast<uint8_t>(*at);
    uint16_t size;
    std::memcpy(&size, at, sizeof size);
    return size;
  }
  std::string_view payload() const { return {bytes() + key_offset() + key_size(), payload_size()}; }
  char* payload_data() { return bytes() + key_offset() + key_size(); }
  const char* refresh_bytes() const {
    return bytes() + key_offset() - (expires() ? kExpiryBytes : 0u) - kFreshBytes - kCostBytes;
  }
  SharedBytes ReleaseLarge();
  bool PayloadFits() const;
  void* pointer() const;
  std::string_view StringElsewhere(IntegerText& scratch) const;
  void WriteHeader(const Shape& shape, const Lifetime& lifetime);
  static Record* AllocateRecord(size_t size);
  static void FreeRecord(Record* record, size_t size);
};

}  // namespace corral::storage
