// A slow and obviously right reader of RESP requests, to compare the real one with.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/request_reader.h"

namespace corral::protocol {

using Command = std::vector<std::string>;

// What a stream of bytes holds: its commands, then an error or nothing.
struct Requests {
  std::vector<Command> commands;
  std::string error;
  bool operator==(const Requests&) const = default;
};

// Reads a whole stream from its beginning, character by character.
Requests ReadReference(std::string_view stream, const ReaderLimits& limits);

// Feeds the stream to one RequestReader, the bytes of each piece behind what was kept; `ends` are the offsets
// where pieces end (the stream's end is added). Every call gets the kept bytes at a fresh address of exactly
// their size. Arguments of `detach_least` bytes and more are detached.
Requests ReadInPieces(std::string_view stream, const std::vector<size_t>& ends, const ReaderLimits& limits,
                      size_t detach_least = SIZE_MAX);

}  // namespace corral::protocol
