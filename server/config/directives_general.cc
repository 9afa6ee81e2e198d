// The directives of the process: workers, databases, supervision, log, shutdown, diagnosis.
#include <syslog.h>

#include <algorithm>
#include <climits>
#include <thread>

#include "server/config/directive.h"
#include "server/config/forms.h"
#include "server/process/title.h"

namespace corral::config {
namespace {

constexpr int kMostWorkers = 8;
constexpr int64_t kLowestHz = 1;
constexpr int64_t kHighestHz = 500;

constexpr Choice kSupervisions[] = {
    {"upstart", static_cast<int64_t>(process::Supervision::kUpstart)},
    {"systemd", static_cast<int64_t>(process::Supervision::kSystemd)},
    {"auto", static_cast<int64_t>(process::Supervision::kAutomatic)},
    {"no", static_cast<int64_t>(process::Supervision::kNone)},
};
constexpr Choice kLogLevels[] = {
    {"debug", static_cast<int64_t>(log::Level::kDebug)},
    {"verbose", static_cast<int64_t>(log::Level::kVerbose)},
    {"notice", static_cast<int64_t>(log::Level::kNotice)},
    {"warning", static_cast<int64_t>(log::Level::kWarning)},
    {"nothing", static_cast<int64_t>(log::Level::kNothing)},
};
constexpr Choice kFacilities[] = {
    {"user", LOG_USER},     {"local0", LOG_LOCAL0}, {"local1", LOG_LOCAL1},
    {"local2", LOG_LOCAL2}, {"local3", LOG_LOCAL3}, {"local4", LOG_LOCAL4},
    {"local5", LOG_LOCAL5}, {"local6", LOG_LOCAL6}, {"local7", LOG_LOCAL7},
};
constexpr Choice kOomScores[] = {
    {"no", static_cast<int64_t>(process::OomScoreAdjust::kNo)},
    {"yes", static_cast<int64_t>(process::OomScoreAdjust::kRelative)},
    {"relative", static_cast<int64_t>(process::OomScoreAdjust::kRelative)},
    {"absolute", static_cast<int64_t>(process::OomScoreAdjust::kAbsolute)},
};
constexpr Choice kShutdowns[] = {{"default", 0}, {"save", 1}, {"nosave", 2}, {"now", 4}, {"force", 8}};

int AutomaticThreads() {
  return std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, kMostWorkers);
}

// `threads 0` stands for the number of cores.
constexpr Slot ThreadsSlot() {
  return {.get = [](const Settings& settings) { return static_cast<int64_t>(settings.threads); },
          .set =
              [](Settings& settings, int64_t value) {
                settings.threads = value != 0 ? static_cast<int>(value) : AutomaticThreads();
              }};
}

// hz is a hint: what is out of range is brought into it without a word, as in Redis.
constexpr Slot HzSlot() {
  return {
      .get = [](const Settings& settings) { return static_cast<int64_t>(settings.hz); },
      .set = [](Settings& settings,
                int64_t value) { settings.hz = static_cast<int>(std::clamp(value, kLowestHz, kHighestHz)); }};
}

std::string CheckTitleTemplate(std::string_view value) {
  if (process::IsValidTitleTemplate(value)) return {};
  return "template format is invalid or contains unknown variables";
}

std::string CheckShutdown(std::string_view value) {
  if (value.find("nosave") == std::string_view::npos || !value.starts_with("save")) return {};
  return "shutdown options SAVE and NOSAVE can't be used simultaneously";
}

const Directive kRows[] = {
    {.name = "threads",
     .kind = Kind::kInteger,
     .initial = "0",
     .high = 256,
     .flags = kImmutable,
     .slot = ThreadsSlot()},
    {.name = "databases",
     .kind = Kind::kInteger,
     .initial = "16",
     .low = 1,
     .high = INT_MAX,
     .flags = kImmutable,
     .slot = Number<&Settings::databases>()},
    {.name = "daemonize",
     .kind = Kind::kYesNo,
     .initial = "no",
     .flags = kImmutable,
     .slot = Number<&Settings::daemonize>()},
    {.name = "pidfile", .flags = kImmutable | kUnsetIfDefault, .slot = Text(&Settings::pidfile)},
    {.name = "supervised",
     .kind = Kind::kChoice,
     .initial = "no",
     .flags = kImmutable,
     .choices = kSupervisions,
     .slot = Number<&Settings::supervised>()},
    {.name = "dir", .initial = ".", .flags = kProtected | kAlwaysWritten, .slot = Text(&Settings::directory)},
    {.name = "loglevel",
     .kind = Kind::kChoice,
     .initial = "notice",
     .choices = kLogLevels,
     .slot = Number<&Settings::loglevel>()},
    {.name = "logfile", .flags = kImmutable, .slot = Text(&Settings::logfile)},
    {.name = "syslog-enabled",
     .kind = Kind::kYesNo,
     .initial = "no",
     .flags = kImmutable,
     .slot = Number<&Settings::syslog_enabled>()},
    {.name = "syslog-ident", .initial = "corral", .flags = kImmutable, .slot = Text(&Settings::syslog_ident)},
    {.name = "syslog-facility",
     .kind = Kind::kChoice,
     .initial = "local0",
     .flags = kImmutable,
     .choices = kFacilities,
     .slot = Number<&Settings::syslog_facility>()},
    {.name = "set-proc-title",
     .kind = Kind::kYesNo,
     .initial = "yes",
     .flags = kImmutable,
     .slot = Number<&Settings::set_proc_title>()},
    {.name = "proc-title-template",
     .initial = "{title} {listen-addr} {server-mode}",
     .slot = Text(&Settings::proc_title_template),
     .check = CheckTitleTemplate},
    {.name = "crash-log-enabled",
     .kind = Kind::kYesNo,
     .initial = "yes",
     .slot = Number<&Settings::crash_log_enabled>()},
    {.name = "disable-thp",
     .kind = Kind::kYesNo,
     .initial = "yes",
     .flags = kImmutable,
     .slot = Number<&Settings::disable_thp>()},
    {.name = "oom-score-adj",
     .kind = Kind::kChoice,
     .initial = "no",
     .choices = kOomScores,
     .slot = Number<&Settings::oom_score_adj>()},
    {.name = "oom-score-adj-values",
     .kind = Kind::kForm,
     .initial = "0 200 800",
     .flags = kManyWords,
     .form = &kOomValuesForm},
    {.name = "shutdown-timeout",
     .kind = Kind::kInteger,
     .initial = "10",
     .high = INT_MAX,
     .flags = kAccepted},
    {.name = "shutdown-on-sigint",
     .kind = Kind::kChoices,
     .initial = "default",
     .flags = kManyWords | kAccepted,
     .choices = kShutdowns,
     .check = CheckShutdown},
    {.name = "shutdown-on-sigterm",
     .kind = Kind::kChoices,
     .initial = "default",
     .flags = kManyWords | kAccepted,
     .choices = kShutdowns,
     .check = CheckShutdown},
    {.name = "hz",
     .kind = Kind::kInteger,
     .initial = "10",
     .high = INT_MAX,
     .flags = kAccepted,
     .slot = HzSlot()},
    {.name = "slowlog-log-slower-than",
     .alias = "commandlog-execution-slower-than",
     .kind = Kind::kInteger,
     .initial = "10000",
     .low = -1,
     .slot = Number<&Settings::slowlog_log_slower_than_us>()},
    {.name = "slowlog-max-len",
     .alias = "commandlog-slow-execution-max-len",
     .kind = Kind::kInteger,
     .initial = "128",
     .slot = Number<&Settings::slowlog_max_len>()},
    {.name = "latency-monitor-threshold",
     .kind = Kind::kInteger,
     .initial = "0",
     .slot = Number<&Settings::latency_monitor_threshold_ms>()},
    {.name = "latency-tracking",
     .kind = Kind::kYesNo,
     .initial = "yes",
     .slot = Number<&Settings::latency_tracking>()},
    {.name = "latency-tracking-info-percentiles",
     .kind = Kind::kForm,
     .initial = "50 99 99.9",
     .flags = kManyWords | kAlwaysWritten,
     .form = &kPercentilesForm},
    {.name = "busy-reply-threshold",
     .alias = "lua-time-limit",
     .kind = Kind::kInteger,
     .initial = "5000",
     .flags = kAccepted},
    {.name = "always-show-logo",
     .kind = Kind::kYesNo,
     .initial = "no",
     .flags = kImmutable,
     .slot = Number<&Settings::always_show_logo>()},
    {.name = "dynamic-hz", .kind = Kind::kYesNo, .initial = "yes", .flags = kAccepted},
    {.name = "io-threads",
     .kind = Kind::kInteger,
     .initial = "1",
     .low = 1,
     .high = 256,
     .flags = kImmutable | kAccepted},
    {.name = "io-threads-do-reads", .kind = Kind::kYesNo, .initial = "no", .flags = kImmutable | kAccepted},
    {.name = "server_cpulist", .alias = "server-cpulist", .flags = kImmutable | kAccepted | kUnsetIfDefault},
    {.name = "bio_cpulist", .alias = "bio-cpulist", .flags = kImmutable | kAccepted | kUnsetIfDefault},
    {.name = "aof_rewrite_cpulist",
     .alias = "aof-rewrite-cpulist",
     .flags = kImmutable | kAccepted | kUnsetIfDefault},
    {.name = "bgsave_cpulist", .alias = "bgsave-cpulist", .flags = kImmutable | kAccepted | kUnsetIfDefault},
    {.name = "ignore-warnings", .flags = kAccepted},
    {.name = "locale-collate", .flags = kAccepted},
    {.name = "hide-user-data-from-log", .kind = Kind::kYesNo, .initial = "no", .flags = kAccepted},
    {.name = "crash-memcheck-enabled", .kind = Kind::kYesNo, .initial = "yes", .flags = kAccepted},
    {.name = "use-exit-on-panic", .kind = Kind::kYesNo, .initial = "no", .flags = kHidden | kAccepted},
    {.name = "watchdog-period",
     .kind = Kind::kInteger,
     .initial = "0",
     .high = INT_MAX,
     .flags = kHidden | kAccepted},
    {.name = "enable-debug-assert",
     .kind = Kind::kYesNo,
     .initial = "no",
     .flags = kImmutable | kHidden | kAccepted},
};

}  // namespace

std::span<const Directive> GeneralDirectives() { return kRows; }

}  // namespace corral::config
