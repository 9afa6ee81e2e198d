// Redis's glob patterns, matched with one point to return to: the last star.
#include "storage/base/glob.h"

#include <cstddef>

#include "storage/base/ascii.h"

namespace corral::storage {
namespace {

constexpr size_t kNone = static_cast<size_t>(-1);

bool Same(char a, char b, bool nocase) { return a == b || (nocase && LowerCase(a) == LowerCase(b)); }

// What tolower answers for a signed char in the C library that Redis runs on: bytes from 0x80 to 0xfe come
// back as positive numbers, 0xff as EOF.
int LowerOrdinal(int c) {
  if (c >= 'A' && c <= 'Z') return c + ('a' - 'A');
  return c < -1 ? c + 256 : c;
}

// Redis compares the ends of a range as signed chars, and orders them before it folds their case.
bool InRange(signed char first, signed char last, signed char c, bool nocase) {
  int low = first < last ? first : last;
  int high = first < last ? last : first;
  if (!nocase) return c >= low && c <= high;
  return LowerOrdinal(c) >= LowerOrdinal(low) && LowerOrdinal(c) <= LowerOrdinal(high);
}

// `*at` is behind the '['; moves it behind the ']' (a class that is not closed ends with the pattern).
bool MatchClass(std::string_view pattern, size_t* at, char c, bool nocase) {
  size_t i = *at;
  bool negated = i < pattern.size() && pattern[i] == '^';
  if (negated) ++i;
  bool match = false;
  for (; i < pattern.size() && pattern[i] != ']'; ++i) {
    if (pattern[i] == '\\' && i + 1 < pattern.size()) {
      ++i;
      match |= pattern[i] == c;  // an escaped character keeps its case in Redis, even with nocase
    } else if (i + 2 < pattern.size() && pattern[i + 1] == '-') {
      match |= InRange(static_cast<signed char>(pattern[i]), static_cast<signed char>(pattern[i + 2]),
                       static_cast<signed char>(c), nocase);
      i += 2;
    } else {
      match |= Same(pattern[i], c, nocase);
    }
  }
  *at = i < pattern.size() ? i + 1 : i;
  return match != negated;
}

// Matches the one element at `*at` (never a star) with `c` and moves behind it.
bool MatchElement(std::string_view pattern, size_t* at, char c, bool nocase) {
  char element = pattern[(*at)++];
  switch (element) {
    case '?':
      return true;
    case '[':
      return MatchClass(pattern, at, c, nocase);
    case '\\':
      if (*at < pattern.size()) element = pattern[(*at)++];
      break;
    default:
      break;
  }
  return Same(element, c, nocase);
}

}  // namespace

bool GlobMatch(std::string_view pattern, std::string_view text, bool nocase) {
  // Redis looks at a star only when there is text left: "*" does not match the empty string.
  if (text.empty()) return pattern.empty();
  size_t at = 0;
  size_t i = 0;
  size_t star = kNone;  // behind the last star seen
  size_t resume = 0;    // the text position that the last star tried last
  // An earlier star never needs a second try: what follows it up to the last star matched as early as
  // possible.
  while (i < text.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = ++at;
      if (star == pattern.size()) return true;
      resume = i;
    } else if (at < pattern.size() && MatchElement(pattern, &at, text[i], nocase)) {
      ++i;
    } else if (star != kNone) {
      at = star;
      i = ++resume;
    } else {
      return false;
    }
  }
  while (at < pattern.size() && pattern[at] == '*') ++at;
  return at == pattern.size();
}

}  // namespace corral::storage
