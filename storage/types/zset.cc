#include "storage/types/zset.h"

#include <cmath>
#include <utility>

namespace corral::storage {
namespace {

// Whether the options let a member with this score take the new one, which is `*score` then; kSame where
// that changes nothing.
ZaddOutcome Judge(double present, double* score, const ZaddOptions& options) {
  if (options.only_new) return ZaddOutcome::kRefused;
  const double next = options.increment ? present + *score : *score;
  if (std::isnan(next)) return ZaddOutcome::kNan;
  if ((options.only_less && next >= present) || (options.only_greater && next <= present)) {
    return ZaddOutcome::kRefused;
  }
  *score = next;
  return next == present ? ZaddOutcome::kSame : ZaddOutcome::kChanged;
}

}  // namespace

std::optional<double> ZsetReader::Score(std::string_view member) const {
  if (value_.packed()) {
    const PackedZset zset = packed();
    const PackedZset::Position at = zset.Find(member);
    if (at == zset.end()) return std::nullopt;
    return zset.ScoreAt(at);
  }
  const ZsetEntry* entry = large().Find(member);
  if (entry == nullptr) return std::nullopt;
  return entry->score();
}

std::optional<uint64_t> ZsetReader::Rank(std::string_view member, double* score) const {
  if (value_.packed()) return packed().Rank(member, score);
  const ZsetEntry* entry = large().Find(member);
  if (entry == nullptr) return std::nullopt;
  *score = entry->score();
  return large().Rank(*entry);
}

ZaddOutcome ZsetWriter::Add(std::string_view member, double* score, const ZaddOptions& options) {
  return slot_.packed() ? AddToPacked(member, score, options) : AddToLarge(member, score, options);
}

ZaddOutcome ZsetWriter::AddToPacked(std::string_view member, double* score, const ZaddOptions& options) {
  const PackedZset zset(slot_.view());
  const PackedZset::Position at = zset.Find(member);
  if (at != zset.end()) {
    const ZaddOutcome outcome = Judge(zset.ScoreAt(at), score, options);
    if (outcome == ZaddOutcome::kChanged) {
      PackedZset::Erase(slot_, at);
      PackedZset::Insert(slot_, member, *score);
    }
    return outcome;
  }
  if (options.only_present) return ZaddOutcome::kRefused;
  if (StaysPacked(member)) {
    PackedZset::Insert(slot_, member, *score);
  } else {
    std::unique_ptr<ZsetObject> object = Unpacked();
    object->Insert(member, *score);
    slot_.Become(std::move(object));
  }
  return ZaddOutcome::kAdded;
}

ZaddOutcome ZsetWriter::AddToLarge(std::string_view member, double* score, const ZaddOptions& options) {
  auto& object = slot_.as<ZsetObject>();
  const ZsetEntry* entry = object.Find(member);
  if (entry != nullptr) {
    const ZaddOutcome outcome = Judge(entry->score(), score, options);
    if (outcome == ZaddOutcome::kChanged) object.SetScore(*entry, *score);
    return outcome;
  }
  if (options.only_present) return ZaddOutcome::kRefused;
  object.Insert(member, *score);
  return ZaddOutcome::kAdded;
}

void ZsetWriter::Append(std::string_view member, double score) {
  if (!slot_.packed()) return slot_.as<ZsetObject>().Append(member, score);
  if (StaysPacked(member)) return PackedZset::Append(slot_, member, score);
  std::unique_ptr<ZsetObject> object = Unpacked();
  object->Append(member, score);
  slot_.Become(std::move(object));
}

bool ZsetWriter::StaysPacked(std::string_view member) const {
  return member.size() <= limits_.member_bytes && PackedZset(slot_.view()).size() < limits_.members &&
         slot_.size() + member.size() < PackedList::kMaxBytes;
}

std::unique_ptr<ZsetObject> ZsetWriter::Unpacked() const {
  auto object = std::make_unique<ZsetObject>();
  reader().Each([&](std::string_view member, double score) { object->Append(member, score); });
  return object;
}

bool ZsetWriter::Remove(std::string_view member) {
  if (slot_.packed()) {
    const PackedZset zset(slot_.view());
    const PackedZset::Position at = zset.Find(member);
    if (at == zset.end()) return false;
    PackedZset::Erase(slot_, at);
    return true;
  }
  auto& object = slot_.as<ZsetObject>();
  const ZsetEntry* entry = object.Find(member);
  if (entry == nullptr) return false;
  object.Erase(*entry);
  return true;
}

void ZsetWriter::Remove(RankSpan span) {
  if (span.count == 0) return;
  if (slot_.packed()) return PackedZset::Erase(slot_, span);
  slot_.as<ZsetObject>().Erase(span);
}

}  // namespace corral::storage
