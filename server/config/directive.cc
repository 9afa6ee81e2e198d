#include "server/config/directive.h"

#include <fmt/format.h>
#include <unistd.h>

#include <climits>
#include <cstdio>
#include <cstdlib>
#include <unordered_map>

#include "server/config/line.h"
#include "server/config/value.h"
#include "storage/base/ascii.h"

namespace corral::config {
namespace {

std::vector<Directive> CollectDirectives() {
  std::vector<Directive> all;
  for (const auto section : {NetworkDirectives(), GeneralDirectives(), MemoryDirectives(), DataDirectives(),
                             PersistenceDirectives(), ReplicationDirectives(), ClusterDirectives(),
                             TlsDirectives(), ValkeyDirectives()}) {
    all.insert(all.end(), section.begin(), section.end());
  }
  return all;
}

std::unordered_map<std::string_view, const Directive*> CollectNames() {
  std::unordered_map<std::string_view, const Directive*> names;
  for (const Directive& directive : Directives()) {
    names.emplace(directive.name, &directive);
    if (!directive.alias.empty()) names.emplace(directive.alias, &directive);
  }
  return names;
}

std::string& KeptText(const Directive& directive, Settings* settings) {
  return settings->kept[IndexOf(directive)];
}

Result Check(const Directive& directive, std::string_view value) {
  if (directive.check == nullptr) return Result::Ok();
  std::string complaint = directive.check(value);
  return complaint.empty() ? Result::Ok() : Result::Error(std::move(complaint));
}

// What the system is given ends at a NUL: the rest of a path would be lost in silence. A password may have
// one.
bool IsCutByNul(const Directive& directive, std::string_view text) {
  return !directive.Has(kSensitive) && text.find('\0') != std::string_view::npos;
}

Result StoreText(const Directive& directive, const std::string& text, Settings* settings) {
  if (IsCutByNul(directive, text)) return Result::Error("argument must not contain a NUL byte");
  if (Result checked = Check(directive, text); !checked) return checked;
  if (directive.slot.text != nullptr) {
    settings->*directive.slot.text = text;
  } else {
    KeptText(directive, settings) = text;
  }
  return Result::Ok();
}

Result StoreNumber(const Directive& directive, const std::vector<std::string>& words, Settings* settings) {
  int64_t value = 0;
  if (Result parsed = ParseNumber(directive, words, &value); !parsed) return parsed;
  std::string text = FormatNumber(directive, value);
  if (Result checked = Check(directive, text); !checked) return checked;
  if (directive.slot.set != nullptr) {
    directive.slot.set(*settings, value);
  } else {
    KeptText(directive, settings) = std::move(text);
  }
  return Result::Ok();
}

}  // namespace

const std::vector<Directive>& Directives() {
  static const std::vector<Directive> all = CollectDirectives();
  return all;
}

const Directive* FindDirective(std::string_view name) {
  static const std::unordered_map<std::string_view, const Directive*> names = CollectNames();
  const auto found = names.find(storage::LowerCase(name));
  return found == names.end() ? nullptr : found->second;
}

size_t IndexOf(const Directive& directive) { return static_cast<size_t>(&directive - Directives().data()); }

Result StoreValue(const Directive& directive, const std::vector<std::string>& words, Stage stage,
                  Settings* settings) {
  if (!directive.Has(kManyWords) && words.size() != 1) return Result::Error("wrong number of arguments");
  switch (directive.kind) {
    case Kind::kForm:
      return directive.form->parse(words, stage, settings);
    case Kind::kText:
      return StoreText(directive, words[0], settings);
    default:
      return StoreNumber(directive, words, settings);
  }
}

std::string FormatValue(const Directive& directive, const Settings& settings) {
  if (directive.kind == Kind::kForm) return directive.form->format(settings);
  if (directive.slot.text != nullptr) return settings.*directive.slot.text;
  if (directive.slot.get != nullptr) return FormatNumber(directive, directive.slot.get(settings));
  return settings.kept[IndexOf(directive)];
}

std::vector<std::string> FormatLines(const Directive& directive, const Settings& settings) {
  if (directive.kind == Kind::kForm && directive.form->lines != nullptr)
    return directive.form->lines(settings);
  const std::string text = FormatValue(directive, settings);
  switch (directive.kind) {
    case Kind::kText:
      return {Quoted(text)};
    case Kind::kForm:
      return {text.empty() ? "\"\"" : text};
    case Kind::kMemory:
    case Kind::kMemoryOrPercent:
      if (const auto bytes = ParseMemory(text)) return {ShortMemory(*bytes)};
      return {text};
    default:
      return {text};
  }
}

Settings DefaultSettings() {
  Settings settings{};
  settings.kept.resize(Directives().size());
  for (const Directive& directive : Directives()) {
    std::vector<std::string> words = {std::string(directive.initial)};
    if (directive.Has(kManyWords)) words = SplitAtSpaces(directive.initial);
    if (Result stored = StoreValue(directive, words, Stage::kStartup, &settings); !stored) {
      // The table contradicts itself: a bug, not a user's mistake.
      fmt::print(stderr, "corral: the default of '{}' is not allowed: {}\n", directive.name, stored.error());
      std::abort();
    }
  }
  char folder[PATH_MAX];
  if (getcwd(folder, sizeof(folder)) != nullptr) settings.directory = folder;
  return settings;
}

}  // namespace corral::config
