#include "storage/types/value.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "storage/types/int_set.h"
#include "storage/types/packed_hash_ex.h"
#include "storage/types/packed_list.h"

namespace corral::storage {
namespace {

// How many elements of the packed list make one of the value.
size_t Stride(PackedForm form) {
  switch (form) {
    case PackedForm::kHash:
    case PackedForm::kZset:
      return 2;
    case PackedForm::kHashEx:
      return 3;
    default:
      return 1;
  }
}

std::optional<double> ScoreOf(const PackedList::Element& element) {
  if (element.is_integer) return static_cast<double>(element.integer);
  double score;
  if (!ParseDouble(element.text, &score) || std::isnan(score)) return std::nullopt;
  return score;
}

bool NoneTwice(std::vector<std::string>& names) {
  std::sort(names.begin(), names.end());
  return std::adjacent_find(names.begin(), names.end()) == names.end();
}

}  // namespace

ValueType TypeOf(PackedForm form) {
  switch (form) {
    case PackedForm::kList:
      return ValueType::kList;
    case PackedForm::kHash:
    case PackedForm::kHashEx:
      return ValueType::kHash;
    case PackedForm::kSet:
    case PackedForm::kIntSet:
      return ValueType::kSet;
    case PackedForm::kZset:
      return ValueType::kZset;
  }
  __builtin_unreachable();
}

Encoding EncodingOf(PackedForm form) {
  if (form == PackedForm::kIntSet) return Encoding::kIntset;
  return form == PackedForm::kHashEx ? Encoding::kListpackEx : Encoding::kListpack;
}

std::string_view EmptyOf(PackedForm form) {
  if (form == PackedForm::kIntSet) return {IntSet::kEmpty, IntSet::kHeaderBytes};
  return {PackedList::kEmpty, PackedList::kEmptyBytes};
}

bool IsEmpty(PackedForm form, std::string_view bytes) { return bytes.size() == EmptyOf(form).size(); }

size_t SizeOf(PackedForm form, std::string_view bytes) {
  if (form == PackedForm::kIntSet) return IntSet(bytes).count();
  return PackedList(bytes).count() / Stride(form);
}

int64_t NextDeadline(PackedForm form, std::string_view bytes) {
  return form == PackedForm::kHashEx ? PackedHashEx(bytes).next_deadline_ms() : kNoExpiry;
}

void Save(PackedForm form, std::string_view bytes, ValueSink& sink) {
  IntegerText scratch[3];
  std::string_view parts[3];
  if (form == PackedForm::kIntSet) {
    const IntSet set(bytes);
    for (size_t i = 0; i < set.count(); ++i) {
      parts[0] = {scratch[0].digits, FormatInt64(set[i], scratch[0].digits)};
      sink.Element({parts, 1});
    }
    return;
  }
  char score[kDoubleChars];
  const PackedList list(bytes);
  const size_t stride = Stride(form);
  for (auto at = list.begin(); at != list.end();) {
    for (size_t i = 0; i < stride; ++i, at = list.Next(at)) {
      const PackedList::Element element = list[at];
      parts[i] = element.Text(scratch[i]);
      if (form == PackedForm::kZset && i == 1) {
        parts[1] = {score, FormatDouble(*ScoreOf(element), score)};
      }
    }
    const bool persists = form == PackedForm::kHashEx && parts[2] == "0";
    sink.Element({parts, persists ? 2 : stride});
  }
}

bool Valid(PackedForm form, std::string_view bytes) {
  if (form == PackedForm::kIntSet) return IntSet::Valid(bytes);
  if (!PackedList::Valid(bytes)) return false;
  const PackedList list(bytes);
  if (form == PackedForm::kList) return true;
  const size_t stride = Stride(form);
  if (list.count() % stride != 0) return false;
  std::vector<std::string> names;
  double last_score = 0;
  int64_t last_expiry_ms = 0;
  for (auto at = list.begin(); at != list.end(); at = list.Next(at)) {
    IntegerText scratch;
    names.emplace_back(list[at].Text(scratch));
    if (form == PackedForm::kZset) {
      at = list.Next(at);
      const std::optional<double> score = ScoreOf(list[at]);
      const size_t count = names.size();
      if (!score || (count > 1 && (*score < last_score ||
                                   (*score == last_score && names[count - 1] <= names[count - 2])))) {
        return false;
      }
      last_score = *score;
    } else if (form == PackedForm::kHash) {
      at = list.Next(at);
    } else if (form == PackedForm::kHashEx) {
      at = list.Next(list.Next(at));
      const PackedList::Element expiry = list[at];
      if (!expiry.is_integer || expiry.integer < 0 || expiry.integer > kLatestFieldExpiryMs) return false;
      const int64_t expiry_ms = expiry.integer == 0 ? INT64_MAX : expiry.integer;
      if (expiry_ms < last_expiry_ms) return false;
      last_expiry_ms = expiry_ms;
    }
  }
  return NoneTwice(names);
}

}  // namespace corral::storage
