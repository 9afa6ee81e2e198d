// The token of a lease: a number of this process's life, as opaque text on the wire.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace corral::lease {

// `number` counts grants; 0 is no token. `boot` is random for each start, so that a token from an earlier
// life is never taken for one of this.
struct Token {
  static constexpr size_t kTextBytes = 24;

  uint32_t boot = 0;
  uint64_t number = 0;

  explicit operator bool() const { return number != 0; }
  bool operator==(const Token&) const = default;

  // Lower-case hexadecimal digits, eight of `boot` and sixteen of `number`.
  void Format(char (&text)[kTextBytes]) const;
  // False when the text cannot have come from Format.
  static bool Parse(std::string_view text, Token* token);
};

}  // namespace corral::lease
