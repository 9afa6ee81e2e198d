#include "storage/types/packed_zset.h"

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
  const Position found = Find(member);
  if (found == end()) return std::nullopt;
  uint64_t rank = 0;
  for (Position at = list_.begin(); at != found; at = list_.Next(list_.Next(at))) ++rank;
  *score = ScoreAt(found);
  return rank;
}

RankSpan PackedZset::Ranks(const ScoreRange& range) const {
  RankSpan span;
  for (Position at = list_.begin(); at != list_.end(); at = list_.Next(list_.Next(at))) {
    const double score = ScoreAt(at);
    if (range.Ends(score)) break;
    ++(range.Starts(score) ? span.count : span.first);
  }
  return span;
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
  const PackedList& list = zset.list_;
  Position at = list.begin();
  for (; at != list.end(); at = list.Next(list.Next(at))) {
    const double other = zset.ScoreAt(at);
    if (other < score) continue;
    IntegerText scratch;
    if (other > score || list[at].Text(scratch) > member) break;
  }
  Insert(buffer, at, member, score);
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
