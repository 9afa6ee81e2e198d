// Secrets by position: users and passwords of AUTH and HELLO, values of sensitive directives.
#include "server/telemetry/redaction.h"

#include "server/config/directive.h"
#include "server/config/line.h"
#include "storage/base/ascii.h"

namespace corral::telemetry {
namespace {

constexpr std::string_view kRedacted = "(redacted)";

bool Is(std::string_view text, std::string_view word) { return storage::EqualInAnyCase(text, word); }

// Calls `hide` with the position of each secret.
template <typename Hide>
void VisitSecrets(std::span<const std::string_view> arguments, Hide hide) {
  if (arguments.size() < 2) return;
  if (Is(arguments[0], "auth")) {
    for (size_t i = 1; i < arguments.size(); ++i) hide(i);
  } else if (Is(arguments[0], "hello")) {
    for (size_t i = 2; i + 2 < arguments.size(); ++i) {
      if (!Is(arguments[i], "auth")) continue;
      hide(i + 1);
      hide(i + 2);
      i += 2;
    }
  } else if (Is(arguments[0], "config") && Is(arguments[1], "set")) {
    for (size_t i = 2; i + 1 < arguments.size(); i += 2) {
      const config::Directive* directive = config::FindDirective(arguments[i]);
      if (directive != nullptr && directive->Has(config::kSensitive)) hide(i + 1);
    }
  }
}

}  // namespace

std::vector<std::string_view> Redacted(std::span<const std::string_view> arguments) {
  std::vector<std::string_view> result(arguments.begin(), arguments.end());
  VisitSecrets(arguments, [&](size_t i) { result[i] = kRedacted; });
  return result;
}

}  // namespace corral::telemetry
