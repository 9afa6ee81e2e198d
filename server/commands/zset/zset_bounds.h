// The arguments that name a part of a sorted set.
#pragma once

#include <cstddef>
#include <cstdint>

#include "server/command/context.h"
#include "storage/types/zset_range.h"

namespace corral::commands {

// Each reads the lower bound at argument `min` and the upper one at `max`; on a mistake it answers the client
// and returns false. The ranges are views of the arguments.
bool ReadScoreRange(command::Context& ctx, size_t min, size_t max, storage::ScoreRange* range);
bool ReadLexRange(command::Context& ctx, size_t min, size_t max, storage::LexRange* range);
struct RankArguments {
  int64_t start = 0, stop = 0;  // both in the range; negative: from the end, -1 being the last

  // What they name of so many members.
  storage::RankSpan Span(uint64_t size) const;
};
bool ReadRanks(command::Context& ctx, size_t start, size_t stop, RankArguments* ranks);

}  // namespace corral::commands
