// The slow log: a bounded list of cut commands, newest first.
#include "server/telemetry/slowlog.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "server/telemetry/redaction.h"

namespace corral::telemetry {
namespace {

std::string CutArgument(std::string_view argument) {
  if (argument.size() <= Slowlog::kMaxArgumentBytes) return std::string(argument);
  return fmt::format("{}... ({} more bytes)", argument.substr(0, Slowlog::kMaxArgumentBytes),
                     argument.size() - Slowlog::kMaxArgumentBytes);
}

}  // namespace

void Slowlog::Add(std::span<const std::string_view> command, int64_t unix_seconds, int64_t duration_us,
                  std::string peer, std::string client_name, size_t max_entries) {
  Entry entry{.id = 0,
              .unix_seconds = unix_seconds,
              .duration_us = duration_us,
              .arguments = {},
              .peer = std::move(peer),
              .client_name = std::move(client_name)};
  const std::vector<std::string_view> arguments = Redacted(command);
  // The last kept place tells how many arguments are left out.
  const bool cut = arguments.size() > kMaxArguments;
  const size_t shown = cut ? kMaxArguments - 1 : arguments.size();
  entry.arguments.reserve(shown + cut);
  for (size_t i = 0; i < shown; ++i) entry.arguments.push_back(CutArgument(arguments[i]));
  if (cut) entry.arguments.push_back(fmt::format("... ({} more arguments)", arguments.size() - shown));

  std::lock_guard lock(mutex_);
  entry.id = next_id_++;
  entries_.push_front(std::move(entry));
  while (entries_.size() > max_entries) entries_.pop_back();
}

std::vector<Slowlog::Entry> Slowlog::Newest(int64_t count) const {
  std::lock_guard lock(mutex_);
  const size_t wanted = count < 0 ? entries_.size() : std::min(entries_.size(), static_cast<size_t>(count));
  return {entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(wanted)};
}

size_t Slowlog::size() const {
  std::lock_guard lock(mutex_);
  return entries_.size();
}

void Slowlog::Clear() {
  std::lock_guard lock(mutex_);
  entries_.clear();
}

}  // namespace corral::telemetry
