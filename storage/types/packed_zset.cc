#include "storage/types/packed_zset.h"

#include <algorithm>

namespace corral::storage {
namespace {

// Redis keeps a score that is an integer of at most 62 bits as one, and others as text.
bool IsInteger(double score, int64_t* integer) {
  if (!(score >= -0x1p62 && score <= 0x1p62)) return false;
  *integer = static_cast<int64_t>(score);
  return static_cast<double>(*integer) == score;
}

}  // namespace

size_t PackedZset::FormatScore(double score, char* out) {
  int64_t integer;
  return IsInteger(score, &integer) ? FormatInt64(integer, out) : FormatDouble(score, out);
}

double PackedZset::ScoreAt(Position member) const {
  const PackedList::Element element = list_[list_.Next(member)];
  if (element.is_integer) return static_cast<double>(element.integer);
  double score = 0;
  ParseDouble(element.text, &score);
  return score;
}

std::optional<uint64_t> PackedZset::Rank(std::string_view member, double* score) const {
  size_t rank = 0;
  const Position found = list_.FindName(PackedElement(member), 2, PackedList::kHeaderBytes, &rank);
  if (found == end()) return std::nullopt;
  *score = ScoreAt(found);
  return rank;
}

template <class Before>
PackedZset::Place PackedZset::FirstNotBefore(const Before& before) const {
  using Met = PackedList::Group::Met;
  const auto [met, member, index] = list_.FromBothEnds<2>(
      list_.begin(), [&](Position at) { return !before(at); }, [&](Position at) { return before(at); });
  if (met == Met::kFromEnd) return {list_.Next(list_.Next(member)), index + 1};
  return {member, index};
}

RankSpan PackedZset::Ranks(const ScoreRange& range) const {
  const uint64_t first = FirstNotBefore([&](Position at) { return !range.Starts(ScoreAt(at)); }).rank;
  const uint64_t end = FirstNotBefore([&](Position at) { return !range.Ends(ScoreAt(at)); }).rank;
  return {first, std::max(end, first) - first};
}

RankSpan PackedZset::Ranks(const LexRange& range) const {
  RankSpan span;
  for (Position at = list_.begin(); at != list_.end(); at = list_.Next(list_.Next(at))) {
    IntegerText scratch;
    const std::string_view member = list_[at].Text(scratch);
    const bool starts = span.count > 0 || range.Starts(member);
    if (starts && range.Ends(member)) break;
    ++(starts ? span.count : span.first);
  }
  return span;
}

void PackedZset::Insert(PackedBuffer& buffer, std::string_view member, double score) {
  const PackedZset zset(buffer.view());
  const Place place = zset.FirstNotBefore([&](Position at) {
    const double other = zset.ScoreAt(at);
    if (other != score) return other < score;
    IntegerText scratch;
    return zset.list_[at].Text(scratch) < member;
  });
  Insert(buffer, place.at, member, score);
}

void PackedZset::Append(PackedBuffer& buffer, std::string_view member, double score) {
  Insert(buffer, PackedList(buffer.view()).end(), member, score);
}

void PackedZset::Insert(PackedBuffer& buffer, Position at, std::string_view member, double score) {
  char text[kDoubleChars];
  int64_t integer;
  const PackedElement elements[] = {PackedElement(member),
                                    IsInteger(score, &integer)
                                        ? PackedElement(integer)
                                        : PackedElement(std::string_view(text, FormatDouble(score, text)))};
  PackedList::Splice(buffer, at, at, 0, elements, 2);
}

void PackedZset::Erase(PackedBuffer& buffer, RankSpan span) {
  if (span.count == 0) return;
  PackedList::Erase(buffer, PackedZset(buffer.view()).At(span.first), 2 * span.count);
}

}  // namespace corral::storage
