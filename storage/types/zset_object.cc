#include "storage/types/zset_object.h"

#include <algorithm>
#include <cmath>

#include "storage/base/hash_index_impl.h"
#include "storage/base/invariant.h"
#include "storage/base/number.h"

namespace corral::storage {

template class HashIndex<ZsetEntries>;

std::unique_ptr<Object> ZsetObject::Clone() const {
  auto clone = std::make_unique<ZsetObject>();
  Each([&](std::string_view member, double score) { clone->Append(member, score); });
  return clone;
}

void ZsetObject::Save(ValueSink& sink) const {
  Each([&](std::string_view member, double score) {
    char text[kDoubleChars];
    const std::string_view parts[] = {member, {text, FormatDouble(score, text)}};
    sink.Element(parts);
  });
}

ZsetEntry* ZsetObject::FindEntry(const Key& key) const {
  const auto position = index_.Find(key);
  return position ? position->entry() : nullptr;
}

RankSpan ZsetObject::Ranks(const ScoreRange& range) const {
  const auto start = tree_.LowerBound(ZsetItems::Prefix(range.min),
                                      [&](const ZsetEntry* entry) { return !range.Starts(entry->score()); });
  const auto end = tree_.LowerBound(ZsetItems::Prefix(range.max),
                                    [&](const ZsetEntry* entry) { return !range.Ends(entry->score()); });
  const uint64_t first = tree_.Rank(start);
  return {first, std::max(tree_.Rank(end), first) - first};
}

// By bytes among members of one score: the first one's. Where scores differ, what is found is as undefined as
// in Redis, but it is there.
RankSpan ZsetObject::Ranks(const LexRange& range) const {
  if (tree_.empty()) return {};
  const uint32_t prefix = ZsetItems::Prefix(*tree_.begin());
  const auto start =
      tree_.LowerBound(prefix, [&](const ZsetEntry* entry) { return !range.Starts(entry->member()); });
  const auto end =
      tree_.LowerBound(prefix, [&](const ZsetEntry* entry) { return !range.Ends(entry->member()); });
  const uint64_t first = tree_.Rank(start);
  return {first, std::max(tree_.Rank(end), first) - first};
}

void ZsetObject::Insert(std::string_view member, double score) {
  ZsetEntry* entry = AddEntry(KeyOf(member), score);
  tree_.Insert(PlaceOf(score, member), entry);
}

void ZsetObject::Append(std::string_view member, double score) {
  tree_.Insert(tree_.end(), AddEntry(KeyOf(member), score));
}

ZsetEntry* ZsetObject::AddEntry(const Key& key, double score) {
  ZsetEntry* entry = ZsetEntry::Create(key.name, score);
  index_.Insert(key.hash, {entry, key.hash});
  return entry;
}

void ZsetObject::Order(std::span<ZsetEntry* const> entries) {
  for (ZsetEntry* entry : entries) tree_.Insert(tree_.end(), entry);
}

void ZsetObject::SetScore(const ZsetEntry& entry, double score) {
  const Tree::Iterator place = PlaceOf(entry.score(), entry.member());
  ZsetEntry* item = *place;
  tree_.Erase(place);
  item->set_score(score);
  tree_.Insert(PlaceOf(score, item->member()), item);
}

void ZsetObject::Erase(const ZsetEntry& entry) {
  tree_.Erase(PlaceOf(entry.score(), entry.member()));
  Forget(entry);
}

void ZsetObject::Erase(RankSpan span) {
  Tree::Iterator at = tree_.At(span.first);
  for (; span.count > 0; --span.count) {
    const ZsetEntry& entry = **at;
    at = tree_.Erase(at);
    Forget(entry);
  }
}

// Frees an entry that has left the tree.
void ZsetObject::Forget(const ZsetEntry& entry) {
  const Key key = KeyOf(entry.member());
  index_.Erase(key.hash, index_.Find(key));
}

void ZsetObject::CheckInvariants() const {
  index_.CheckInvariants();
  Require(index_.size() == tree_.weight(), "zset: index and tree differ in size");
  tree_.CheckInvariants(
      [](const ZsetEntry* a, const ZsetEntry* b) { return ZsetItems::InOrder(a, b->score(), b->member()); });
  Each([&](std::string_view member, double score) {
    const ZsetEntry* entry = Find(member);
    Require(entry != nullptr && entry->member().data() == member.data(),
            "zset: index and tree have different entries for a member");
    Require(!std::isnan(score), "zset: a score that is no number");
  });
}

}  // namespace corral::storage
