// A member of a large sorted set with its score.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <string_view>

#include "storage/base/allocation.h"
#include "storage/base/bucket.h"
#include "storage/base/hash.h"

namespace corral::storage {

// One allocation that the index owns and the tree points to. Never constructed, only pointed at.
//
//   | score 8 | length 1 (255: 8 more follow) | member |
//
// A member of up to 23 bytes takes the allocator's class of 32.
class ZsetEntry {
 public:
  ZsetEntry() = delete;
  ZsetEntry(const ZsetEntry&) = delete;

  static ZsetEntry* Create(std::string_view member, double score) {
    const size_t head = member.size() < kLong ? kShortHead : kLongHead;
    auto* bytes = static_cast<char*>(::operator new(SizeClass(head + member.size())));
    auto* entry = reinterpret_cast<ZsetEntry*>(bytes);
    entry->set_score(score);
    bytes[kScore] = static_cast<char>(head == kShortHead ? member.size() : kLong);
    if (head == kLongHead) {
      const uint64_t size = member.size();
      std::memcpy(bytes + kShortHead, &size, sizeof size);
    }
    std::memcpy(bytes + head, member.data(), member.size());
    return entry;
  }
  static void Destroy(ZsetEntry* entry) { FreeSized(entry, entry->allocated_bytes()); }

  double score() const {
    double score;
    std::memcpy(&score, bytes(), sizeof score);
    return score;
  }
  void set_score(double score) { std::memcpy(reinterpret_cast<char*>(this), &score, sizeof score); }
  std::string_view member() const {
    const size_t size = static_cast<uint8_t>(bytes()[kScore]);
    if (size < kLong) [[likely]]
      return {bytes() + kShortHead, size};
    uint64_t long_size;
    std::memcpy(&long_size, bytes() + kShortHead, sizeof long_size);
    return {bytes() + kLongHead, long_size};
  }
  size_t allocated_bytes() const {
    const size_t size = member().size();
    return SizeClass((size < kLong ? kShortHead : kLongHead) + size);
  }

 private:
  static constexpr size_t kScore = sizeof(double);
  static constexpr size_t kLong = 255;
  static constexpr size_t kShortHead = kScore + 1;
  static constexpr size_t kLongHead = kShortHead + sizeof(uint64_t);

  const char* bytes() const { return reinterpret_cast<const char*>(this); }
};

// Entries of an ElementIndex.
class ZsetEntries {
 public:
  class Slot : public TaggedSlot {
   public:
    Slot() = default;
    Slot(ZsetEntry* entry, uint64_t hash) : TaggedSlot(entry, static_cast<uint16_t>(hash), false) {}

    ZsetEntry* entry() const { return static_cast<ZsetEntry*>(address()); }
    const void* target() const { return address(); }
  };
  struct Key {
    std::string_view name;
    uint64_t hash;
  };

  explicit ZsetEntries(const KeyHasher& hasher) : hasher_(hasher) {}
  const KeyHasher& hasher() const { return hasher_; }

  static bool Matches(Slot slot, const Key& key) { return slot.entry()->member() == key.name; }
  uint64_t HashOf(Slot slot) const { return hasher_(slot.entry()->member()); }
  static void Destroy(Slot slot) { ZsetEntry::Destroy(slot.entry()); }
  static size_t AllocatedBytes(Slot slot) { return slot.entry()->allocated_bytes(); }
  static void CheckInvariants(Slot) {}  // ZsetObject's checks look at the entries

 private:
  KeyHasher hasher_;
};

// Items of a CountedTree: by score, then by the member's bytes.
struct ZsetItems {
  using Item = ZsetEntry*;

  static uint32_t Prefix(const ZsetEntry* entry) { return Prefix(entry->score()); }
  // The upper half of the score's bits, turned so that they ascend as scores do; both zeros are one.
  static uint32_t Prefix(double score) {
    const double same_zero = score + 0.0;
    uint64_t bits;
    std::memcpy(&bits, &same_zero, sizeof bits);
    const auto upper = static_cast<uint32_t>(bits >> 32);
    return (upper & 0x8000'0000) != 0 ? ~upper : upper | 0x8000'0000;
  }
  static bool InOrder(const ZsetEntry* entry, double score, std::string_view member) {
    return entry->score() < score || (entry->score() == score && entry->member() < member);
  }
};

}  // namespace corral::storage
