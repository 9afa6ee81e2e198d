// Reads RESP requests: whole commands on a straight path without state, pieces of commands on a resumable
// one.
#include "protocol/request_reader.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "protocol/inline_request.h"
#include "storage/base/number.h"

namespace corral::protocol {
namespace {

// Redis's PROTO_INLINE_MAX_SIZE: a line of more bytes is refused unless its end has arrived with them.
constexpr size_t kMaxLineBytes = 64 * 1024;
constexpr int64_t kMaxUnauthenticatedArguments = 10;
constexpr int64_t kMaxUnauthenticatedBulk = 16384;
// The least room that a big argument gets when it has none left.
constexpr size_t kLeastDetachedBytes = 64 * 1024;
// The shortest argument on the wire: "$0\r\n\r\n".
constexpr size_t kMinArgumentBytes = 6;

// Reads the digits of a length and its line end. Null sends an unusual or incomplete length to the careful
// path. Like Redis, it checks the '\r' and skips the byte behind it whatever it is.
inline const char* ReadLength(const char* at, const char* end, int64_t* value) {
  constexpr ptrdiff_t kMaxDigits = 18;  // cannot overflow
  if (end - at < 3) return nullptr;
  int64_t total = static_cast<unsigned char>(*at) - '0';
  if (total < 0 || total > 9) return nullptr;
  if (at[1] == '\r') [[likely]] {
    *value = total;
    return at + 3;
  }
  if (total == 0) return nullptr;  // no leading zeros
  const char* limit = end - at > kMaxDigits ? at + kMaxDigits : end;
  unsigned digit;
  for (++at; at < limit && (digit = static_cast<unsigned char>(*at) - unsigned{'0'}) <= 9; ++at) {
    total = total * 10 + digit;
  }
  if (end - at < 2 || *at != '\r') return nullptr;
  *value = total;
  return at + 2;
}

// A multibulk command that is all there, well formed and within the limits; 0 sends it to the careful path,
// with the pool as it was. Returns the bytes it used.
size_t ReadWhole(std::string_view input, const ReaderLimits& limits, ArgumentPool& pool, uint32_t* count) {
  const char* end = input.data() + input.size();
  int64_t arguments;
  const char* at = ReadLength(input.data() + 1, end, &arguments);
  if (at == nullptr || arguments == 0 || arguments > limits.max_arguments) return 0;
  if (static_cast<uint64_t>(arguments) > static_cast<size_t>(end - at) / kMinArgumentBytes) return 0;
  // A count beyond what the input can hold is refused here, so that a header alone cannot claim memory.
  size_t before = pool.views.size();
  pool.views.resize(before + static_cast<size_t>(arguments));
  std::string_view* view = pool.views.data() + before;
  for (int64_t left = arguments; left > 0; --left) {
    int64_t length;
    const char* bulk;
    if (at == end || *at != '$' || (bulk = ReadLength(at + 1, end, &length)) == nullptr ||
        length > limits.max_bulk_bytes || end - bulk < length + 2) [[unlikely]] {
      pool.views.resize(before);
      return 0;
    }
    *view++ = {bulk, static_cast<size_t>(length)};
    at = bulk + length + 2;
  }
  *count = static_cast<uint32_t>(arguments);
  return static_cast<size_t>(at - input.data());
}

std::string ExpectedBulk(char got) {
  // As in every error, a line break in the text becomes a space.
  if (got == '\r' || got == '\n') got = ' ';
  return std::string("ERR Protocol error: expected '$', got '") + got + "'";
}

}  // namespace

// Invariants: `position` is where the header or bulk that is being read starts; `scanned` bytes of that
// header hold no line end; `bulk_bytes` is -1 unless a bulk's header has been read. Offsets count from the
// command's first byte.
struct RequestReader::Partial {
  struct Span {
    size_t offset;  // kDetached: not in the input
    size_t size;
  };
  static constexpr size_t kDetached = SIZE_MAX;
  enum class Line : uint8_t { kFound, kIncomplete, kTooLong };

  std::vector<Span> spans;
  size_t position = 0;
  size_t scanned = 0;
  int64_t remaining = 0;  // arguments to come; 0 until the count is known
  int64_t bulk_bytes = -1;
  bool zero_seen = false;  // a zero byte in the line: Redis's strchr never gets beyond it

  // Looks for the line end behind `position`, beginning where the last call stopped. `*line_end` is its
  // offset; `behind` bytes after it must be there as well.
  Line FindLineEnd(std::string_view input, char terminator, size_t behind, size_t* line_end) {
    std::string_view line = input.substr(position);
    std::string_view fresh = line.substr(scanned);
    if (!zero_seen && !fresh.empty()) {
      auto* found = static_cast<const char*>(memchr(fresh.data(), terminator, fresh.size()));
      size_t visible = found != nullptr ? static_cast<size_t>(found - fresh.data()) : fresh.size();
      zero_seen = visible > 0 && memchr(fresh.data(), 0, visible) != nullptr;
      if (found != nullptr && !zero_seen) {
        scanned += visible;
        *line_end = position + scanned;
        return *line_end + 1 + behind <= input.size() ? Line::kFound : Line::kIncomplete;
      }
    }
    scanned = line.size();
    return line.size() > kMaxLineBytes ? Line::kTooLong : Line::kIncomplete;
  }

