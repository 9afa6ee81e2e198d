// SORT and SORT_RO: the elements of a list, a set or a sorted set in another order, or values that belong to
// them.
#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/commands/families.h"
#include "server/commands/list_limit.h"
#include "server/commands/sort/sort_pattern.h"
#include "server/commands/stored_result.h"
#include "storage/base/ascii.h"
#include "storage/types/list.h"
#include "storage/types/list_cursor.h"
#include "storage/types/set.h"
#include "storage/types/zset.h"

namespace corral::commands {
namespace {

using command::CommandSpec;
using command::Context;
using command::KeySpec;
using storage::Record;
using storage::ValueType;
using storage::ValueView;

using Arguments = std::span<const std::string_view>;

class Sort {
 public:
  Sort(Context& ctx, bool may_store) : ctx_(ctx), may_store_(may_store) {}

  void Run();

 private:
  struct Element {
    std::string text;
    // What it is compared by, if not by its text: a number, 0 where there is no value for it, or with ALPHA a
    // value, if there is one.
    double score = 0;
    std::optional<std::string> value;
  };
  // Elements by their place in the result.
  struct Span {
    uint64_t first = 0, count = 0;
  };

  // These return false after a mistake, which is answered.
  bool ReadOptions();
  bool ReadOption(size_t* at);
  bool ReadFlag(size_t i);
  bool Load();
  bool Weigh();

  Span Wanted(uint64_t size) const;
  void LoadList(const ValueView& list, Span span);
  void LoadZset(const ValueView& zset, Span span);
  void LoadSet(const ValueView& set);
  int Compare(const Element& a, const Element& b) const;
  int CompareTexts(const std::string& a, const std::string& b) const;
  void Order();
  void Reply() const;
  void Store() const;

