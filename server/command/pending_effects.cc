#include "server/command/pending_effects.h"

#include "storage/base/capacity.h"
#include "storage/base/invariant.h"
#include "storage/base/number.h"

namespace corral::command {
namespace {

thread_local PendingEffects* of_thread = nullptr;

}  // namespace

void EffectArgument::AppendTo(std::string* bytes) const {
  if (!is_number_) {
    bytes->append(text_);
    return;
  }
  char digits[storage::kIntegerDigits];
  bytes->append(digits, storage::FormatInt64(number_, digits));
}

PendingEffects::~PendingEffects() {
  if (of_thread == this) of_thread = nullptr;
}

void PendingEffects::Bind() { of_thread = this; }

PendingEffects& PendingEffects::OfThread() {
  storage::Require(of_thread != nullptr, "effects: a key changes on a thread that is no worker");
  return *of_thread;
}

void PendingEffects::End(EffectLog& log) {
  if (--depth_ == 0 && !spans_.empty()) Flush(log);
}

void PendingEffects::End(EffectLog& log, const Effect& last) {
  if (depth_ == 1 && spans_.empty()) [[likely]] {
    depth_ = 0;
    return log.Append({&last, 1});
  }
  Add(last);
  End(log);
}

void PendingEffects::Add(int database, std::span<const EffectArgument> arguments) {
  for (const EffectArgument& argument : arguments) {
    argument.AppendTo(&bytes_);
    argument_ends_.push_back(bytes_.size());
  }
  spans_.push_back({database, argument_ends_.size()});
}

void PendingEffects::Add(const Effect& effect) {
  for (std::string_view argument : effect.arguments) {
    bytes_.append(argument);
    argument_ends_.push_back(bytes_.size());
  }
  spans_.push_back({effect.database, argument_ends_.size()});
}

void PendingEffects::Remove(EffectLog& log, const Effect& removal) {
  if (spans_.empty()) {
    log.Append({&removal, 1});
  } else {
    Add(removal);
  }
}

void PendingEffects::Flush(EffectLog& log) {
  const std::string_view bytes = bytes_;
  size_t begin = 0;
  for (const size_t end : argument_ends_) {
    arguments_.push_back(bytes.substr(begin, end - begin));
    begin = end;
  }
  begin = 0;
  for (const Span& span : spans_) {
    effects_.push_back({span.database, std::span(arguments_).subspan(begin, span.arguments_end - begin)});
    begin = span.arguments_end;
  }
  log.Append(effects_);
  Clear();
}

void PendingEffects::Clear() {
  const auto clear = [](auto&... arrays) { (..., (arrays.clear(), storage::GiveBack(arrays))); };
  clear(spans_, argument_ends_, bytes_, arguments_, effects_);
}

}  // namespace corral::command
