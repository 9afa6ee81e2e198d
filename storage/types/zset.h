// Sorted sets whatever their form: what commands use.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string_view>

#include "storage/base/number.h"
#include "storage/base/random.h"
#include "storage/base/selection.h"
#include "storage/types/packed_zset.h"
#include "storage/types/value.h"
#include "storage/types/zset_object.h"
#include "storage/types/zset_range.h"

namespace corral::storage {

// Reads a value of type kZset; valid until its key changes, under the lock of the key's shard. Packed sets
// are walked, O(n) of few; for large ones ZsetObject says the cost.
class ZsetReader {
 public:
  explicit ZsetReader(const ValueView& value) : value_(value) {}

  size_t size() const { return value_.size(); }
  std::optional<double> Score(std::string_view member) const;
  std::optional<uint64_t> Rank(std::string_view member, double* score) const;
  RankSpan Ranks(const ScoreRange& range) const { return RanksOf(range); }
  RankSpan Ranks(const LexRange& range) const { return RanksOf(range); }

  // Calls visit(std::string_view member, double score) for each member of a span that is there; the member
  // lives until `visit` returns.
  template <class Visit>
  void Each(RankSpan span, ZsetOrder order, const Visit& visit) const {
    EachUntil(span, order, [&](std::string_view member, double score) {
      visit(member, score);
      return true;
    });
  }
  template <class Visit>
  void Each(const Visit& visit) const {
    Each({0, size()}, ZsetOrder::kAscending, visit);
  }
  // The same until `visit` returns false.
  template <class Visit>
  void EachUntil(RankSpan span, ZsetOrder order, const Visit& visit) const {
    if (value_.packed()) return packed().EachUntil(span, order, visit);
    large().EachUntil(span, order, visit);
  }
  template <class Visit>
  void EachUntil(const Visit& visit) const {
    EachUntil({0, size()}, ZsetOrder::kAscending, visit);
  }
  // Visits `count` different members, at most as many as there are, each choice being equally likely; in
  // order.
  template <class Visit>
  void Sample(uint64_t count, Random& random, const Visit& visit) const;
  // A score as this form keeps it, which is what ZSCAN shows. Into kDoubleChars bytes; returns how many it
  // wrote.
  size_t FormatStored(double score, char* out) const {
    return value_.packed() ? PackedZset::FormatScore(score, out) : FormatDouble(score, out);
  }
  // Visits about `count` members from `cursor` on, all of a packed set; returns the next cursor, 0 at the
  // end. Any cursor is safe. A member that is there for a whole scan is visited at least once.
  template <class Visit>
  uint64_t Scan(uint64_t cursor, uint64_t count, const Visit& visit) const;

 private:
  PackedZset packed() const { return PackedZset(value_.bytes()); }
  const ZsetObject& large() const { return value_.as<ZsetObject>(); }
  template <class Range>
  RankSpan RanksOf(const Range& range) const {
    return value_.packed() ? packed().Ranks(range) : large().Ranks(range);
  }

  ValueView value_;
};

// Beyond either the packed form ends: members, and bytes of one.
struct ZsetLimits {
  uint64_t members;
  uint64_t member_bytes;
};

// What ZADD's options say.
struct ZaddOptions {
  bool only_new = false;      // NX
  bool only_present = false;  // XX
  bool only_greater = false;  // GT: a new score of a member that is there
  bool only_less = false;     // LT
  bool increment = false;     // INCR: the score is to be added
};

enum class ZaddOutcome : uint8_t {
  kAdded,
  kChanged,
  kSame,     // the member had this score
  kRefused,  // by an option
  kNan       // the sum is no number
};

// Changes a value of type kZset that is open for it, or begun as one.
class ZsetWriter {
 public:
  ZsetWriter(ValueSlot& slot, const ZsetLimits& limits) : slot_(slot), limits_(limits) {}

  ZsetReader reader() const { return ZsetReader(slot_.value()); }

  // `*score`, which is no NaN, becomes the member's score, unless the outcome is kRefused or kNan. The member
  // must not lie in the value.
  ZaddOutcome Add(std::string_view member, double* score, const ZaddOptions& options = {});
  // The member, which is absent, behind all that are there, which it must follow in order.
  void Append(std::string_view member, double score);
  bool Remove(std::string_view member);
  void Remove(RankSpan span);  // which must be there

 private:
  ZaddOutcome AddToPacked(std::string_view member, double* score, const ZaddOptions& options);
  ZaddOutcome AddToLarge(std::string_view member, double* score, const ZaddOptions& options);
  bool StaysPacked(std::string_view member) const;
  std::unique_ptr<ZsetObject> Unpacked() const;

  ValueSlot& slot_;
  ZsetLimits limits_;
};

// One pass, which takes each member with the share of what is still wanted among what is left: O(n). Few of
// many are drawn until they differ instead: O(count * log n).
template <class Visit>
void ZsetReader::Sample(uint64_t count, Random& random, const Visit& visit) const {
  const uint64_t size = this->size();
  if (value_.packed() || count > size / 8) {
    Selection selection(count, size, random);
    return Each([&](std::string_view member, double score) {
      if (selection.Takes()) visit(member, score);
    });
  }
  std::set<uint64_t> ranks;
  while (ranks.size() < count) ranks.insert(random.Below(size));
  for (const uint64_t rank : ranks) Each({rank, 1}, ZsetOrder::kAscending, visit);
}

template <class Visit>
uint64_t ZsetReader::Scan(uint64_t cursor, uint64_t count, const Visit& visit) const {
  if (value_.packed()) {
    Each(visit);
    return 0;
  }
  return ScanSome(cursor, count, [&](uint64_t from, uint64_t* met) {
    return large().Scan(from, [&](std::string_view member, double score) {
      ++*met;
      visit(member, score);
    });
  });
}

}  // namespace corral::storage
