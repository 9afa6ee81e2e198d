#include "server/lease/token.h"

namespace corral::lease {
namespace {

constexpr char kDigits[] = "0123456789abcdef";
constexpr size_t kBootDigits = 8;

int DigitOf(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

void Token::Format(char (&text)[kTextBytes]) const {
  for (size_t i = 0; i < kTextBytes; ++i) {
    const bool of_boot = i < kBootDigits;
    const size_t shift = 4 * (of_boot ? kBootDigits - 1 - i : kTextBytes - 1 - i);
    text[i] = kDigits[((of_boot ? boot : number) >> shift) & 15];
  }
}

bool Token::Parse(std::string_view text, Token* token) {
  if (text.size() != kTextBytes) return false;
  Token read;
  for (size_t i = 0; i < kTextBytes; ++i) {
    const int digit = DigitOf(text[i]);
    if (digit < 0) return false;
    if (i < kBootDigits) {
      read.boot = read.boot << 4 | static_cast<uint32_t>(digit);
    } else {
      read.number = read.number << 4 | static_cast<uint64_t>(digit);
    }
  }
  if (!read) return false;
  *token = read;
  return true;
}

}  // namespace corral::lease
