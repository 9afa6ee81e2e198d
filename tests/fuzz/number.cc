// Any text: what parses prints and parses back to the same number, and agrees with the C library.
#include "storage/base/number.h"

#include <cerrno>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using corral::storage::FormatDouble;
using corral::storage::FormatInt64;
using corral::storage::FormatLongDouble;
using corral::storage::kIntegerDigits;
using corral::storage::ParseDouble;
using corral::storage::ParseInt64;
using corral::storage::ParseLongDouble;
using corral::storage::ParseUint64;

void Require(bool condition) {
  if (!condition) abort();
}

// An integer's text is canonical: it parses exactly if printing its value gives the text again.
void CheckIntegers(const std::string& text) {
  int64_t value;
  char digits[kIntegerDigits];
  bool parsed = ParseInt64(text, &value);
  if (parsed) Require(std::string_view(digits, FormatInt64(value, digits)) == text);
  errno = 0;
  long long expected = strtoll(text.c_str(), nullptr, 10);
  Require(parsed == (errno == 0 && std::to_string(expected) == text));

  uint64_t magnitude;
  parsed = ParseUint64(text, &magnitude);
  errno = 0;
  unsigned long long unsigned_expected = strtoull(text.c_str(), nullptr, 10);
  Require(parsed == (errno == 0 && std::to_string(unsigned_expected) == text));
  if (parsed) Require(magnitude == unsigned_expected);
}

void CheckDoubles(const std::string& text) {
  double value;
  if (ParseDouble(text, &value)) {
    Require(!std::isnan(value));
    Require(value == strtod(text.c_str(), nullptr));
    double again;
    Require(ParseDouble(FormatDouble(value), &again) && again == value);
    char expected[64];
    snprintf(expected, sizeof(expected), "%.17g", value);
    Require(FormatDouble(value) == expected);
  }
  long double precise;
  if (ParseLongDouble(text, &precise)) {
    std::string printed = FormatLongDouble(precise);
    long double again;
    Require(ParseLongDouble(printed, &again));
    // Seventeen decimals is what the form keeps.
    if (std::isfinite(precise)) Require(std::fabs(again - precise) <= 1e-17L);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string text(reinterpret_cast<const char*>(data), size);
  CheckIntegers(text);
  CheckDoubles(text);
  return 0;
}
