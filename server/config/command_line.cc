#include "server/config/command_line.h"

#include <fmt/format.h>

#include <algorithm>

#include "server/config/line.h"
#include "server/process/version.h"
#include "storage/base/ascii.h"

namespace corral::config {
namespace {

bool IsOption(std::string_view argument) { return argument.starts_with("--"); }

// Gathers the options of the command line as the lines of a configuration file.
class OptionLines {
 public:
  explicit OptionLines(const std::vector<std::string>& arguments) : arguments_(arguments) {}

  void Add(size_t index) {
    const std::string& argument = arguments_[index];
    if (last_has_value_ && IsOption(argument)) {
      AddName(index);
      return;
    }
    text_ += Quoted(argument);
    text_ += ' ';
    last_has_value_ = true;
  }

  std::string Take() { return std::move(text_); }

 private:
  void AddName(size_t index) {
    const std::string& argument = arguments_[index];
    if (!text_.empty()) text_ += '\n';
    text_ += argument.substr(2);
    text_ += ' ';
    const auto words = SplitArguments(argument);
    last_has_value_ = !words || words->size() != 1;
    if (last_has_value_ || !storage::EqualInAnyCase(argument, "--save")) return;
    // A bare --save means --save "": scripts that expand an empty list produce it.
    const bool last = index + 1 == arguments_.size();
    if (last || IsOption(arguments_[index + 1])) {
      text_ += "\"\"";
      last_has_value_ = true;
    }
  }

  const std::vector<std::string>& arguments_;
  std::string text_;
  bool last_has_value_ = true;
};

// What redis-server does beside serving, and Corral does not; empty for anything else.
std::string_view RefusalOf(const std::vector<std::string>& arguments) {
  const std::string& first = arguments[0];
  if (first == "--check-system") return "Corral has no check of the system (--check-system).\n";
  if (first == "--test-memory") {
    return "Corral has no test of the machine's memory (--test-memory); memtest86+ and memtester have.\n";
  }
  if (std::find(arguments.begin(), arguments.end(), "--sentinel") != arguments.end()) {
    return "Corral has no Sentinel mode (--sentinel).\n";
  }
  return {};
}

}  // namespace

CommandLine ParseCommandLine(const std::vector<std::string>& arguments) {
  CommandLine line;
  if (arguments.empty()) return line;
  const std::string& first = arguments[0];
  if (first == "-v" || first == "--version") {
    line.action = CommandLine::Action::kPrintVersion;
    return line;
  }
  if (first == "-h" || first == "--help") {
    line.action = CommandLine::Action::kPrintHelp;
    return line;
  }
  if (const std::string_view refusal = RefusalOf(arguments); !refusal.empty()) {
    line.action = CommandLine::Action::kRefuse;
    line.refusal = refusal;
    return line;
  }
  size_t begin = 0;
  if (!first.empty() && first[0] != '-') {
    line.file = first;
    begin = 1;
  }
  OptionLines options(arguments);
  for (size_t i = begin; i < arguments.size(); ++i) {
    if (arguments[i] == "-" && (i == 0 || i + 1 == arguments.size())) {
      line.from_stdin = true;
    } else {
      options.Add(i);
    }
  }
  line.options = options.Take();
  return line;
}

std::string VersionText() {
  return fmt::format("Corral server v={} compatible={} bits={}\n", process::kVersion,
                     process::kCompatibleVersion, sizeof(void*) * 8);
}

std::string HelpText() {
  return "Usage: corral-server [FILE] [--directive value ...] [-]\n"
         "       corral-server - (read the configuration from standard input)\n"
         "       corral-server -v or --version\n"
         "       corral-server -h or --help\n"
         "\n"
         "Examples:\n"
         "       corral-server (run with the defaults)\n"
         "       echo 'maxmemory 128mb' | corral-server -\n"
         "       corral-server /etc/corral/corral.conf\n"
         "       corral-server --port 7777\n"
         "       corral-server --maxmemory 1gb --maxmemory-policy allkeys-lru\n"
         "       corral-server /etc/corral/corral.conf --loglevel verbose\n";
}

}  // namespace corral::config
