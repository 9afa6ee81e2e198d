// Numbers to text and back, exactly as Redis reads and prints them.
#include "storage/base/number.h"

#include <array>
#include <bit>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>

namespace corral::storage {
namespace {

// Longest text that may be a long double: Redis's buffer, its terminating zero included.
constexpr size_t kLongDoubleChars = 5 * 1024;

constexpr std::array<uint64_t, 20> kPowersOfTen = [] {
  std::array<uint64_t, 20> powers{};  // 10^0 is left 0: even zero has one digit
  uint64_t power = 1;
  for (size_t i = 1; i < powers.size(); ++i) powers[i] = power *= 10;
  return powers;
}();

size_t DecimalDigits(uint64_t value) {
  // 1233 / 4096 is log10(2), near enough for 64 bits to be at most one digit short.
  size_t estimate = static_cast<size_t>(std::bit_width(value)) * 1233 >> 12;
  return estimate + (value >= kPowersOfTen[estimate] ? 1 : 0);
}

// A zero-terminated copy for the C library, on the stack when it is short.
class TerminatedText {
 public:
  explicit TerminatedText(std::string_view text) {
    if (text.size() < sizeof(short_)) {
      memcpy(short_, text.data(), text.size());
      short_[text.size()] = 0;
      start_ = short_;
    } else {
      long_.assign(text);
      start_ = long_.c_str();
    }
  }
  const char* c_str() const { return start_; }

 private:
  char short_[128];
  std::string long_;
  const char* start_;
};

// What strtod and strtold share: whole text, no space in front, no NaN, no overflow and no underflow to zero.
template <typename Float>
bool ParseFloat(std::string_view text, Float (*parse)(const char*, char**), Float* value) {
  if (text.empty() || isspace(static_cast<unsigned char>(text[0]))) return false;
  TerminatedText copy(text);
  char* stop = nullptr;
  errno = 0;
  Float parsed = parse(copy.c_str(), &stop);
  if (static_cast<size_t>(stop - copy.c_str()) != text.size() || std::isnan(parsed)) return false;
  if (errno == ERANGE && (std::isinf(parsed) || parsed == 0)) return false;
  *value = parsed;
  return true;
}

}  // namespace

bool ParseUint64(std::string_view text, uint64_t* value) {
  if (text.empty() || text.size() > 20) return false;
  uint64_t digit = static_cast<unsigned char>(text[0]) - '0';
  if (digit > 9 || (digit == 0 && text.size() > 1)) return false;
  uint64_t total = digit;
  // Nineteen digits cannot overflow; the twentieth is checked.
  size_t safe = text.size() < 19 ? text.size() : 19;
  for (size_t i = 1; i < safe; ++i) {
    digit = static_cast<unsigned char>(text[i]) - '0';
    if (digit > 9) return false;
    total = total * 10 + digit;
  }
  if (text.size() == 20) {
    digit = static_cast<unsigned char>(text[19]) - '0';
    if (digit > 9 || __builtin_mul_overflow(total, uint64_t{10}, &total) ||
        __builtin_add_overflow(total, digit, &total)) {
      return false;
    }
  }
  *value = total;
  return true;
}

bool ParseInt64(std::string_view text, int64_t* value) {
  bool negative = !text.empty() && text[0] == '-';
  if (negative) text.remove_prefix(1);
  uint64_t magnitude;
  if (!ParseUint64(text, &magnitude)) return false;
  constexpr uint64_t kMax = std::numeric_limits<int64_t>::max();
  if (negative) {
    if (magnitude == 0 || magnitude > kMax + 1) return false;
    *value = static_cast<int64_t>(-magnitude);
  } else {
    if (magnitude > kMax) return false;
    *value = static_cast<int64_t>(magnitude);
  }
  return true;
}

bool ParseDouble(std::string_view text, double* value) {
  // Plain decimals take the fast way; signs, hex, inf and out of range go by the C library's rules.
  if (!text.empty() && (text[0] == '-' || static_cast<unsigned char>(text[0] - '0') <= 9)) {
    double parsed;
    auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), parsed);
    if (error == std::errc() && stop == text.data() + text.size() && std::isfinite(parsed)) {
      *value = parsed;
      return true;
    }
  }
  return ParseFloat<double>(text, strtod, value);
}

bool ParseLongDouble(std::string_view text, long double* value) {
  if (text.size() >= kLongDoubleChars) return false;
  return ParseFloat<long double>(text, strtold, value);
}

size_t FormatInt64(int64_t value, char* out) {
  uint64_t rest = static_cast<uint64_t>(value);
  size_t sign = 0;
  if (value < 0) {
    *out++ = '-';
    rest = -rest;
    sign = 1;
  }
  size_t digits = DecimalDigits(rest);
  char* at = out + digits;
  while (rest >= 100) {
    at -= 2;
    memcpy(at, kDigitPairs + 2 * (rest % 100), 2);
    rest /= 100;
  }
  if (rest >= 10) {
    memcpy(out, kDigitPairs + 2 * rest, 2);
  } else {
    *out = static_cast<char>('0' + rest);
  }
  return sign + digits;
}

std::string FormatLongDouble(long double value) {
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  if (std::isnan(value)) return "nan";
  char buffer[kLongDoubleChars];
  int length = snprintf(buffer, sizeof(buffer), "%.17Lf", value);
  std::string_view text(buffer, static_cast<size_t>(length));
  text.remove_suffix(text.size() - 1 - text.find_last_not_of('0'));
  if (text.back() == '.') text.remove_suffix(1);
  return text == "-0" ? "0" : std::string(text);
}

std::string FormatDouble(double value) {
  char buffer[kDoubleChars];
  return {buffer, FormatDouble(value, buffer)};
}

size_t FormatDouble(double value, char* out) {
  auto literal = [out](std::string_view text) {
    memcpy(out, text.data(), text.size());
    return text.size();
  };
  if (std::isnan(value)) return literal("nan");
  if (std::isinf(value)) return literal(value > 0 ? "inf" : "-inf");
  // Below 2^53 every integer is exact and %.17g prints it plainly; minus zero keeps its sign there.
  if (value > -9007199254740992.0 && value < 9007199254740992.0) {
    auto integer = static_cast<int64_t>(value);
    if (static_cast<double>(integer) == value && (integer != 0 || !std::signbit(value))) {
      return FormatInt64(integer, out);
    }
  }
  auto [stop, error] = std::to_chars(out, out + kDoubleChars, value, std::chars_format::general, 17);
  return static_cast<size_t>(stop - out);
}

}  // namespace corral::storage