  void NextLine(size_t start) {
    position = start;
    scanned = 0;
  }

  ReadStatus ReadInline(std::string_view input, ArgumentPool& pool, Result& result);
  ReadStatus ReadCount(std::string_view input, const ReaderLimits& limits, std::string* error);
  ReadStatus ReadBulkHeader(std::string_view input, const ReaderLimits& limits, std::string* error);
  ReadStatus ReadMultibulk(std::string_view input, const ReaderLimits& limits, const Detached* detached,
                           std::string* error);
};

RequestReader::RequestReader() = default;
RequestReader::~RequestReader() = default;
RequestReader::RequestReader(RequestReader&&) noexcept = default;
RequestReader& RequestReader::operator=(RequestReader&&) noexcept = default;

RequestReader::Result RequestReader::Next(std::string_view input, const ReaderLimits& limits,
                                          ArgumentPool& pool) {
  Result result{.status = ReadStatus::kIncomplete, .consumed = 0, .argument_count = 0, .error = {}};
  if (partial_ == nullptr && detached_ == nullptr && !limits.unauthenticated && !input.empty() &&
      input[0] == '*') [[likely]] {
    result.consumed = ReadWhole(input, limits, pool, &result.argument_count);
    if (result.consumed > 0) {
      result.status = ReadStatus::kCommand;
      return result;
    }
  }
  // Empty requests are skipped here: each leaves the state fresh and `consumed` behind itself.
  size_t skipped = 0;
  while (skipped < input.size()) {
    result.consumed = 0;
    result.status = Resume(input.substr(skipped), limits, pool, result);
    skipped += result.consumed;
    if (result.status != ReadStatus::kCommand || result.argument_count > 0) break;
    result.status = ReadStatus::kIncomplete;
  }
  result.consumed = skipped;
  return result;
}

// One step of the careful path: reads on where the last call stopped, and drops the state with a command's
// end. An empty request is a command without arguments.
ReadStatus RequestReader::Resume(std::string_view input, const ReaderLimits& limits, ArgumentPool& pool,
                                 Result& result) {
  if (partial_ == nullptr) partial_ = std::make_unique<Partial>();
  Partial& partial = *partial_;
  result.argument_count = 0;
  if (input[0] != '*') {
    ReadStatus status = partial.ReadInline(input, pool, result);
    if (status != ReadStatus::kIncomplete) partial_.reset();
    return status;
  }
  Detached* detached = detached_ != nullptr && !detached_->read ? detached_.get() : nullptr;
  ReadStatus status = partial.ReadMultibulk(input, limits, detached, &result.error);
  if (status == ReadStatus::kIncomplete) return status;
  if (status == ReadStatus::kCommand) {
    for (const Partial::Span& span : partial.spans) {
      const bool in_input = span.offset != Partial::kDetached;
      pool.views.emplace_back(in_input ? input.data() + span.offset : detached->bytes.data(), span.size);
    }
    if (detached != nullptr) detached->read = true;
    result.argument_count = static_cast<uint32_t>(partial.spans.size());
    result.consumed = partial.position;
  }
  partial_.reset();
  return status;
}

ReadStatus RequestReader::Partial::ReadInline(std::string_view input, ArgumentPool& pool, Result& result) {
  size_t line_end = 0;
  switch (FindLineEnd(input, '\n', 0, &line_end)) {
    case Line::kIncomplete:
      return ReadStatus::kIncomplete;
    case Line::kTooLong:
      result.error = "ERR Protocol error: too big inline request";
      return ReadStatus::kError;
    case Line::kFound:
      break;
  }
  result.consumed = line_end + 1;
  if (line_end > 0 && input[line_end - 1] == '\r') --line_end;
  std::optional<uint32_t> count = SplitInlineRequest(input.substr(0, line_end), pool);
  if (!count) {
    result.consumed = 0;
    result.error = "ERR Protocol error: unbalanced quotes in request";
    return ReadStatus::kError;
  }
  result.argument_count = *count;
  return ReadStatus::kCommand;
}

// The "*<count>\r\n" of a command; kCommand means that the count is known.
ReadStatus RequestReader::Partial::ReadCount(std::string_view input, const ReaderLimits& limits,
                                             std::string* error) {
  size_t line_end = 0;
  switch (FindLineEnd(input, '\r', 1, &line_end)) {
    case Line::kIncomplete:
      return ReadStatus::kIncomplete;
    case Line::kTooLong:
      *error = "ERR Protocol error: too big mbulk count string";
      return ReadStatus::kError;
    case Line::kFound:
      break;
  }
  int64_t count;
  if (!storage::ParseInt64(input.substr(1, line_end - 1), &count) || count > limits.max_arguments ||
      count > std::numeric_limits<int32_t>::max()) {
    *error = "ERR Protocol error: invalid multibulk length";
    return ReadStatus::kError;
  }
  if (limits.unauthenticated && count > kMaxUnauthenticatedArguments) {
    *error = "ERR Protocol error: unauthenticated multibulk length";
    return ReadStatus::kError;
  }
  NextLine(line_end + 2);
  remaining = count > 0 ? count : 0;
  return ReadStatus::kCommand;
}

// The "$<length>\r\n" of an argument; kCommand means that `bulk_bytes` is known.
ReadStatus RequestReader::Partial::ReadBulkHeader(std::string_view input, const ReaderLimits& limits,
                                                  std::string* error) {
  size_t line_end = 0;
  switch (FindLineEnd(input, '\r', 1, &line_end)) {
    case Line::kIncomplete:
      return ReadStatus::kIncomplete;
    case Line::kTooLong:
      *error = "ERR Protocol error: too big bulk count string";
      return ReadStatus::kError;
    case Line::kFound:
      break;
  }
  if (input[position] != '$') {
    *error = ExpectedBulk(input[position]);
    return ReadStatus::kError;
  }
  int64_t length;
  if (!storage::ParseInt64(input.substr(position + 1, line_end - position - 1), &length) || length < 0 ||
      length > limits.max_bulk_bytes) {
    *error = "ERR Protocol error: invalid bulk length";
    return ReadStatus::kError;
  }
  if (limits.unauthenticated && length > kMaxUnauthenticatedBulk) {
    *error = "ERR Protocol error: unauthenticated bulk length";
    return ReadStatus::kError;
  }
  NextLine(line_end + 2);
  bulk_bytes = length;
  return ReadStatus::kCommand;
}

ReadStatus RequestReader::Partial::ReadMultibulk(std::string_view input, const ReaderLimits& limits,
                                                 const Detached* detached, std::string* error) {
  if (position == 0) {
    ReadStatus status = ReadCount(input, limits, error);
    if (status != ReadStatus::kCommand) return status;
  }
  while (remaining > 0) {
    if (bulk_bytes < 0) {
      ReadStatus status = ReadBulkHeader(input, limits, error);
      if (status != ReadStatus::kCommand) return status;
    }
    size_t size = static_cast<size_t>(bulk_bytes);
    const bool elsewhere = detached != nullptr && detached->offset == position;
    const size_t here = elsewhere ? 0 : size;
    if (elsewhere && detached->filled < size) return ReadStatus::kIncomplete;
    if (input.size() - position < here + 2) return ReadStatus::kIncomplete;
    spans.push_back({elsewhere ? kDetached : position, size});
    NextLine(position + here + 2);  // the two bytes behind a bulk are skipped unseen, as in Redis
    bulk_bytes = -1;
    --remaining;
  }
  return ReadStatus::kCommand;
}

size_t RequestReader::wanted_bytes() const {
  if (partial_ == nullptr || partial_->bulk_bytes < 0) return 0;
  const bool elsewhere = detached_ != nullptr && detached_->offset == partial_->position;
  return partial_->position + (elsewhere ? 0 : static_cast<size_t>(partial_->bulk_bytes)) + 2;
}

RequestReader::Progress RequestReader::progress() const {
  Progress progress;
  progress.arriving_bytes = detached_bytes();
  if (partial_ == nullptr) return progress;
  progress.parsed_bytes = partial_->position;
  for (const Partial::Span& span : partial_->spans) {
    progress.argument_bytes += span.size;
    if (span.offset == Partial::kDetached) progress.arriving_bytes = 0;
  }
  return progress;
}

void RequestReader::Restart() {
  partial_.reset();
  if (detached_ != nullptr) detached_->read = false;
}

size_t RequestReader::Detach(std::string_view input, size_t least) {
  if (partial_ == nullptr || detached_ != nullptr || partial_->bulk_bytes < 0) return input.size();
  const size_t size = static_cast<size_t>(partial_->bulk_bytes), offset = partial_->position;
  const std::string_view begun = input.substr(offset);
  // Of a complete one only the line end is missing.
  if (size < least || begun.size() >= size) return input.size();
  storage::SharedBytes bytes = storage::SharedBytes::Allocate(begun.size());
  std::memcpy(bytes.data(), begun.data(), begun.size());
  bytes.SetSize(begun.size());
  detached_ = std::make_unique<Detached>(Detached{offset, size, begun.size(), false, std::move(bytes)});
  return offset;
}

std::span<char> RequestReader::DetachedTail() {
  if (detached_ == nullptr || detached_->filled == detached_->size) return {};
  storage::SharedBytes& bytes = detached_->bytes;
  if (bytes.size() == detached_->filled) {
    const size_t size = std::min(detached_->size, std::max(2 * detached_->filled, kLeastDetachedBytes));
    bytes.Reserve(size);
    bytes.SetSize(size);
  }
  return {bytes.data() + detached_->filled, bytes.size() - detached_->filled};
}

}  // namespace corral::protocol
