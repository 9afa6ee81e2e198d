// A large sorted set: members found by their bytes in a hash index, by score and rank in a counted tree.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "storage/base/hash_index.h"
#include "storage/types/counted_tree.h"
#include "storage/types/element_index.h"
#include "storage/types/object.h"
#include "storage/types/zset_entry.h"
#include "storage/types/zset_range.h"

namespace corral::storage {

extern template class HashIndex<ZsetEntries>;

// A member of 12 bytes takes 32 for its entry, 9 to 12 in the index and 13 (appended) to 19 in the tree. All
// but what says otherwise is O(log n).
class ZsetObject final : public Object {
 public:
  explicit ZsetObject(const KeyHasher& hasher = KeyHasher::Unpredictable()) : index_(hasher) {}

  ValueType type() const override { return ValueType::kZset; }
  Encoding encoding() const override { return Encoding::kSkiplist; }  // Redis's name for the large form
  size_t size() const override { return tree_.weight(); }
  size_t allocated_bytes() const override {
    return sizeof *this + index_.allocated_bytes() + tree_.allocated_bytes();
  }
  size_t effort_to_free() const override { return size() + 1; }
  std::unique_ptr<Object> Clone() const override;  // O(n)
  void Save(ValueSink& sink) const override;       // O(n)
  void CheckInvariants() const;                    // aborts with a message

  // O(1). Null if the member is not there.
  const ZsetEntry* Find(std::string_view member) const { return FindEntry(KeyOf(member)); }
  uint64_t Rank(const ZsetEntry& entry) const { return tree_.Rank(PlaceOf(entry.score(), entry.member())); }
  RankSpan Ranks(const ScoreRange& range) const;
  RankSpan Ranks(const LexRange& range) const;
  // Calls visit(std::string_view member, double score) until it returns false; the span must be there.
  // O(log n + count).
  template <class Visit>
  void EachUntil(RankSpan span, ZsetOrder order, Visit&& visit) const {
    if (span.count == 0) return;
    const bool ascending = order == ZsetOrder::kAscending;
    Tree::Iterator at = tree_.At(ascending ? span.first : span.first + span.count - 1);
    for (uint64_t left = span.count;;) {
      const ZsetEntry& entry = **at;
      if (!visit(entry.member(), entry.score()) || --left == 0) return;
      ascending ? ++at : --at;
    }
  }
  // Visits all, in order.
  template <class Visit>
  void Each(const Visit& visit) const {
    for (Tree::Iterator at = tree_.begin(); at != tree_.end(); ++at) visit((*at)->member(), (*at)->score());
  }
  // Visits some members, in no order, and returns where to go on; ElementIndex::Scan says what a whole scan
  // meets.
  template <class Visit>
  uint64_t Scan(uint64_t cursor, const Visit& visit) const {
    return index_.Scan(cursor, [&](ZsetEntries::Slot slot) {
      const ZsetEntry& entry = *slot.entry();
      visit(entry.member(), entry.score());
    });
  }

  // The member must be absent.
  void Insert(std::string_view member, double score);
  // The same behind all that are there, which it must follow in order: a copy of something sorted.
  void Append(std::string_view member, double score);
  // `entry` must be one of this value.
  void SetScore(const ZsetEntry& entry, double score);
  void Erase(const ZsetEntry& entry);
  void Erase(RankSpan span);  // which must be there; O(count * log n)

 private:
  friend class ZsetBuilder;
  using Tree = CountedTree<ZsetItems>;
  using Key = ZsetEntries::Key;

  Tree::Iterator PlaceOf(double score, std::string_view member) const {
    return tree_.LowerBound(ZsetItems::Prefix(score),
                            [&](const ZsetEntry* entry) { return ZsetItems::InOrder(entry, score, member); });
  }
  Key KeyOf(std::string_view member) const { return {member, index_.Hash(member)}; }
  ZsetEntry* FindEntry(const Key& key) const;
  // An entry that is in the index and not in the tree yet.
  ZsetEntry* AddEntry(const Key& key, double score);
  // Puts the entries that are in the index, sorted, into the tree, which is empty.
  void Order(std::span<ZsetEntry* const> entries);
  void Forget(const ZsetEntry& entry);

  ElementIndex<ZsetEntries> index_;  // owns the entries
  Tree tree_;
};

}  // namespace corral::storage
