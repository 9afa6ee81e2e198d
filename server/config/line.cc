#include "server/config/line.h"

#include <fmt/format.h>
#include <strings.h>

#include "protocol/inline_request.h"

namespace corral::config {

// As in Redis, the rule is that of inline requests.
std::optional<std::vector<std::string>> SplitArguments(std::string_view line) {
  protocol::ArgumentPool pool;
  if (!protocol::SplitInlineRequest(line, pool)) return std::nullopt;
  return std::vector<std::string>(pool.views.begin(), pool.views.end());
}

std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    switch (c) {
      case '\\':
        out += "\\\\";
        break;
      case '"':
        out += "\\\"";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\a':
        out += "\\a";
        break;
      case '\b':
        out += "\\b";
        break;
      default:
        if (c >= 0x20 && c < 0x7f) {
          out.push_back(c);
        } else {
          out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        }
    }
  }
  return out + '"';
}

std::vector<std::string> SplitAtSpaces(std::string_view text) {
  std::vector<std::string> pieces;
  if (text.empty()) return pieces;
  for (;;) {
    const size_t space = text.find(' ');
    pieces.emplace_back(text.substr(0, space));
    if (space == std::string_view::npos) return pieces;
    text.remove_prefix(space + 1);
  }
}

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

}  // namespace corral::config
