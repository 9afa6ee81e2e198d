#include "storage/types/zset_combine.h"

#include <algorithm>
#include <cmath>

namespace corral::storage {
namespace {

double Aggregated(double a, double b, ZsetAggregate aggregate) {
  switch (aggregate) {
    case ZsetAggregate::kMin:
      return b < a ? b : a;
    case ZsetAggregate::kMax:
      return b > a ? b : a;
    case ZsetAggregate::kSum:
      break;
  }
  const double sum = a + b;
  return std::isnan(sum) ? 0 : sum;
}

double Weighted(double score, double weight) {
  const double product = score * weight;
  return std::isnan(product) ? 0 : product;
}

void SortBySize(std::vector<ZsetInput>& inputs) {
  std::stable_sort(inputs.begin(), inputs.end(),
                   [](const ZsetInput& a, const ZsetInput& b) { return a.size() < b.size(); });
}

// Calls visit(member, score) for the members that all inputs have, until it returns false; `inputs` are
// sorted by size.
template <class Visit>
void EachCommon(const std::vector<ZsetInput>& inputs, ZsetAggregate aggregate, const Visit& visit) {
  const ZsetInput& smallest = inputs.front();
  if (smallest.size() == 0) return;
  smallest.EachUntil([&](std::string_view member, double score) {
    score = Weighted(score, smallest.weight);
    for (size_t i = 1; i < inputs.size(); ++i) {
      const std::optional<double> other = inputs[i].Score(member);
      if (!other) return true;
      score = Aggregated(score, *other * inputs[i].weight, aggregate);
    }
    return visit(member, score);
  });
}

}  // namespace

void Unite(std::vector<ZsetInput> inputs, ZsetAggregate aggregate, ZsetBuilder* result) {
  SortBySize(inputs);
  for (const ZsetInput& input : inputs) {
    input.Each([&](std::string_view member, double score) {
      const double weighted = Weighted(score, input.weight);
      result->Put(member, weighted, [&](double present) { return Aggregated(present, weighted, aggregate); });
    });
  }
}

void Intersect(std::vector<ZsetInput> inputs, ZsetAggregate aggregate, ZsetBuilder* result) {
  SortBySize(inputs);
  EachCommon(inputs, aggregate, [&](std::string_view member, double score) {
    result->Put(member, score);
    return true;
  });
}

void Subtract(const std::vector<ZsetInput>& inputs, ZsetBuilder* result) {
  inputs.front().Each([&](std::string_view member, double score) {
    const bool elsewhere = std::any_of(inputs.begin() + 1, inputs.end(), [&](const ZsetInput& input) {
      return input.Score(member).has_value();
    });
    if (!elsewhere) result->Put(member, score);
  });
}

uint64_t CountCommon(std::vector<ZsetInput> inputs, uint64_t limit) {
  SortBySize(inputs);
  uint64_t common = 0;
  EachCommon(inputs, ZsetAggregate::kSum, [&](std::string_view, double) { return ++common != limit; });
  return common;
}

}  // namespace corral::storage
