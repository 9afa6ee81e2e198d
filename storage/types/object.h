// What the engine asks of every value that has a structure of its own, and the names of all types and
// encodings.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace corral::storage {

inline constexpr int64_t kNoExpiry = -1;  // of a key or of a hash's field; others are Unix ms

// The last Unix ms at which a field may expire that comes from outside: Redis's form of times ends there.
inline constexpr int64_t kLatestFieldExpiryMs = (int64_t{1} << 48) - 1;

// A field is there during the millisecond at which it expires, and gone after it, as a key is.
constexpr bool IsOverdue(int64_t expire_at_ms, int64_t now_ms) {
  return expire_at_ms != kNoExpiry && expire_at_ms < now_ms;
}

// Redis's numbers: DEBUG DIGEST takes them in.
enum class ValueType : uint8_t { kString = 0, kList = 1, kSet = 2, kZset = 3, kHash = 4, kStream = 6 };

enum class Encoding : uint8_t {
  kInt,
  kEmbstr,
  kRaw,
  kListpack,
  kListpackEx,
  kIntset,
  kQuicklist,
  kHashtable,
  kSkiplist,
  kStream
};

std::string_view NameOf(ValueType type);     // as TYPE says it
std::string_view NameOf(Encoding encoding);  // as OBJECT ENCODING says it

// Takes a value element by element: what writes it to a file or a digest. `parts` live until the call
// returns.
//   list { element }   set { member }   zset { member, score as a reply has it }   stream: one entry
//   hash { field, value }, or { field, value, expiry in Unix ms }
class ValueSink {
 public:
  virtual ~ValueSink() = default;
  virtual void Element(std::span<const std::string_view> parts) = 0;
};

// A value outside its record, which owns it by pointer. Guarded by the lock of the key's shard; once taken
// out of the record it is its holder's alone and may be destroyed on any thread.
class Object {
 public:
  Object() = default;
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;
  virtual ~Object() = default;

  virtual ValueType type() const = 0;  // never kString
  virtual Encoding encoding() const = 0;
  virtual size_t size() const = 0;  // elements
  // False: there is nothing left that a key could be kept for, so whoever took the last element erases it.
  virtual bool keeps_key() const { return size() != 0; }
  // All that the allocator holds for it, the object itself included; a sum that the object keeps, not a walk.
  virtual size_t allocated_bytes() const = 0;
  // About the number of allocations that destroying it gives back.
  virtual size_t effort_to_free() const = 0;
  // The first Unix ms at which a part of it ends by itself, which a hash's field does; kNoExpiry: none does.
  // O(1).
  virtual int64_t next_deadline_ms() const { return kNoExpiry; }
  virtual std::unique_ptr<Object> Clone() const = 0;
  virtual void Save(ValueSink& sink) const = 0;  // every element, in the value's order
};

}  // namespace corral::storage
