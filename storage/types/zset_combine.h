// Unions, intersections and differences of sorted sets, and of sets with them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "storage/types/set.h"
#include "storage/types/zset.h"
#include "storage/types/zset_builder.h"

namespace corral::storage {

// One of the sets that are combined; without a reader it is empty.
struct ZsetInput {
  std::optional<ZsetReader> zset = {};
  double weight = 1;            // its scores count so many times
  std::optional<Set> set = {};  // instead of a sorted one: each member has the score 1

  uint64_t size() const { return zset ? zset->size() : set ? set->size() : 0; }
  std::optional<double> Score(std::string_view member) const {
    if (zset) return zset->Score(member);
    return set && set->Contains(member) ? std::optional(1.0) : std::nullopt;
  }
  // Calls visit(std::string_view member, double score) for each, until it returns false.
  template <class Visit>
  void EachUntil(const Visit& visit) const {
    if (zset) return zset->EachUntil(visit);
    if (!set) return;
    bool more = true;
    set->ForEach([&](const Set::Member& member) {
      IntegerText scratch;
      if (more) more = visit(member.Text(scratch), 1.0);
    });
  }
  template <class Visit>
  void Each(const Visit& visit) const {
    EachUntil([&](std::string_view member, double score) {
      visit(member, score);
      return true;
    });
  }
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
