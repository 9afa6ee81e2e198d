// The heap of deadlines against a multiset: what ends first, how many have ended, and its memory.
#include "storage/types/field_deadlines.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "storage/base/random.h"
#include "tests/unit/seed.h"

namespace corral::storage {
namespace {

class Fields {
 public:
  ~Fields() {
    for (HashField* field : all_) HashField::Destroy(field);
  }
  HashField* Add(int64_t expire_at_ms) {
    all_.push_back(HashField::Create("f", "v", expire_at_ms));
    return all_.back();
  }
  HashField* Take(size_t i) {
    std::swap(all_[i], all_.back());
    HashField* field = all_.back();
    all_.pop_back();
    return field;
  }
  HashField*& operator[](size_t i) { return all_[i]; }
  size_t size() const { return all_.size(); }

 private:
  std::vector<HashField*> all_;
};

TEST_CASE("field deadlines: random changes against a multiset") {
  const uint32_t seed = TestSeed();
  CAPTURE(seed);
  Random random(seed);
  for (const uint64_t times : {3u, 1'000'000u}) {
    Fields fields;
    FieldDeadlines deadlines;
    std::multiset<int64_t> model;
    for (int wave = 0; wave < 6; ++wave) {
      const uint64_t add_share = wave % 2 == 0 ? 70 : 10;
      for (int step = 0; step < 4000; ++step) {
        const auto time = static_cast<int64_t>(random.Below(times));
        const uint64_t choice = random.Below(100);
        const size_t i = fields.size() == 0 ? 0 : random.Below(fields.size());
        if (choice < add_share || fields.size() == 0) {
          deadlines.Add(fields.Add(time));
          model.insert(time);
        } else if (choice < add_share + 15) {
          model.erase(model.find(fields[i]->expire_at_ms()));
          model.insert(time);
          const uint32_t place = fields[i]->place();
          fields[i] = HashField::Assign(fields[i], std::string(random.Below(40), 'v'), time);
          deadlines.Replace(place, fields[i]);
        } else {
          HashField* field = fields.Take(i);
          model.erase(model.find(field->expire_at_ms()));
          deadlines.Remove(field->place());
          HashField::Destroy(field);
        }
        REQUIRE(deadlines.size() == model.size());
        if (!model.empty()) REQUIRE(deadlines.first()->expire_at_ms() == *model.begin());
        if (step % 500 == 0) {
          deadlines.CheckInvariants();
          REQUIRE(deadlines.CountBefore(time) ==
                  static_cast<size_t>(std::distance(model.begin(), model.lower_bound(time))));
        }
      }
    }
  }
}

TEST_CASE("field deadlines: six bytes for each field, and few for few") {
  Fields fields;
  FieldDeadlines deadlines;
  CHECK(deadlines.allocated_bytes() == sizeof deadlines);
  for (int i = 1; i <= 100'000; ++i) {
    deadlines.Add(fields.Add(100'000 - i));
    const size_t bytes = deadlines.allocated_bytes() - sizeof deadlines;
    if (i <= 512) REQUIRE(bytes <= std::max<size_t>(8, 2 * static_cast<size_t>(i)) * 6 + 16);
  }
  CHECK(deadlines.allocated_bytes() < 100'000 * 6.2);
  while (fields.size() > 0) {
    HashField* field = fields.Take(fields.size() - 1);
    deadlines.Remove(field->place());
    HashField::Destroy(field);
  }
  deadlines.CheckInvariants();
  CHECK(deadlines.allocated_bytes() < 3000);
}

}  // namespace
}  // namespace corral::storage
