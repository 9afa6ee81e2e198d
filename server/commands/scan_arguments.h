// The arguments and the reply of SCAN and its kin.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "server/command/context.h"

namespace corral::commands {

// Reads a cursor as C's strtoul does, which Redis uses: an optional sign, digits, nothing else up to the end
// or the first zero byte; no text at all is 0. False for anything else, leading space included, and beyond 64
// bits.
bool ParseCursor(std::string_view text, uint64_t* cursor);
// The same of argument `i`; answers a mistake.
bool ReadCursor(command::Context& ctx, size_t i, uint64_t* cursor);

// The option that only one command takes.
enum class ScanOption : uint8_t { kNone, kType, kNoValues };

struct ScanArguments {
  uint64_t count = 10;
  std::string_view pattern = "*";
  std::optional<std::string_view> type;
  bool no_values = false;

  // Reads the options from argument `first` on: MATCH, COUNT, and `extra`. Answers a mistake and returns
  // false then.
  bool Read(command::Context& ctx, size_t first, ScanOption extra = ScanOption::kNone);
  bool Match(std::string_view name) const;
};

void ReplyScan(command::Context& ctx, uint64_t cursor, std::span<const std::string> found);

}  // namespace corral::commands
