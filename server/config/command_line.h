// The command line of the daemon: [FILE] [--directive value ...] [-], --version, --help.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace corral::config {

struct CommandLine {
  enum class Action { kRun, kPrintVersion, kPrintHelp, kRefuse };

  Action action = Action::kRun;
  std::string file;         // empty: none
  bool from_stdin = false;  // '-' as the first or last argument
  std::string options;      // the directives as lines of a file
  std::string refusal;      // kRefuse: why, with the final newline
};

// `arguments` without the program's name. Never fails: what is wrong shows when the options are loaded.
//
// As Redis 7: after an option's name the next argument is always its value, even when it starts with "--";
// only
// --save may have none. "--port 7777" may be one argument. All values up to the next option belong to the one
// before.
CommandLine ParseCommandLine(const std::vector<std::string>& arguments);

// Texts for --version and --help, with the final newline.
std::string VersionText();
std::string HelpText();

}  // namespace corral::config
