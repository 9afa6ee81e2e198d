// Reads RESP requests (multibulk and inline) in place, resumable at any byte.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "storage/base/capacity.h"
#include "storage/base/shared_bytes.h"

namespace corral::protocol {

// The arguments of the commands of one batch, one after another. Views point into the bytes that were read,
// or, for inline commands with quotes and escapes, into `decoded` (a deque: its strings never move).
struct ArgumentPool {
  std::vector<std::string_view> views;
  std::deque<std::string> decoded;
  void Clear() {
    views.clear();
    storage::GiveBack(views);
    decoded.clear();
  }
};

struct ReaderLimits {
  int64_t max_arguments = 2147483647;            // beyond: "Protocol error: invalid multibulk length"
  int64_t max_bulk_bytes = 512LL * 1024 * 1024;  // proto-max-bulk-len: "Protocol error: invalid bulk length"
  bool unauthenticated = false;  // at most 10 arguments of 16384 bytes, with Redis's own words
};

enum class ReadStatus : uint8_t { kCommand, kIncomplete, kError };

// The state of one connection's request stream. The caller owns the bytes and passes all of them, from the
// start of the current command on. After every call it drops `consumed` bytes. After kIncomplete it keeps the
// rest and calls again with the same bytes and more behind them; they may lie at another address, because the
// state is made of offsets. After kError the stream has no further commands.
//
// Work per call is linear in the new bytes, also when a huge command arrives in small pieces. A complete
// command is parsed without state or allocation. An idle reader has the size of two pointers.
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

  // After kIncomplete: how many bytes of the current command must be there before another call makes
  // progress; 0 when unknown. The caller can size its buffer for a big argument by it.
  size_t wanted_bytes() const;
  // For commands that were read and not run: the next call reads them again.
  void Restart();

  // How much of an incomplete command has been parsed. O(arguments).
  struct Progress {
    size_t parsed_bytes =
        0;  // from its start, as it lies in the caller's buffer: headers and whole arguments
    size_t argument_bytes = 0;  // of the whole arguments alone, a detached one included
    size_t arriving_bytes = 0;  // of the detached argument, as long as it is not whole
  };
  Progress progress() const;

  // --- A big argument gets a buffer of its own, so that a command that stores it need not copy it. Each
  // command has one such argument at a time.

  // Call it after kIncomplete, with the same bytes. When they end within an argument of at least `least`
  // bytes, the part that has arrived moves to a buffer of its own. Returns how many bytes the caller keeps:
  // all of them, or those before the argument. From then on the argument's bytes go to DetachedTail, and the
  // bytes behind the argument to the caller's own. The buffer grows as bytes arrive, because an announced
  // length alone must claim no memory.
  size_t Detach(std::string_view input, size_t least);
  // Where the next bytes of the detached argument go: at most as many as have arrived. Empty when no argument
  // is detached, or when it is complete.
  std::span<char> DetachedTail();
  void CommitDetached(size_t bytes) { detached_->filled += bytes; }
  size_t detached_bytes() const { return detached_ == nullptr ? 0 : detached_->filled; }
  size_t detached_capacity() const { return detached_ == nullptr ? 0 : detached_->bytes.capacity(); }
  // The buffer that an argument of a complete command fills; empty when it lies in the input like most.
  storage::SharedBytes BufferOf(std::string_view argument) const {
    if (detached_ == nullptr) [[likely]]
      return {};
    return argument.data() == detached_->bytes.data() ? detached_->bytes : storage::SharedBytes();
  }
  // A command has run: gives up the buffer of its big argument, if it had one.
  storage::SharedBytes DropDetached() {
    if (detached_ == nullptr || !detached_->read) [[likely]]
      return {};
    return std::exchange(detached_, nullptr)->bytes;
  }

 private:
  struct Partial;  // offsets of the arguments seen so far; only while a command is incomplete
  // Invariant: the argument begins `offset` bytes behind the command's start; its bytes are no part of the
  // input.
  struct Detached {
    size_t offset;
    size_t size;    // announced
    size_t filled;  // arrived
    bool read;      // with its command, which has yet to run
    storage::SharedBytes bytes;
  };

  ReadStatus Resume(std::string_view input, const ReaderLimits& limits, ArgumentPool& pool, Result& result);

  std::unique_ptr<Partial> partial_;
  std::unique_ptr<Detached> detached_;

 public:
  RequestReader();
  ~RequestReader();
  RequestReader(RequestReader&&) noexcept;
  RequestReader& operator=(RequestReader&&) noexcept;
};

}  // namespace corral::protocol
