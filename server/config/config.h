// The configuration of the daemon: loading it at start, CONFIG GET, CONFIG SET and CONFIG REWRITE.
#pragma once

#include <functional>
#include <initializer_list>
#include <istream>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/config/command_line.h"
#include "server/config/directive.h"
#include "server/config/file_reader.h"
#include "server/config/result.h"
#include "server/config/settings.h"

namespace corral::config {

// Thread rule: Load runs before there are workers. Matching and Rewrite may run on any worker between two
// calls of Set. Set runs while every other worker stands still at a command boundary (the caller holds the
// gate as its writer); observers run inside it, on the same thread.
class Config {
 public:
  // Acts upon a change, or refuses it with a reason that the client sees. It is called once per Set that
  // changed one of its directives, with the new settings; and again with the old ones when a later observer
  // refused.
  using Observer = std::function<Result(const Settings&)>;
  using Pair = std::pair<std::string, std::string>;

  Config();
  Config(const Config&) = delete;
  Config& operator=(const Config&) = delete;

  // Reads FILE, then `standard_input` when the command line says so, then the command line's options; the
  // last value counts. An error holds the whole report for standard error; the process must then end with
  // status 1.
  Result Load(const CommandLine& command_line, std::istream& standard_input);

  const Settings& settings() const { return settings_; }

  // Absolute path of FILE; empty when there is none.
  const std::string& file() const { return file_; }

  const std::vector<RenamedCommand>& renamed_commands() const { return renamed_commands_; }

  // Lines to log at warning level once the log is open: what was asked for and is not there.
  std::vector<std::string> StartupWarnings() const;

  // CONFIG GET: names (as the client wrote them, when not a pattern) and values, each directive once per
  // name.
  std::vector<Pair> Matching(std::span<const std::string_view> patterns) const;

  // CONFIG SET: all or nothing. The error is the whole reply, "ERR ..." included. Duplicate names and unknown
  // ones are found before anything is tried.
  Result Set(std::span<const std::pair<std::string_view, std::string_view>> pairs, bool client_is_local);

  // At start, when the system allows fewer files than maxclients asks for.
  void LowerMaxclients(uint32_t possible);

  // CONFIG REWRITE; `everything` writes the defaults too. The error is the whole reply, "ERR ..." included.
  Result Rewrite(bool everything = false);

  // Registers an observer; the order of registration is the order of calls. Only before the workers start.
  void OnChange(std::string_view name, Observer observer) { OnChange({name}, std::move(observer)); }
  void OnChange(std::initializer_list<std::string_view> names, Observer observer);

 private:
  struct Watch {
    std::vector<const Directive*> directives;
    Observer observer;
  };
  using Changes = std::vector<std::pair<const Directive*, std::string_view>>;

  Result Apply(const Line& line);
  Result ApplyRename(const Line& line);
  Result FindChanges(std::span<const std::pair<std::string_view, std::string_view>> pairs,
                     bool client_is_local, Changes* changes) const;
  Result TakeEffect(Settings next);
  // Returns to the old values and tells the first `told` observers, the one that refused included.
  void GoBack(Settings old, size_t told);

  Settings settings_;
  std::string file_;
  std::vector<RenamedCommand> renamed_commands_;
  std::vector<Line> user_lines_;
  std::vector<Watch> watches_;
};

}  // namespace corral::config
