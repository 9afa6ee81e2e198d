// Splits the line of an inline request as Redis's sdssplitargs does.
#include "protocol/inline_request.h"

#include <string>
#include <utility>

namespace corral::protocol {
namespace {

bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// What ends a word without quotes. Redis skips more kinds of white space before a word than end one.
bool EndsWord(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

char Unescape(char c) {
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

// Decodes the inside of a quoted part from `at` on, behind its opening quote; returns the place behind the
// closing one, or npos when there is none.
size_t DecodeQuoted(std::string_view line, size_t at, char quote, std::string* word) {
  while (at < line.size()) {
    char c = line[at++];
    if (c == quote) return at;
    if (c != '\\' || at == line.size()) {
      word->push_back(c);
    } else if (quote == '\'') {
      if (line[at] == '\'') c = line[at++];
      word->push_back(c);
    } else if (line[at] == 'x' && at + 2 < line.size() && HexDigit(line[at + 1]) >= 0 &&
               HexDigit(line[at + 2]) >= 0) {
      word->push_back(static_cast<char>(HexDigit(line[at + 1]) * 16 + HexDigit(line[at + 2])));
      at += 3;
    } else {
      word->push_back(Unescape(line[at++]));
    }
  }
  return std::string_view::npos;
}

// Decodes a word that has quotes in it, from `at` on; returns the place behind it, or npos when they do not
// balance.
size_t DecodeWord(std::string_view line, size_t at, std::string* word) {
  while (at < line.size() && !EndsWord(line[at])) {
    char c = line[at++];
    if (c != '"' && c != '\'') {
      word->push_back(c);
      continue;
    }
    at = DecodeQuoted(line, at, c, word);
    if (at == std::string_view::npos || (at < line.size() && !IsSpace(line[at]))) {
      return std::string_view::npos;
    }
    return at;  // a closing quote ends the word
  }
  return at;
}

}  // namespace

std::optional<uint32_t> SplitInlineRequest(std::string_view line, ArgumentPool& pool) {
  size_t views_before = pool.views.size();
  size_t decoded_before = pool.decoded.size();
  size_t at = 0;
  for (;;) {
    while (at < line.size() && IsSpace(line[at])) ++at;
    if (at == line.size()) break;
    size_t end = at;
    while (end < line.size() && !EndsWord(line[end]) && line[end] != '"' && line[end] != '\'') ++end;
    if (end == line.size() || EndsWord(line[end])) {
      pool.views.push_back(line.substr(at, end - at));
      at = end;
      continue;
    }
    std::string word;
    at = DecodeWord(line, at, &word);
    if (at == std::string_view::npos) {
      pool.views.resize(views_before);
      pool.decoded.resize(decoded_before);
      return std::nullopt;
    }
    pool.views.push_back(pool.decoded.emplace_back(std::move(word)));
  }
  return static_cast<uint32_t>(pool.views.size() - views_before);
}

}  // namespace corral::protocol
