// Numbers to text and back, exactly as Redis reads and prints them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace corral::storage {

// Room for any int64 in decimal.
inline constexpr size_t kIntegerDigits = 21;
// Scratch space in which an integer is printed when somebody wants its text.
struct IntegerText {
  char digits[kIntegerDigits];
};
// Room for any double in the reply form ("-2.2250738585072014e-308" is the longest).
inline constexpr size_t kDoubleChars = 32;

// "00" to "99", one pair behind the other.
inline constexpr char kDigitPairs[] =
    "00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445464748495051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";

// Strict: optional '-', no leading zeros or '+', no spaces, within int64 (Redis's string2ll); "-0" is
// refused. The unsigned form takes no sign at all. *value is written on success only, as by all of these.
bool ParseInt64(std::string_view text, int64_t* value);
bool ParseUint64(std::string_view text, uint64_t* value);
// As Redis's string2ld/strtod based readers: no leading or trailing space, whole text used, no NaN; "inf" and
// hex pass.
bool ParseDouble(std::string_view text, double* value);
bool ParseLongDouble(std::string_view text, long double* value);

// Writes the digits to `out` (kIntegerDigits bytes) and returns their number.
size_t FormatInt64(int64_t value, char* out);
std::string FormatLongDouble(long double value);  // INCRBYFLOAT's form: %.17Lf, trailing zeros cut, -0 is 0
std::string FormatDouble(double value);  // reply form of a double: inf, -inf, nan, integers plain, else %.17g
size_t FormatDouble(double value, char* out);  // the same into kDoubleChars bytes; returns how many it wrote

}  // namespace corral::storage
