// The set family: intersections, unions and differences.
#include <algorithm>
#include <cstdint>
#include <vector>

#include "server/commands/families.h"
#include "server/commands/set/set_commands.h"
#include "server/commands/stored_result.h"

namespace corral::commands {
namespace {

using command::CommandSpec;
using command::Context;
using command::KeySpec;
using storage::DetachedValue;
using storage::Record;
using storage::Set;
using storage::ValueType;
namespace events = command::events;

// The sets that a command names, in its order. Absent keys are empty sets.
class Inputs {
 public:
  // False, with the reply, when one is something else.
  bool Read(Context& ctx, size_t first, size_t last) {
    bool all_sets = true;
    for (size_t i = first; i < last; ++i) {
      const Record* record = FindForRead(ctx, ctx.Key(i));
      if (!ExpectType(ctx, record, ValueType::kSet)) {
        all_sets = false;
        break;
      }
      if (record != nullptr) {
        sets_.emplace_back(record->value());
        if (i == first) has_first_ = true;
      } else {
        ++absent_;
      }
    }
    return all_sets;
  }

  // Calls visit(member), until it returns false, for each member that all sets have.
  template <class Visit>
  void Intersect(Visit&& visit) {
    if (absent_ != 0 || sets_.empty()) return;
    std::stable_sort(sets_.begin(), sets_.end(),
                     [](const Set& a, const Set& b) { return a.size() < b.size(); });
    bool more = true;
    sets_.front().ForEach([&](const Set::Member& member) {
      if (!more) return;
      for (size_t i = 1; i < sets_.size(); ++i) {
        if (!sets_[i].Contains(member)) return;
      }
      more = visit(member);
    });
  }

  // The members that any set has, those of the first ones first, possibly several times.
  template <class Visit>
  void Unite(Visit&& visit) const {
    for (const Set& set : sets_) set.ForEach(visit);
  }

  // The members of the first key's set that no other has.
  template <class Visit>
  void Subtract(Visit&& visit) {
    if (!has_first_) return;
    // The largest of the others first: it has most.
    std::stable_sort(sets_.begin() + 1, sets_.end(),
                     [](const Set& a, const Set& b) { return a.size() > b.size(); });
    sets_.front().ForEach([&](const Set::Member& member) {
      for (size_t i = 1; i < sets_.size(); ++i) {
        if (sets_[i].Contains(member)) return;
      }
      visit(member);
    });
  }

