// A small sorted set: a packed list of member, score, ascending.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "storage/base/number.h"
#include "storage/types/packed_list.h"
#include "storage/types/zset_range.h"

namespace corral::storage {

// A view, valid while the bytes stay where they are. Every call walks: O(n).
class PackedZset {
 public:
  using Position = PackedList::Position;

  explicit PackedZset(std::string_view bytes) : list_(bytes) {}

  size_t size() const { return list_.count() / 2; }
  // Where the member is; the list's end if it is not there.
  Position Find(std::string_view member) const { return list_.FindName(member, 2); }
  Position end() const { return list_.end(); }
  double ScoreAt(Position member) const;
  std::optional<uint64_t> Rank(std::string_view member, double* score) const;
  RankSpan Ranks(const ScoreRange& range) const;
  RankSpan Ranks(const LexRange& range) const;

  // Calls visit(std::string_view member, double score) until it returns false; the member lives until it
  // returns.
  template <class Visit>
  void EachUntil(RankSpan span, ZsetOrder order, Visit&& visit) const {
    if (span.count == 0) return;
    const bool ascending = order == ZsetOrder::kAscending;
    Position at = At(ascending ? span.first : span.first + span.count - 1);
    for (uint64_t left = span.count;;) {
      IntegerText scratch;
      if (!visit(list_[at].Text(scratch), ScoreAt(at)) || --left == 0) return;
      at = ascending ? list_.Next(list_.Next(at)) : list_.Previous(list_.Previous(at));
    }
  }

  // ---- Changes. Earlier positions are void after each. ----

  // The member must be absent and must not lie in the buffer.
  static void Insert(PackedBuffer& buffer, std::string_view member, double score);
  // The same behind all that are there, which it must follow in order; O(1).
  static void Append(PackedBuffer& buffer, std::string_view member, double score);
  static void Erase(PackedBuffer& buffer, Position member) { PackedList::Erase(buffer, member, 2); }
  static void Erase(PackedBuffer& buffer, RankSpan span);

  // A score as its element has it: an integer that fits 62 bits plainly, others as FormatDouble. Into
  // kDoubleChars bytes; returns how many it wrote.
  static size_t FormatScore(double score, char* out);

 private:
  struct Place {
    Position at;  // of a member, or the end
    uint64_t rank;
  };
  // The first member for which before(at) is false, where those before it are those for which it is true.
  template <class Before>
  Place FirstNotBefore(const Before& before) const;
  static void Insert(PackedBuffer& buffer, Position at, std::string_view member, double score);
  Position At(uint64_t rank) const { return list_.At(2 * rank); }

  PackedList list_;
};

}  // namespace corral::storage
