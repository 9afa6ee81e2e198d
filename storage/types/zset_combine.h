// Unions, intersections and differences of sorted sets.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "storage/types/zset.h"
#include "storage/types/zset_builder.h"

namespace corral::storage {

// One of the sets that are combined; without a reader it is empty.
struct ZsetInput {
  std::optional<ZsetReader> zset;
  double weight = 1;  // its scores count so many times

  uint64_t size() const { return zset ? zset->size() : 0; }
};

enum class ZsetAggregate : uint8_t { kSum, kMin, kMax };  // of the scores that a member has in the inputs

// Each puts its result into the builder, which is new. As in Redis, scores are taken together from the
// smallest input to the largest, which shows in rounded sums, and what is no number (infinity times 0, or
// less itself) counts as 0. Costs: the members of all inputs for a union, those of the smallest input times
// the inputs for an intersection, of the first one for a difference; n log n for the result's order.
void Unite(std::vector<ZsetInput> inputs, ZsetAggregate aggregate, ZsetBuilder* result);
void Intersect(std::vector<ZsetInput> inputs, ZsetAggregate aggregate, ZsetBuilder* result);
void Subtract(const std::vector<ZsetInput>& inputs, ZsetBuilder* result);  // from the first, unweighted
// The size of the intersection, or `limit` if it is not smaller; 0: no limit.
uint64_t CountCommon(std::vector<ZsetInput> inputs, uint64_t limit);

}  // namespace corral::storage
