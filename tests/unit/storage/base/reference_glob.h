// Glob matching by plain recursion, as its definition reads; exponential in the stars.
#pragma once

#include <algorithm>
#include <cctype>
#include <string_view>

namespace corral::storage {

// Counts its own steps down; at zero the answer is meaningless and *steps says so.
inline bool ReferenceGlob(std::string_view pattern, std::string_view text, bool nocase, int* steps) {
  if (--*steps <= 0) return false;
  if (text.empty()) return pattern.find_first_not_of('*') == std::string_view::npos;
  if (pattern.empty()) return false;
  auto fold = [nocase](char c) {
    return nocase ? tolower(static_cast<signed char>(c)) : static_cast<int>(static_cast<signed char>(c));
  };
  char first = pattern[0];
  std::string_view rest = pattern.substr(1);
  if (first == '*') {
    for (size_t i = 0; i <= text.size(); ++i) {
      if (ReferenceGlob(rest, text.substr(i), nocase, steps)) return true;
    }
    return false;
  }
  bool match = first == '?';
  if (first == '[') {
    bool negated = rest.starts_with('^');
    if (negated) rest.remove_prefix(1);
    while (!rest.empty() && rest[0] != ']') {
      if (rest[0] == '\\' && rest.size() > 1) {
        match |= rest[1] == text[0];
        rest.remove_prefix(2);
      } else if (rest.size() > 2 && rest[1] == '-') {
        auto low = std::min<signed char>(rest[0], rest[2]);
        auto high = std::max<signed char>(rest[0], rest[2]);
        match |= fold(text[0]) >= fold(low) && fold(text[0]) <= fold(high);
        rest.remove_prefix(3);
      } else {
        match |= fold(rest[0]) == fold(text[0]);
        rest.remove_prefix(1);
      }
    }
    if (!rest.empty()) rest.remove_prefix(1);
    match = match != negated;
  } else if (first != '?') {
    if (first == '\\' && !rest.empty()) {
      first = rest[0];
      rest.remove_prefix(1);
    }
    match = fold(first) == fold(text[0]);
  }
  return match && ReferenceGlob(rest, text.substr(1), nocase, steps);
}

}  // namespace corral::storage
