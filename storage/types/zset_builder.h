// Makes sorted sets of members that come in any order, and again.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "storage/types/zset.h"
#include "storage/types/zset_object.h"

namespace corral::storage {

// Gathers members in an index, and puts them in order once, when it is done: O(n log n).
class ZsetBuilder {
 public:
  ZsetBuilder() : object_(std::make_unique<ZsetObject>()) {}

  // Gives the member its score; where it has one already, merge(double present) says the new one.
  template <class Merge>
  void Put(std::string_view member, double score, const Merge& merge) {
    const auto key = object_->KeyOf(member);
    if (ZsetEntry* entry = object_->FindEntry(key)) return entry->set_score(merge(entry->score()));
    entries_.push_back(object_->AddEntry(key, score));
    if (member.size() > longest_) longest_ = member.size();
  }
  // The member must be new.
  void Put(std::string_view member, double score) {
    Put(member, score, [](double present) { return present; });
  }

  size_t size() const { return entries_.size(); }
  // Calls visit(std::string_view member, double score) in order. Nothing may be put afterwards.
  template <class Visit>
  void Each(Visit&& visit) {
    Sort();
    for (const ZsetEntry* entry : entries_) visit(entry->member(), entry->score());
  }
  // `value`, packed and empty, becomes what was gathered, in the form that the limits say. The builder is
  // void then.
  void Finish(const ZsetLimits& limits, ValueSlot& value);

 private:
  void Sort();

  std::unique_ptr<ZsetObject> object_;  // its tree is empty until the end
  std::vector<ZsetEntry*> entries_;
  size_t longest_ = 0;  // member, in bytes
};

}  // namespace corral::storage
