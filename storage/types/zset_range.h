// Parts of a sorted set: by score, by bytes, by rank.
#pragma once

#include <cstdint>
#include <string_view>

namespace corral::storage {

struct ScoreRange {
  double min = 0, max = 0;                  // infinities are possible, NaN is not
  bool min_open = false, max_open = false;  // open: the bound itself is not in it

  bool Starts(double score) const { return min_open ? score > min : score >= min; }
  bool Ends(double score) const { return max_open ? score >= max : score > max; }  // beyond its end
};

// An end of a range of members by their bytes; means something where all scores are the same.
struct LexBound {
  enum class Kind : uint8_t { kLowest, kClosed, kOpen, kHighest };
  Kind kind = Kind::kLowest;
  std::string_view member;  // of a closed or open one
};

struct LexRange {
  LexBound min, max;

  // Whether a member is not before the range's start; whether it is behind its end.
  bool Starts(std::string_view member) const { return Above(min, member, LexBound::Kind::kClosed); }
  bool Ends(std::string_view member) const { return Above(max, member, LexBound::Kind::kOpen); }

 private:
  // Whether the member lies above the bound; on it when the bound is of kind `on`.
  static bool Above(const LexBound& bound, std::string_view member, LexBound::Kind on) {
    switch (bound.kind) {
      case LexBound::Kind::kLowest:
        return true;
      case LexBound::Kind::kHighest:
        return false;
      default:
        return bound.kind == on ? member >= bound.member : member > bound.member;
    }
  }
};

// Members by rank: `count` of them from `first` on, 0 being the lowest.
struct RankSpan {
  uint64_t first = 0, count = 0;
};

enum class ZsetOrder : uint8_t { kAscending, kDescending };

}  // namespace corral::storage
