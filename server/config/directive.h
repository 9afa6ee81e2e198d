// One row per directive: its name, its kind, its default, its bounds, and where its value lives.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "server/config/result.h"
#include "server/config/settings.h"

namespace corral::config {

enum class Kind : uint8_t {
  kYesNo,
  kInteger,
  kMemory,           // bytes, or 1k 1kb 1m 1mb 1g 1gb
  kMemoryOrPercent,  // the same, or 5%; a percentage is stored negative
  kOctal,
  kChoice,   // one of `choices`
  kChoices,  // several of `choices`, a set of bits
  kText,
  kForm,  // several words with a grammar of their own: `form`
};

// Flags of a directive.
inline constexpr uint32_t kImmutable = 1 << 0;       // CONFIG SET refuses it
inline constexpr uint32_t kProtected = 1 << 1;       // CONFIG SET needs enable-protected-configs
inline constexpr uint32_t kSensitive = 1 << 2;       // its value must not reach logs, SLOWLOG or MONITOR
inline constexpr uint32_t kHidden = 1 << 3;          // CONFIG GET shows it for its exact name only
inline constexpr uint32_t kManyWords = 1 << 4;       // takes several words, or one word that holds several
inline constexpr uint32_t kUnsigned = 1 << 5;        // bounds compare as unsigned numbers
inline constexpr uint32_t kAccepted = 1 << 6;        // accepted for compatibility: has no effect in Corral
inline constexpr uint32_t kAlwaysWritten = 1 << 7;   // CONFIG REWRITE writes it even when it has its default
inline constexpr uint32_t kUnsetIfDefault = 1 << 8;  // CONFIG REWRITE drops its lines when it has its default

struct Choice {
  std::string_view name;
  int64_t value;
};

// Where a parsed value is stored. A row without a slot keeps its canonical text in Settings::kept.
struct Slot {
  int64_t (*get)(const Settings&) = nullptr;
  void (*set)(Settings&, int64_t) = nullptr;
  std::string Settings::*text = nullptr;
};

template <auto Member>
constexpr Slot Number() {
  using Field = std::remove_reference_t<decltype(std::declval<Settings&>().*Member)>;
  return {.get = [](const Settings& settings) { return static_cast<int64_t>(settings.*Member); },
          .set = [](Settings& settings, int64_t value) { settings.*Member = static_cast<Field>(value); }};
}

constexpr Slot Text(std::string Settings::*member) { return {.text = member}; }

// Whether a value comes from a file or command line (where lines of one directive may add up) or from CONFIG
// SET.
enum class Stage : uint8_t { kStartup, kRuntime };

// The grammar of a kForm directive.
struct Form {
  Result (*parse)(const std::vector<std::string>& words, Stage stage, Settings* settings);
  std::string (*format)(const Settings& settings);
  // The lines of CONFIG REWRITE without the name; nothing means one line, format() as it is.
  std::vector<std::string> (*lines)(const Settings& settings) = nullptr;
};

struct Directive {
  std::string_view name;
  std::string_view alias = {};
  Kind kind = Kind::kText;
  std::string_view initial = {};  // the default, as one would write it in a file
  int64_t low = 0;
  int64_t high = std::numeric_limits<int64_t>::max();
  uint32_t flags = 0;
  std::span<const Choice> choices = {};
  Slot slot = {};
  const Form* form = nullptr;
  // Judges a value that its kind allows, in canonical text; answers what is wrong with it, or nothing.
  std::string (*check)(std::string_view value) = nullptr;

  bool Has(uint32_t flag) const { return (flags & flag) != 0; }
};

// All rows, in the order of conf/corral.conf; built once, constant afterwards.
const std::vector<Directive>& Directives();

// By name or alias, in any case; null when there is none.
const Directive* FindDirective(std::string_view name);

size_t IndexOf(const Directive& directive);

// Parses a value and stores it in `settings`, which is unchanged on an error. `words` are those behind the
// name.
Result StoreValue(const Directive& directive, const std::vector<std::string>& words, Stage stage,
                  Settings* settings);

// The value as CONFIG GET prints it.
std::string FormatValue(const Directive& directive, const Settings& settings);

// The lines that set this value in a file, without the name (CONFIG REWRITE).
std::vector<std::string> FormatLines(const Directive& directive, const Settings& settings);

// Settings with every default of the table.
Settings DefaultSettings();

// The sections of the table.
std::span<const Directive> NetworkDirectives();
std::span<const Directive> GeneralDirectives();
std::span<const Directive> MemoryDirectives();
std::span<const Directive> DataDirectives();
std::span<const Directive> PersistenceDirectives();
std::span<const Directive> ReplicationDirectives();
std::span<const Directive> ClusterDirectives();
std::span<const Directive> TlsDirectives();
std::span<const Directive> ValkeyDirectives();

}  // namespace corral::config
