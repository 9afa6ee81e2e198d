// Any text as a configuration file: refused with a report, or read, written again and read as the same
// settings.
#include "server/config/config.h"

#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <string>
#include <string_view>

#include "server/config/command_line.h"
#include "server/config/line.h"
#include "server/config/rewrite.h"
#include "server/config/value.h"
#include "storage/base/ascii.h"

namespace {

using namespace corral::config;

void Require(bool condition) {
  if (!condition) abort();
}

// Lines that would make the reader leave this folder, or open files.
bool LeadsElsewhere(std::string_view text) {
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const auto words = SplitArguments(Trimmed(text.substr(0, end)));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (!words || words->empty()) continue;
    const std::string name = corral::storage::LowerCase((*words)[0]);
    if (name == "include" || name == "dir" || name == "logfile") return true;
  }
  return false;
}

Result Load(const std::string& text, Config* config) {
  CommandLine command_line;
  command_line.from_stdin = true;
  std::istringstream input(text);
  return config->Load(command_line, input);
}

void CheckMemory(std::string_view text) {
  const auto bytes = ParseMemory(text);
  if (bytes) Require(ParseMemory(ShortMemory(*bytes)) == bytes);
}

void CheckWords(std::string_view line) {
  const auto words = SplitArguments(line);
  if (!words) return;
  std::string again;
  for (const std::string& word : *words) again += Quoted(word) + ' ';
  Require(SplitArguments(again) == words);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  CheckMemory(text);
  CheckWords(text);
  if (LeadsElsewhere(text)) return 0;
  Config config;
  const Result loaded = Load(text, &config);
  Require(loaded.ok() || !loaded.error().empty());
  if (!loaded) return 0;
  const Config initial;
  const std::string rewritten = RewriteText(text, config.settings(), initial.settings());
  Config again;
  Require(Load(rewritten, &again).ok());
  const std::string_view all[] = {"*"};
  Require(again.Matching(all) == config.Matching(all));
  Require(RewriteText(rewritten, again.settings(), initial.settings()) == rewritten);
  return 0;
}
