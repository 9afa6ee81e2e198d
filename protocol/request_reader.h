// Reads RESP requests (multibulk and inline) in place, resumable at any byte.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace corral::protocol {

// The arguments of the commands of one batch, one after another. Views point into the bytes that were read,
// or, for inline commands with quotes and escapes, into `decoded` (a deque: its strings never move).
struct ArgumentPool {
  std::vector<std::string_view> views;
  std::deque<std::string> decoded;
  void Clear() {
    views.clear();
    decoded.clear();
  }
};

struct ReaderLimits {
  int64_t max_arguments = 2147483647;            // beyond: "Protocol error: invalid multibulk length"
  int64_t max_bulk_bytes = 512LL * 1024 * 1024;  // proto-max-bulk-len: "Protocol error: invalid bulk length"
  bool unauthenticated = false;  // at most 10 arguments of 16384 bytes, with Redis's own words
};

enum class ReadStatus : uint8_t { kCommand, kIncomplete, kError };

// The state of one connection's request stream. The caller owns the bytes: it passes everything from the
// start of the current command on; after every call it drops `consumed` bytes; after kIncomplete it keeps the
// rest (at any address: the state is offsets) and calls again with the same bytes and more behind them. After
// kError the stream has no further commands. Work per call is linear in the new bytes, also when a huge
// command arrives in small pieces. A command that is all there is parsed without state or allocation. Idle
// size: one pointer.
class RequestReader {
 public:
  struct Result {
    ReadStatus status;
    size_t consumed = 0;  // kCommand: bytes of the command, with empty lines and empty arrays skipped before
                          // it. kIncomplete: bytes of skipped empty requests only, to be dropped as well.
    uint32_t argument_count = 0;  // kCommand: so many views were appended to the pool; at least 1
    std::string
        error;  // kError: Redis's text without '-', such as "ERR Protocol error: expected '$', got 'x'"
  };

  Result Next(std::string_view input, const ReaderLimits& limits, ArgumentPool& pool);

  // After kIncomplete: how many bytes, from the start of the current command, must be there before another
  // call can get further; 0 when unknown. Lets the caller size its buffer for a big argument once.
  size_t wanted_bytes() const;
  // True when a command has begun but is not complete.
  bool mid_command() const;

 private:
  struct Partial;  // offsets of the arguments seen so far; only while a command is incomplete

  ReadStatus Resume(std::string_view input, const ReaderLimits& limits, ArgumentPool& pool, Result& result);

  std::unique_ptr<Partial> partial_;

 public:
  RequestReader();
  ~RequestReader();
  RequestReader(RequestReader&&) noexcept;
  RequestReader& operator=(RequestReader&&) noexcept;
};

}  // namespace corral::protocol