  Context& ctx_;
  const bool may_store_;
  bool descending_ = false, alpha_ = false;
  bool sorts_ = true;  // false: BY names the same for every element
  int64_t offset_ = 0, count_ = -1;
  size_t destination_ = 0;  // 0: none
  std::optional<SortPattern> by_;
  std::vector<SortPattern> gets_;
  std::vector<Element> elements_;      // of the source, or those wanted if they need no sorting
  std::vector<const Element*> order_;  // all of them
  Span wanted_;                        // among those
};

bool Sort::ReadFlag(size_t i) {
  if (ctx_.Is(i, "ASC")) {
    descending_ = false;
  } else if (ctx_.Is(i, "DESC")) {
    descending_ = true;
  } else if (ctx_.Is(i, "ALPHA")) {
    alpha_ = true;
  } else {
    return false;
  }
  return true;
}

// Reads the option at `*at`, which becomes its last argument.
bool Sort::ReadOption(size_t* at) {
  const size_t i = *at, behind = ctx_.size() - i - 1;
  if (ReadFlag(i)) return true;
  if (behind >= 2 && ctx_.Is(i, "LIMIT")) {
    *at += 2;
    return ctx_.ReadInteger(i + 1, &offset_) && ctx_.ReadInteger(i + 2, &count_);
  }
  *at += 1;
  if (behind >= 1 && may_store_ && ctx_.Is(i, "STORE")) {
    destination_ = i + 1;
  } else if (behind >= 1 && ctx_.Is(i, "BY")) {
    by_.emplace(ctx_[i + 1]);
    if (!by_->names_keys()) sorts_ = false;
  } else if (behind >= 1 && ctx_.Is(i, "GET")) {
    gets_.emplace_back(ctx_[i + 1]);
  } else {
    ctx_.ReplySyntaxError();
    return false;
  }
  return true;
}

bool Sort::ReadOptions() {
  for (size_t at = 2; at < ctx_.size(); ++at) {
    if (!ReadOption(&at)) return false;
  }
  return true;
}

// What LIMIT leaves of so many; a negative count is all.
Sort::Span Sort::Wanted(uint64_t size) const {
  const uint64_t first = std::min(static_cast<uint64_t>(std::max<int64_t>(offset_, 0)), size);
  const uint64_t rest = size - first;
  return {first, count_ < 0 ? rest : std::min(static_cast<uint64_t>(count_), rest)};
}

void Sort::LoadList(const ValueView& list, Span span) {
  if (span.count == 0) return;
  const bool backwards = !sorts_ && descending_;
  storage::ListCursor cursor(list, backwards ? list.size() - 1 - span.first : span.first);
  storage::IntegerText scratch;
  for (uint64_t left = span.count; left > 0; --left) {
    elements_.push_back({.text = std::string((*cursor).Text(scratch)), .value = {}});
    backwards ? cursor.Previous() : cursor.Next();
  }
}

void Sort::LoadZset(const ValueView& zset, Span span) {
  const bool backwards = !sorts_ && descending_;
  const storage::RankSpan ranks{backwards ? zset.size() - span.first - span.count : span.first, span.count};
  storage::ZsetReader(zset).Each(ranks,
                                 backwards ? storage::ZsetOrder::kDescending : storage::ZsetOrder::kAscending,
                                 [&](std::string_view member, double) {
                                   elements_.push_back({.text = std::string(member), .value = {}});
                                 });
}

void Sort::LoadSet(const ValueView& set) {
  storage::IntegerText scratch;
  storage::Set(set).ForEach([&](const storage::Set::Member& member) {
    elements_.push_back({.text = std::string(member.Text(scratch)), .value = {}});
  });
}

bool Sort::Load() {
  const Record* record = FindForRead(ctx_, ctx_.Key(1));
  if (record == nullptr) return true;
  const ValueType type = record->type();
  if (type != ValueType::kList && type != ValueType::kSet && type != ValueType::kZset) {
    ctx_.reply.Error(protocol::wire::kWrongType);
    return false;
  }
  const ValueView value = record->value();
  wanted_ = Wanted(value.size());
  // A set has no order of its own that another server would repeat, so what is stored of it is sorted.
  if (!sorts_ && type == ValueType::kSet && destination_ != 0) {
    sorts_ = alpha_ = true;
    by_.reset();
  }
  const bool whole = sorts_ || type == ValueType::kSet;
  const Span loaded = whole ? Span{0, value.size()} : wanted_;
  if (!whole) wanted_.first = 0;
  elements_.reserve(loaded.count);
  if (type == ValueType::kList) {
    LoadList(value, loaded);
  } else if (type == ValueType::kZset) {
    LoadZset(value, loaded);
  } else {
    LoadSet(value);
  }
  order_.reserve(elements_.size());
  for (const Element& element : elements_) order_.push_back(&element);
  return true;
}

// As C reads a number: blanks before it, and nothing at all, are allowed, what is too large or too small is
// not.
bool ReadScore(const std::string& text, double* score) {
  char* end = nullptr;
  errno = 0;
  *score = std::strtod(text.c_str(), &end);
  return *end == '\0' && errno != ERANGE && !std::isnan(*score);
}

// Finds what each element is compared by.
bool Sort::Weigh() {
  if (alpha_ && !by_) return true;
  bool numeric = true;
  for (Element& element : elements_) {
    std::optional<std::string> value = by_ ? by_->ValueFor(ctx_, element.text) : element.text;
    if (alpha_) {
      element.value = std::move(value);
    } else if (value) {
      numeric = ReadScore(*value, &element.score) && numeric;
    }
  }
  if (!numeric) ctx_.reply.Error("ERR One or more scores can't be converted into double");
  return numeric;
}

// What is stored does not depend on the locale.
int Sort::CompareTexts(const std::string& a, const std::string& b) const {
  return destination_ != 0 ? a.compare(b) : std::strcoll(a.c_str(), b.c_str());
}

int Sort::Compare(const Element& a, const Element& b) const {
  if (!alpha_) {
    if (a.score != b.score) return a.score < b.score ? -1 : 1;
    return a.text.compare(b.text);
  }
  if (!by_) return CompareTexts(a.text, b.text);
  if (!a.value || !b.value)
    return static_cast<int>(a.value.has_value()) - static_cast<int>(b.value.has_value());
  return CompareTexts(*a.value, *b.value);
}

// Only those that are wanted: LIMIT leaves the rest in any order. What compares the same stays in the order
// of the source.
void Sort::Order() {
  const auto before = [this](const Element* a, const Element* b) {
    const int compared = descending_ ? Compare(*b, *a) : Compare(*a, *b);
    return compared != 0 ? compared < 0 : a < b;
  };
  const auto first = order_.begin() + static_cast<int64_t>(wanted_.first);
  const auto end = first + static_cast<int64_t>(wanted_.count);
  if (first != order_.begin()) std::nth_element(order_.begin(), first, order_.end(), before);
  if (end != order_.end()) std::nth_element(first, end, order_.end(), before);
  std::sort(first, end, before);
}

void Sort::Reply() const {
  ctx_.reply.Array(wanted_.count * std::max<size_t>(gets_.size(), 1));
  for (uint64_t i = wanted_.first; i < wanted_.first + wanted_.count; ++i) {
    if (gets_.empty()) ctx_.reply.Bulk(order_[i]->text);
    for (const SortPattern& get : gets_) {
      if (const std::optional<std::string> value = get.ValueFor(ctx_, order_[i]->text)) {
        ctx_.reply.Bulk(*value);
      } else {
        ctx_.reply.Null();
      }
    }
  }
}

void Sort::Store() const {
  storage::DetachedValue result(storage::PackedForm::kList);
  storage::List list(result, LimitOfLists(ctx_));
  const auto append = [&](std::string_view text) {
    list.Expect(1, text.size());
    list.Insert(list.size(), text);
  };
  for (uint64_t i = wanted_.first; i < wanted_.first + wanted_.count; ++i) {
    if (gets_.empty()) append(order_[i]->text);
    for (const SortPattern& get : gets_) append(get.ValueFor(ctx_, order_[i]->text).value_or(std::string()));
  }
  StoreResult(ctx_, ctx_.Key(destination_), std::move(result),
              command::events::kSortStore.Times(list.size()));
}

void Sort::Run() {
  if (!ReadOptions() || !Load()) return;
  if (sorts_) {
    if (!Weigh()) return;
    Order();
  }
  if (destination_ != 0) return Store();
  Reply();
}

// SORT key [BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] [ASC | DESC] [ALPHA]
//   [STORE destination]
void SortAndStore(Context& ctx) { Sort(ctx, true).Run(); }

// SORT_RO: without STORE
void SortRo(Context& ctx) { Sort(ctx, false).Run(); }

bool IsPattern(std::string_view option) {
  return storage::EqualInAnyCase(option, "BY") || storage::EqualInAnyCase(option, "GET");
}
bool IsStore(std::string_view option) { return storage::EqualInAnyCase(option, "STORE"); }

// How many arguments an option has; 0 for a word that is none. What stands there is no option itself, even if
// it is called like one.
size_t ArgumentsOf(std::string_view option) {
  if (storage::EqualInAnyCase(option, "LIMIT")) return 2;
  return IsPattern(option) || IsStore(option) ? 1 : 0;
}

// Whether BY or GET names other keys, which only the elements tell.
bool NamesOtherKeys(Arguments arguments) {
  for (size_t i = 2; i + 1 < arguments.size(); i += 1 + ArgumentsOf(arguments[i])) {
    if (IsPattern(arguments[i]) && SortPattern(arguments[i + 1]).names_keys()) return true;
  }
  return false;
}

// The last STORE counts.
size_t Destination(Arguments arguments) {
  size_t destination = 0;
  for (size_t i = 2; i + 1 < arguments.size(); i += 1 + ArgumentsOf(arguments[i])) {
    if (IsStore(arguments[i])) destination = i + 1;
  }
  return destination;
}

// BY and GET have no position of their own: NamesOtherKeys says when there are such keys.
size_t Nowhere(Arguments) { return 0; }

using enum command::Flag;
using enum command::Category;
using enum command::KeyFlag;

constexpr KeySpec kSourceKey{.flags = kKeyRo | kKeyAccess};
constexpr KeySpec kOtherKeys{
    .flags = kKeyRo | kKeyAccess,
    .begin = KeySpec::Begin::kUnknown,
    .find = KeySpec::Find::kUnknown,
    .notes = "The keys of BY and GET are made of the elements, so the arguments do not tell them.",
    .position_of = Nowhere};
constexpr KeySpec kSortKeys[] = {
    kSourceKey, kOtherKeys,
    KeySpec{.flags = kKeyOw | kKeyUpdate,
            .begin = KeySpec::Begin::kUnknown,
            .find = KeySpec::Find::kUnknown,
            .notes = "STORE may stand anywhere among the options, and the last one counts.",
            .position_of = Destination}};
constexpr KeySpec kSortRoKeys[] = {kSourceKey, kOtherKeys};

constexpr uint32_t kCategories = kCatSet | kCatSortedSet | kCatList | kCatDangerous;
constexpr std::string_view kCost =
    "O(N*log(N)+M), N being the elements that are sorted and M those returned; O(N+M) if nothing is sorted.";

constexpr CommandSpec kCommands[] = {
    {.name = "sort",
     .arity = -2,
     .flags = kWrite | kDenyOom | kMovableKeys,
     .categories = kCategories,
     .keys = kSortKeys,
     .handler = SortAndStore,
     .group = "generic",
     .since = "1.0.0",
     .complexity = kCost,
     .summary = "Sorts the elements of a list, a set or a sorted set, and returns or stores them.",
     .syntax = "key [BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] order=[ASC | DESC] "
               "[sorting=ALPHA] [STORE destination]",
     .reaches_more = NamesOtherKeys},
    {.name = "sort_ro",
     .arity = -2,
     .flags = kReadonly | kMovableKeys,
     .categories = kCategories,
     .keys = kSortRoKeys,
     .handler = SortRo,
     .group = "generic",
     .since = "7.0.0",
     .complexity = kCost,
     .summary = "Sorts the elements of a list, a set or a sorted set, and returns them.",
     .syntax = "key [BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] order=[ASC | DESC] "
               "[sorting=ALPHA]",
     .reaches_more = NamesOtherKeys},
};

}  // namespace

std::span<const CommandSpec> SortCommands() { return kCommands; }

}  // namespace corral::commands