 private:
  std::vector<Set> sets_;
  size_t absent_ = 0;
  bool has_first_ = false;
};

void ReplyMembers(Context& ctx, const std::vector<Set::Member>& members) {
  ctx.reply.Set(members.size());
  for (const Set::Member& member : members) ReplyElement(ctx.reply, member);
}

// SINTER key [key ...]
void Sinter(Context& ctx) {
  Inputs inputs;
  if (!inputs.Read(ctx, 1, ctx.size())) return;
  std::vector<Set::Member> members;
  inputs.Intersect([&](const Set::Member& member) {
    members.push_back(member);
    return true;
  });
  ReplyMembers(ctx, members);
}

// SINTERSTORE destination key [key ...]
void SinterStore(Context& ctx) {
  Inputs inputs;
  if (!inputs.Read(ctx, 2, ctx.size())) return;
  DetachedValue result(storage::PackedForm::kIntSet);
  inputs.Intersect([&, limits = SetLimitsOf(ctx)](const Set::Member& member) {
    storage::AddToSet(result, member, limits);
    return true;
  });
  StoreResult(ctx, std::move(result), events::kSinterStore);
}

// SINTERCARD numkeys key [key ...] [LIMIT limit]
void SinterCard(Context& ctx) {
  int64_t keys = 0;
  if (!ctx.ReadIntegerInRange(1, 1, INT64_MAX, &keys, "ERR numkeys should be greater than 0")) return;
  if (static_cast<uint64_t>(keys) > ctx.size() - 2) {
    return ctx.reply.Error("ERR Number of keys can't be greater than number of args");
  }
  const size_t end = 2 + static_cast<size_t>(keys);
  int64_t limit = 0;  // none
  for (size_t i = end; i < ctx.size(); i += 2) {
    if (!ctx.Is(i, "LIMIT") || i + 1 >= ctx.size()) return ctx.ReplySyntaxError();
    if (!ctx.ReadIntegerInRange(i + 1, 0, INT64_MAX, &limit, "ERR LIMIT can't be negative")) return;
  }
  Inputs inputs;
  if (!inputs.Read(ctx, 2, end)) return;
  int64_t count = 0;
  inputs.Intersect([&](const Set::Member&) { return ++count != limit; });
  ctx.reply.Integer(count);
}

void Unite(const Context& ctx, const Inputs& inputs, DetachedValue* result) {
  inputs.Unite([&, limits = SetLimitsOf(ctx)](const Set::Member& member) {
    storage::AddToSet(*result, member, limits);
  });
}

// SUNION key [key ...]
void Sunion(Context& ctx) {
  Inputs inputs;
  if (!inputs.Read(ctx, 1, ctx.size())) return;
  DetachedValue result(storage::PackedForm::kIntSet);
  Unite(ctx, inputs, &result);
  const Set set(result.value());
  ctx.reply.Set(set.size());
  set.ForEach([&](const Set::Member& member) { ReplyElement(ctx.reply, member); });
}

// SUNIONSTORE destination key [key ...]
void SunionStore(Context& ctx) {
  Inputs inputs;
  if (!inputs.Read(ctx, 2, ctx.size())) return;
  DetachedValue result(storage::PackedForm::kIntSet);
  Unite(ctx, inputs, &result);
  StoreResult(ctx, std::move(result), events::kSunionStore);
}

// SDIFF key [key ...]
void Sdiff(Context& ctx) {
  Inputs inputs;
  if (!inputs.Read(ctx, 1, ctx.size())) return;
  std::vector<Set::Member> members;
  inputs.Subtract([&](const Set::Member& member) { members.push_back(member); });
  ReplyMembers(ctx, members);
}

// SDIFFSTORE destination key [key ...]
void SdiffStore(Context& ctx) {
  Inputs inputs;
  if (!inputs.Read(ctx, 2, ctx.size())) return;
  DetachedValue result(storage::PackedForm::kIntSet);
  inputs.Subtract([&, limits = SetLimitsOf(ctx)](const Set::Member& member) {
    storage::AddToSet(result, member, limits);
  });
  StoreResult(ctx, std::move(result), events::kSdiffStore);
}

using enum command::Flag;
using enum command::Category;
using enum command::KeyFlag;

constexpr KeySpec kSourceKeys{.flags = kKeyRo | kKeyAccess, .begin_index = 2, .last = -1};
constexpr KeySpec kStoreKeys[] = {{.flags = kKeyOw | kKeyUpdate}, kSourceKeys};
// Redis says of this one that it reads what it replaces.
constexpr KeySpec kInterStoreKeys[] = {{.flags = kKeyRw | kKeyUpdate}, kSourceKeys};
constexpr KeySpec kCountedKeys[] = {{.flags = kKeyRo | kKeyAccess, .find = KeySpec::Find::kKeynum}};
constexpr std::string_view kAnyOrder[] = {"nondeterministic_output_order"};

constexpr CommandSpec kCommands[] = {
    {.name = "sinter",
     .arity = -2,
     .flags = kReadonly,
     .categories = kCatSet,
     .keys = command::kReadKeys,
     .handler = Sinter,
     .group = "set",
     .since = "1.0.0",
     .complexity = "O(N*M), N being the size of the smallest set and M the number of sets.",
     .summary = "Returns the members that all of several sets have.",
     .syntax = "key [key ...]",
     .tips = kAnyOrder},
    {.name = "sinterstore",
     .arity = -3,
     .flags = kWrite | kDenyOom,
     .categories = kCatSet,
     .keys = kInterStoreKeys,
     .handler = SinterStore,
     .group = "set",
     .since = "1.0.0",
     .complexity = "O(N*M), N being the size of the smallest set and M the number of sets.",
     .summary = "Stores the members that all of several sets have.",
     .syntax = "destination key [key ...]"},
    {.name = "sintercard",
     .arity = -3,
     .flags = kReadonly | kMovableKeys,
     .categories = kCatSet,
     .keys = kCountedKeys,
     .handler = SinterCard,
     .group = "set",
     .since = "7.0.0",
     .complexity = "O(N*M), N being the size of the smallest set and M the number of sets.",
     .summary = "Returns how many members all of several sets have.",
     .syntax = "numkeys key [key ...] [LIMIT limit]"},
    {.name = "sunion",
     .arity = -2,
     .flags = kReadonly,
     .categories = kCatSet,
     .keys = command::kReadKeys,
     .handler = Sunion,
     .group = "set",
     .since = "1.0.0",
     .complexity = "O(N), N being the number of members in all.",
     .summary = "Returns the members that any of several sets has.",
     .syntax = "key [key ...]",
     .tips = kAnyOrder},
    {.name = "sunionstore",
     .arity = -3,
     .flags = kWrite | kDenyOom,
     .categories = kCatSet,
     .keys = kStoreKeys,
     .handler = SunionStore,
     .group = "set",
     .since = "1.0.0",
     .complexity = "O(N), N being the number of members in all.",
     .summary = "Stores the members that any of several sets has.",
     .syntax = "destination key [key ...]"},
    {.name = "sdiff",
     .arity = -2,
     .flags = kReadonly,
     .categories = kCatSet,
     .keys = command::kReadKeys,
     .handler = Sdiff,
     .group = "set",
     .since = "1.0.0",
     .complexity = "O(N*M), N being the size of the first set and M the number of sets.",
     .summary = "Returns the members of the first set that the others lack.",
     .syntax = "key [key ...]",
     .tips = kAnyOrder},
    {.name = "sdiffstore",
     .arity = -3,
     .flags = kWrite | kDenyOom,
     .categories = kCatSet,
     .keys = kStoreKeys,
     .handler = SdiffStore,
     .group = "set",
     .since = "1.0.0",
     .complexity = "O(N*M), N being the size of the first set and M the number of sets.",
     .summary = "Stores the members of the first set that the others lack.",
     .syntax = "destination key [key ...]"},
};

}  // namespace

std::span<const CommandSpec> SetCombineCommands() { return kCommands; }

}  // namespace corral::commands
