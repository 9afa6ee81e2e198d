#include "server/config/forms.h"

#include <fmt/format.h>

#include "server/config/line.h"
#include "server/config/value.h"
#include "storage/base/ascii.h"
#include "storage/base/number.h"

namespace corral::config {
namespace {

using Words = std::vector<std::string>;

constexpr size_t kMostBindAddresses = 16;

bool IsEmptyValue(const Words& words) { return words.empty() || (words.size() == 1 && words[0].empty()); }

std::string Joined(const Words& words) { return fmt::format("{}", fmt::join(words, " ")); }

// bind

Result ParseBind(const Words& words, Stage, Settings* settings) {
  if (words.size() > kMostBindAddresses) return Result::Error("Too many bind addresses specified.");
  for (const std::string& address : words) {
    if (address.find('\0') != std::string::npos) return Result::Error("argument must not contain a NUL byte");
  }
  settings->bind = IsEmptyValue(words) ? Words() : words;
  return Result::Ok();
}

std::string FormatBind(const Settings& settings) { return Joined(settings.bind); }

// client-output-buffer-limit

int FindClientClass(std::string_view name) {
  if (storage::EqualInAnyCase(name, "normal")) return kNormalClients;
  if (storage::EqualInAnyCase(name, "slave") || storage::EqualInAnyCase(name, "replica"))
    return kReplicaClients;
  if (storage::EqualInAnyCase(name, "pubsub")) return kPubsubClients;
  return -1;
}

Result ParseBufferLimits(const Words& words, Stage, Settings* settings) {
  if (words.size() % 4 != 0) {
    return Result::Error("Wrong number of arguments in buffer limit configuration.");
  }
  BufferLimit limits[kClientClasses];
  std::copy_n(settings->client_output_buffer_limits, kClientClasses, limits);
  for (size_t i = 0; i < words.size(); i += 4) {
    const int client_class = FindClientClass(words[i]);
    if (client_class < 0) {
      return Result::Error("Invalid client class specified in buffer limit configuration.");
    }
    const auto hard = ParseMemory(words[i + 1]);
    const auto soft = ParseMemory(words[i + 2]);
    int64_t seconds = 0;
    if (!hard || !soft || !storage::ParseInt64(words[i + 3], &seconds) || seconds < 0) {
      return Result::Error("Error in hard, soft or soft_seconds setting in buffer limit configuration.");
    }
    limits[client_class] = {*hard, *soft, seconds};
  }
  std::copy_n(limits, kClientClasses, settings->client_output_buffer_limits);
  return Result::Ok();
}

std::string FormatBufferLimits(const Settings& settings) {
  constexpr std::string_view kNames[] = {"normal", "slave", "pubsub"};
  std::string text;
  for (int i = 0; i < kClientClasses; ++i) {
    const BufferLimit& limit = settings.client_output_buffer_limits[i];
    if (i > 0) text += ' ';
    text += fmt::format("{} {} {} {}", kNames[i], limit.hard_bytes, limit.soft_bytes, limit.soft_seconds);
  }
  return text;
}

Words BufferLimitLines(const Settings& settings) {
  constexpr std::string_view kNames[] = {"normal", "replica", "pubsub"};
  Words lines;
  for (int i = 0; i < kClientClasses; ++i) {
    const BufferLimit& limit = settings.client_output_buffer_limits[i];
    lines.push_back(fmt::format("{} {} {} {}", kNames[i], ShortMemory(limit.hard_bytes),
                                ShortMemory(limit.soft_bytes), limit.soft_seconds));
  }
  return lines;
}

// latency-tracking-info-percentiles

Result ParsePercentiles(const Words& words, Stage, Settings* settings) {
  std::vector<double> percentiles;
  if (!IsEmptyValue(words)) {
    for (const std::string& word : words) {
      double& percentile = percentiles.emplace_back();
      if (!storage::ParseDouble(word, &percentile)) {
        return Result::Error("Invalid latency-tracking-info-percentiles parameters");
      }
      if (!(percentile >= 0.0 && percentile <= 100.0)) {
        return Result::Error("latency-tracking-info-percentiles parameters should sit between [0.0,100.0]");
      }
    }
  }
  settings->latency_tracking_info_percentiles = std::move(percentiles);
  return Result::Ok();
}

std::string FormatPercentiles(const Settings& settings) {
  Words texts;
  for (const double percentile : settings.latency_tracking_info_percentiles) {
    std::string text = fmt::format("{:f}", percentile);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.ends_with('.')) text.pop_back();
    texts.push_back(std::move(text));
  }
  return Joined(texts);
}

// oom-score-adj-values

Result ParseOomValues(const Words& words, Stage, Settings* settings) {
  constexpr size_t kValues = std::size(decltype(Settings::oom_score_adj_values){});
  if (words.size() != kValues) return Result::Error("wrong number of arguments");
  int values[kValues];
  for (size_t i = 0; i < kValues; ++i) {
    int64_t value = 0;
    if (!storage::ParseInt64(words[i], &value) || value < -2000 || value > 2000) {
      return Result::Error("Invalid oom-score-adj-values, elements must be between -2000 and 2000.");
    }
    values[i] = static_cast<int>(value);
  }
  std::copy_n(values, kValues, settings->oom_score_adj_values);
  return Result::Ok();
}

std::string FormatOomValues(const Settings& settings) {
  return fmt::format("{}", fmt::join(settings.oom_score_adj_values, " "));
}

// notify-keyspace-events

struct EventLetter {
  char letter;
  uint32_t flag;
};

constexpr EventLetter kClasses[] = {
    {'g', kNotifyGeneric}, {'$', kNotifyString}, {'l', kNotifyList},    {'s', kNotifySet},
    {'h', kNotifyHash},    {'z', kNotifyZset},   {'x', kNotifyExpired}, {'e', kNotifyEvicted},
    {'t', kNotifyStream},  {'d', kNotifyModule}, {'n', kNotifyNew},
};
constexpr EventLetter kBesides[] = {{'K', kNotifyKeyspace}, {'E', kNotifyKeyevent}, {'m', kNotifyKeyMiss}};

uint32_t FindEventFlag(char letter) {
  if (letter == 'A') return kNotifyAll;
  for (const EventLetter& row : kClasses) {
    if (row.letter == letter) return row.flag;
  }
  for (const EventLetter& row : kBesides) {
    if (row.letter == letter) return row.flag;
  }
  return 0;
}

Result ParseNotify(const Words& words, Stage, Settings* settings) {
  uint32_t flags = 0;
  for (const char letter : words[0]) {
    const uint32_t flag = FindEventFlag(letter);
    if (flag == 0) return Result::Error("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.");
    flags |= flag;
  }
  settings->notify_keyspace_events = flags;
  return Result::Ok();
}

// As Redis prints it, which leaves out 'n' beside 'A'.
std::string FormatNotify(const Settings& settings) {
  const uint32_t flags = settings.notify_keyspace_events;
  std::string text;
  if ((flags & kNotifyAll) == kNotifyAll) {
    text += 'A';
  } else {
    for (const EventLetter& row : kClasses) {
      if ((flags & row.flag) != 0) text += row.letter;
    }
  }
  for (const EventLetter& row : kBesides) {
    if ((flags & row.flag) != 0) text += row.letter;
  }
  return text;
}

// In a file nothing may get lost, so 'n' is there.
Words NotifyLines(const Settings& settings) {
  std::string text = FormatNotify(settings);
  if (text.starts_with('A') && (settings.notify_keyspace_events & kNotifyNew) != 0) text += 'n';
  return {Quoted(text)};
}

// save

Result ParseSave(const Words& words, Stage stage, Settings* settings) {
  std::vector<SavePoint> points;
  if (!IsEmptyValue(words)) {
    if (words.size() % 2 != 0) return Result::Error("Invalid save parameters");
    // The lines of a file add up, until `save ""` forgets them.
    if (stage == Stage::kStartup) points = settings->save;
    for (size_t i = 0; i < words.size(); i += 2) {
      SavePoint& point = points.emplace_back();
      if (!storage::ParseInt64(words[i], &point.seconds) || point.seconds < 1 ||
          !storage::ParseInt64(words[i + 1], &point.changes) || point.changes < 0) {
        return Result::Error("Invalid save parameters");
      }
    }
  }
  settings->save = std::move(points);
  return Result::Ok();
}

Words SaveLines(const Settings& settings) {
  Words lines;
  for (const SavePoint& point : settings.save)
    lines.push_back(fmt::format("{} {}", point.seconds, point.changes));
  if (lines.empty()) lines.push_back("\"\"");
  return lines;
}

std::string FormatSave(const Settings& settings) {
  return settings.save.empty() ? std::string() : Joined(SaveLines(settings));
}

// replicaof

Result ParseReplicaOf(const Words& words, Stage, Settings*) {
  if (IsEmptyValue(words)) return Result::Ok();
  if (words.size() != 2) return Result::Error("wrong number of arguments");
  if (storage::EqualInAnyCase(words[0], "no") && storage::EqualInAnyCase(words[1], "one"))
    return Result::Ok();
  int64_t port = 0;
  if (!storage::ParseInt64(words[1], &port) || port < 0 || port > 65535)
    return Result::Error("Invalid master port");
  return Result::Error("this version of Corral cannot be a replica; allowed: no one");
}

std::string FormatReplicaOf(const Settings&) { return std::string(); }

}  // namespace

const Form kBindForm = {ParseBind, FormatBind};
const Form kBufferLimitForm = {ParseBufferLimits, FormatBufferLimits, BufferLimitLines};
const Form kPercentilesForm = {ParsePercentiles, FormatPercentiles};
const Form kOomValuesForm = {ParseOomValues, FormatOomValues};
const Form kNotifyForm = {ParseNotify, FormatNotify, NotifyLines};
const Form kSaveForm = {ParseSave, FormatSave, SaveLines};
const Form kReplicaOfForm = {ParseReplicaOf, FormatReplicaOf};

}  // namespace corral::config
