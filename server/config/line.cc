#include "server/config/line.h"

#include <fmt/format.h>
#include <strings.h>

#include <cctype>

namespace corral::config {
namespace {

bool IsSpace(char c) { return isspace(static_cast<unsigned char>(c)) != 0; }
bool IsHex(char c) { return isxdigit(static_cast<unsigned char>(c)) != 0; }

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return (c | 0x20) - 'a' + 10;
}

char Unescaped(char c) {
  switch (c) {
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'b':
      return '\b';
    case 'a':
      return '\a';
    default:
      return c;
  }
}

// Reads the words of one line from left to right.
class Splitter {
 public:
  explicit Splitter(std::string_view line) : rest_(line) {}

  // False at the end of the line.
  bool SkipSpaces() {
    while (!rest_.empty() && IsSpace(rest_.front())) rest_.remove_prefix(1);
    return !rest_.empty();
  }

  // False when quotes are unbalanced.
  bool ReadWord(std::string* word) {
    while (!rest_.empty() && !IsSpace(rest_.front())) {
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (c != '"' && c != '\'') {
        word->push_back(c);
        continue;
      }
      if (!(c == '"' ? ReadDoubleQuoted(word) : ReadSingleQuoted(word))) return false;
      return rest_.empty() || IsSpace(rest_.front());
    }
    return true;
  }

 private:
  bool ReadDoubleQuoted(std::string* word) {
    while (!rest_.empty()) {
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"') return true;
      if (c != '\\' || rest_.empty()) {
        word->push_back(c);
      } else if (rest_.size() >= 3 && rest_[0] == 'x' && IsHex(rest_[1]) && IsHex(rest_[2])) {
        word->push_back(static_cast<char>(HexValue(rest_[1]) * 16 + HexValue(rest_[2])));
        rest_.remove_prefix(3);
      } else {
        word->push_back(Unescaped(rest_.front()));
        rest_.remove_prefix(1);
      }
    }
    return false;
  }

  bool ReadSingleQuoted(std::string* word) {
    while (!rest_.empty()) {
      char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '\'') return true;
      if (c == '\\' && !rest_.empty() && rest_.front() == '\'') {
        c = '\'';
        rest_.remove_prefix(1);
      }
      word->push_back(c);
    }
    return false;
  }

  std::string_view rest_;
};

}  // namespace

std::optional<std::vector<std::string>> SplitArguments(std::string_view line) {
  std::vector<std::string> words;
  Splitter splitter(line);
  while (splitter.SkipSpaces()) {
    if (!splitter.ReadWord(&words.emplace_back())) return std::nullopt;
  }
  return words;
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

std::string Lowercase(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c |= 0x20;
  }
  return lower;
}

bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace corral::config
