#include "storage/types/zset_combine.h"

#include <doctest/doctest.h>

#include <limits>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "storage/base/random.h"
#include "storage/types/packed_object.h"
#include "tests/unit/seed.h"

namespace corral::storage {
namespace {

using Scores = std::map<std::string, double>;
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr ZsetLimits kLimits{.members = 8, .member_bytes = 64};

std::unique_ptr<DetachedValue> Of(const Scores& scores) {
  auto value = std::make_unique<DetachedValue>(PackedForm::kZset);
  ZsetWriter writer(*value, kLimits);
  for (auto [member, score] : scores) writer.Add(member, &score);
  return value;
}

Scores Contents(const ZsetReader& zset) {
  Scores scores;
  zset.Each([&](std::string_view member, double score) { scores[std::string(member)] = score; });
  return scores;
}

// What the builder gathered, as a value of the form that the limits say.
Scores Finished(ZsetBuilder& builder) {
  const size_t size = builder.size();
  DetachedValue value(PackedForm::kZset);
  builder.Finish(kLimits, value);
  CHECK(value.packed() == (size <= kLimits.members));
  if (value.packed()) {
    CHECK(Valid(PackedForm::kZset, value.view()));
  } else {
    value.as<ZsetObject>().CheckInvariants();
  }
  return Contents(ZsetReader(value.value()));
}

// The members alone, with integers in any form of set.
std::unique_ptr<DetachedValue> SetOf(const Scores& model) {
  auto value = std::make_unique<DetachedValue>(PackedForm::kIntSet);
  for (const auto& [member, score] : model) AddToSet(*value, member, {5, 10, 64});
  return value;
}

TEST_CASE("sums, least and greatest, weighted; what is no number counts as 0") {
  const auto a = Of({{"x", 1}, {"y", 2}, {"i", kInfinity}});
  const auto b = Of({{"x", 10}, {"z", 3}, {"i", -kInfinity}, {"w", 1}});
  const std::vector<ZsetInput> inputs = {{ZsetReader(a->value()), 2}, {ZsetReader(b->value()), 1}, {}};
  ZsetBuilder sum, least, common;
  Unite(inputs, ZsetAggregate::kSum, &sum);
  CHECK(Finished(sum) == Scores{{"x", 12}, {"y", 4}, {"z", 3}, {"i", 0}, {"w", 1}});
  Unite(inputs, ZsetAggregate::kMin, &least);
  CHECK(Finished(least) == Scores{{"x", 2}, {"y", 4}, {"z", 3}, {"i", -kInfinity}, {"w", 1}});
  Intersect({inputs[0], inputs[1]}, ZsetAggregate::kMax, &common);
  CHECK(Finished(common) == Scores{{"x", 10}, {"i", kInfinity}});
  ZsetBuilder zero;
  Unite({{ZsetReader(a->value()), 0}}, ZsetAggregate::kSum, &zero);
  CHECK(Finished(zero) == Scores{{"x", 0}, {"y", 0}, {"i", 0}});
}

TEST_CASE("an intersection with nothing is empty, and so is a difference from nothing") {
  const auto a = Of({{"x", 1}});
  ZsetBuilder common, difference;
  Intersect({{ZsetReader(a->value())}, {}}, ZsetAggregate::kSum, &common);
  CHECK(common.size() == 0);
  Subtract({{}, {ZsetReader(a->value())}}, &difference);
  CHECK(difference.size() == 0);
  CHECK(CountCommon({{ZsetReader(a->value())}, {}}, 0) == 0);
}

TEST_CASE("random sets: members as std::map has them") {
  const uint32_t seed = TestSeed();
  CAPTURE(seed);
  Random random(seed);
  for (int round = 0; round < 300; ++round) {
    std::vector<Scores> models(1 + random.Below(3));
    std::vector<std::unique_ptr<DetachedValue>> values;
    std::vector<ZsetInput> inputs;
    for (Scores& model : models) {
      const bool is_set = random.Below(3) == 0;
      for (uint64_t i = random.Below(30); i > 0; --i) {
        model[std::to_string(random.Below(40))] = is_set ? 1 : static_cast<double>(random.Below(10));
      }
      values.push_back(is_set ? SetOf(model) : Of(model));
      ZsetInput& input = inputs.emplace_back();
      if (is_set) {
        input.set.emplace(values.back()->value());
      } else {
        input.zset.emplace(values.back()->value());
      }
    }
    Scores all, common = models[0], difference = models[0];
    for (size_t i = 0; i < models.size(); ++i) {
      for (const auto& [member, score] : models[i]) {
        all[member] += score;
        if (i > 0) difference.erase(member);
      }
    }
    for (const auto& [member, score] : models[0]) {
      for (const Scores& model : models) {
        if (!model.contains(member)) common.erase(member);
      }
      if (common.contains(member)) common[member] = all[member];
    }
    ZsetBuilder united, intersected, subtracted;
    Unite(inputs, ZsetAggregate::kSum, &united);
    CHECK(Finished(united) == all);
    Intersect(inputs, ZsetAggregate::kSum, &intersected);
    CHECK(Finished(intersected) == common);
    Subtract(inputs, &subtracted);
    CHECK(Finished(subtracted) == difference);
    CHECK(CountCommon(inputs, 0) == common.size());
    CHECK(CountCommon(inputs, 2) == std::min<size_t>(common.size(), 2));
  }
}

}  // namespace
}  // namespace corral::storage
