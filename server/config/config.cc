#include "server/config/config.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <unordered_set>

#include "server/config/default_user.h"
#include "server/config/line.h"
#include "server/config/rewrite.h"
#include "server/log/sinks.h"
#include "storage/base/ascii.h"
#include "storage/base/glob.h"

namespace corral::config {
namespace {

// Lines that Redis 7 still reads and ignores.
constexpr std::string_view kForgotten[] = {"list-max-ziplist-entries", "list-max-ziplist-value",
                                           "lua-replicate-commands"};

std::string WorkingDirectory() {
  char path[PATH_MAX];
  return getcwd(path, sizeof(path)) != nullptr ? path : "";
}

// Enters settings->directory and makes it absolute.
Result EnterDirectory(Settings* settings) {
  if (chdir(settings->directory.c_str()) != 0) return Result::Error(strerror(errno));
  settings->directory = WorkingDirectory();
  return Result::Ok();
}

std::string AbsolutePath(const std::string& path) {
  return path.starts_with('/') ? path : WorkingDirectory() + '/' + path;
}

// The log is opened again for every line, so a wrong path must show here.
Result CheckLogFile(const Settings& settings) {
  if (settings.logfile.empty()) return Result::Ok();
  const int descriptor = log::OpenLogFile(settings.logfile.c_str());
  if (descriptor < 0) {
    const char* reason = errno == ENXIO ? "it is a pipe that nobody reads" : strerror(errno);
    return Result::Error(fmt::format("Can't open the log file '{}': {}\n", settings.logfile, reason));
  }
  close(descriptor);
  return Result::Ok();
}

Result SetFailed(std::string_view name, std::string_view reason) {
  return Result::Error(
      fmt::format("ERR CONFIG SET failed (possibly related to argument '{}') - {}", name, reason));
}

const Directive* FirstChange(const std::vector<const Directive*>& directives, const Settings& a,
                             const Settings& b) {
  for (const Directive* directive : directives) {
    // The lines of a file are complete; what CONFIG GET shows leaves an 'n' beside an 'A' out.
    if (FormatLines(*directive, a) != FormatLines(*directive, b)) return directive;
  }
  return nullptr;
}

// In a file a single quoted word may hold all the words of a value.
std::vector<std::string> ValueWords(const Directive& directive, const Line& line) {
  std::vector<std::string> words(line.words.begin() + 1, line.words.end());
  if (!directive.Has(kManyWords) || words.size() != 1) return words;
  auto split = SplitArguments(words[0]);
  return split ? std::move(*split) : words;
}

}  // namespace

Config::Config() : settings_(DefaultSettings()) {}

Result Config::Load(const CommandLine& command_line, std::istream& standard_input) {
  FileReader reader([this](const Line& line) { return Apply(line); });
  if (!command_line.file.empty()) {
    file_ = AbsolutePath(command_line.file);
    if (Result read = reader.ReadFile(command_line.file); !read) return read;
  }
  if (command_line.from_stdin) {
    const std::string text{std::istreambuf_iterator<char>(standard_input), {}};
    if (Result read = reader.ReadText(text, "(standard input)"); !read) return read;
  }
  if (Result read = reader.ReadText(command_line.options, ""); !read) return read;
  for (const Line& line : user_lines_) {
    const Result holds = CheckUser({line.words.begin() + 1, line.words.end()}, settings_);
    if (!holds) return Result::Error(FatalText(OriginOf(line), holds.error()));
  }
  return CheckLogFile(settings_);
}

Result Config::Apply(const Line& line) {
  const std::string& name = line.words[0];
  if (const Directive* directive = FindDirective(name)) {
    if (Result stored = StoreValue(*directive, ValueWords(*directive, line), Stage::kStartup, &settings_);
        !stored) {
      return stored;
    }
    return directive->name == "dir" ? EnterDirectory(&settings_) : Result::Ok();
  }
  const size_t values = line.words.size() - 1;
  if (values == 1 && std::find(std::begin(kForgotten), std::end(kForgotten), name) != std::end(kForgotten)) {
    return Result::Ok();
  }
  if (name == "rename-command" && values == 2) return ApplyRename(line);
  if (name == "user" && values >= 1) {
    user_lines_.push_back(line);  // judged when requirepass is known
    return Result::Ok();
  }
  if (name == "loadmodule" && values >= 1) return Result::Error("Corral has no modules");
  if (name == "sentinel") return Result::Error("sentinel directive while not in sentinel mode");
  return Result::Error("Bad directive or wrong number of arguments");
}

Result Config::ApplyRename(const Line& line) {
  renamed_commands_.push_back({.name = line.words[1], .new_name = line.words[2], .origin = OriginOf(line)});
  return Result::Ok();
}

std::vector<std::string> Config::StartupWarnings() const {
  std::vector<std::string> warnings;
  if (!settings_.save.empty()) {
    warnings.push_back(
        "WARNING 'save' is set, but this version of Corral writes no snapshots: all data is lost at shutdown.");
  }
  const Settings defaults = DefaultSettings();
  std::string names;
  for (const Directive& directive : Directives()) {
    if (!directive.Has(kAccepted) || directive.name == "save") continue;
    if (FormatValue(directive, settings_) == FormatValue(directive, defaults)) continue;
    if (!names.empty()) names += ", ";
    names += directive.name;
  }
  if (!names.empty()) {
    warnings.push_back("WARNING These directives are accepted for compatibility and have no effect: " +
                       names);
  }
  return warnings;
}

std::vector<Config::Pair> Config::Matching(std::span<const std::string_view> patterns) const {
  std::vector<Pair> pairs;
  std::unordered_set<std::string> seen;
  const auto add = [&](const Directive& directive, std::string_view name) {
    if (seen.insert(storage::LowerCase(name)).second)
      pairs.emplace_back(name, FormatValue(directive, settings_));
  };
  for (const std::string_view pattern : patterns) {
    if (pattern.find_first_of("[*?") == std::string_view::npos) {
      if (const Directive* directive = FindDirective(pattern)) add(*directive, pattern);
      continue;
    }
    for (const Directive& directive : Directives()) {
      if (directive.Has(kHidden)) continue;
      if (storage::GlobMatch(pattern, directive.name, true)) add(directive, directive.name);
      if (!directive.alias.empty() && storage::GlobMatch(pattern, directive.alias, true)) {
        add(directive, directive.alias);
      }
    }
  }
  return pairs;
}

Result Config::FindChanges(std::span<const std::pair<std::string_view, std::string_view>> pairs,
                           bool client_is_local, Changes* changes) const {
  const bool protected_allowed =
      settings_.enable_protected_configs == AllowedFor::kEverybody ||
      (settings_.enable_protected_configs == AllowedFor::kLocal && client_is_local);
  std::unordered_set<std::string> seen;
  // The first mistake wins, but an unknown name is reported only when nothing before it was wrong.
  for (const auto& [name, value] : pairs) {
    const Directive* directive = FindDirective(name);
    if (directive == nullptr) {
      return Result::Error(
          fmt::format("ERR Unknown option or number of arguments for CONFIG SET - '{}'", name));
    }
    if (directive->Has(kImmutable)) return SetFailed(name, "can't set immutable config");
    if (directive->Has(kProtected) && !protected_allowed)
      return SetFailed(name, "can't set protected config");
    if (!seen.insert(storage::LowerCase(name)).second) return SetFailed(name, "duplicate parameter");
    changes->emplace_back(directive, value);
  }
  return Result::Ok();
}

Result Config::Set(std::span<const std::pair<std::string_view, std::string_view>> pairs,
                   bool client_is_local) {
  Changes changes;
  if (Result found = FindChanges(pairs, client_is_local, &changes); !found) return found;
  Settings next = settings_;
  for (size_t i = 0; i < changes.size(); ++i) {
    const auto& [directive, value] = changes[i];
    std::vector<std::string> words = {std::string(value)};
    if (directive->Has(kManyWords)) words = SplitAtSpaces(value);
    if (Result stored = StoreValue(*directive, words, Stage::kRuntime, &next); !stored) {
      return SetFailed(storage::LowerCase(pairs[i].first), stored.error());
    }
  }
  return TakeEffect(std::move(next));
}

Result Config::TakeEffect(Settings next) {
  Settings old = settings_;
  if (next.directory != old.directory) {
    if (Result entered = EnterDirectory(&next); !entered) return SetFailed("dir", entered.error());
  }
  settings_ = std::move(next);
  for (size_t i = 0; i < watches_.size(); ++i) {
    const Directive* changed = FirstChange(watches_[i].directives, old, settings_);
    if (changed == nullptr) continue;
    if (Result accepted = watches_[i].observer(settings_); !accepted) {
      GoBack(std::move(old), i + 1);
      return SetFailed(changed->name, accepted.error());
    }
  }
  return Result::Ok();
}

void Config::GoBack(Settings old, size_t told) {
  const Settings refused = std::exchange(settings_, std::move(old));
  if (refused.directory != settings_.directory && chdir(settings_.directory.c_str()) != 0) {
    log::Warning("CONFIG SET: can't return to {}: {}", settings_.directory, strerror(errno));
  }
  for (size_t i = 0; i < told; ++i) {
    if (FirstChange(watches_[i].directives, refused, settings_) == nullptr) continue;
    if (Result restored = watches_[i].observer(settings_); !restored) {
      log::Warning("Failed applying restored failed CONFIG SET command: {}", restored.error());
    }
  }
}

Result Config::Rewrite(bool everything) {
  if (file_.empty()) return Result::Error("ERR The server is running without a config file");
  if (Result written = RewriteFile(file_, settings_, DefaultSettings(), everything); !written) {
    log::Warning("CONFIG REWRITE failed: {}", written.error());
    return Result::Error("ERR Rewriting config file: " + written.error());
  }
  log::Notice("CONFIG REWRITE executed with success.");
  return Result::Ok();
}

void Config::LowerMaxclients(uint32_t possible) {
  settings_.maxclients = std::min(settings_.maxclients, possible);
}

void Config::OnChange(std::initializer_list<std::string_view> names, Observer observer) {
  Watch& watch = watches_.emplace_back();
  for (const std::string_view name : names) {
    const Directive* directive = FindDirective(name);
    if (directive == nullptr) {
      fmt::print(stderr, "corral: there is no directive '{}' to watch\n", name);
      std::abort();
    }
    watch.directives.push_back(directive);
  }
  watch.observer = std::move(observer);
}

}  // namespace corral::config
