#include "server/commands/zset/zset_bounds.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>

#include "storage/base/number.h"

namespace corral::commands {
namespace {

// As C's strtod reads a bound, which Redis uses: leading space, nothing at all (0) and values out of range
// (infinite, or 0) pass; the text ends at a zero byte.
bool ParseBound(std::string_view text, double* bound) {
  if (storage::ParseDouble(text, bound)) [[likely]]
    return true;
  const std::string copy(text);
  char* end = nullptr;
  *bound = std::strtod(copy.c_str(), &end);
  return *end == '\0' && !std::isnan(*bound);
}

bool ParseScoreBound(std::string_view text, double* bound, bool* open) {
  *open = text.starts_with('(');
  return ParseBound(*open ? text.substr(1) : text, bound);
}

bool ParseLexBound(std::string_view text, storage::LexBound* bound) {
  using Kind = storage::LexBound::Kind;
  if (text.empty()) return false;
  const bool one = text.size() == 1 || text[1] == '\0';
  switch (text.front()) {
    case '-':
      bound->kind = Kind::kLowest;
      return one;
    case '+':
      bound->kind = Kind::kHighest;
      return one;
    case '[':
      *bound = {Kind::kClosed, text.substr(1)};
      return true;
    case '(':
      *bound = {Kind::kOpen, text.substr(1)};
      return true;
    default:
      return false;
  }
}

}  // namespace

bool ReadScoreRange(command::Context& ctx, size_t min, size_t max, storage::ScoreRange* range) {
  if (ParseScoreBound(ctx[min], &range->min, &range->min_open) &&
      ParseScoreBound(ctx[max], &range->max, &range->max_open)) {
    return true;
  }
  ctx.reply.Error("ERR min or max is not a float");
  return false;
}

bool ReadLexRange(command::Context& ctx, size_t min, size_t max, storage::LexRange* range) {
  if (ParseLexBound(ctx[min], &range->min) && ParseLexBound(ctx[max], &range->max)) return true;
  ctx.reply.Error("ERR min or max not valid string range item");
  return false;
}

bool ReadRanks(command::Context& ctx, size_t start, size_t stop, RankArguments* ranks) {
  return ctx.ReadInteger(start, &ranks->start) && ctx.ReadInteger(stop, &ranks->stop);
}

storage::RankSpan RankArguments::Span(uint64_t size) const {
  const auto members = static_cast<int64_t>(size);
  const int64_t first = std::max<int64_t>(start < 0 ? start + members : start, 0);
  const int64_t last = std::min(stop < 0 ? stop + members : stop, members - 1);
  if (first > last) return {};
  return {static_cast<uint64_t>(first), static_cast<uint64_t>(last - first + 1)};
}

}  // namespace corral::commands
