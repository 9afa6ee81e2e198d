// The reference reader: recomputes everything from the stream's text, keeps no state.
#include "tests/unit/protocol/reference_reader.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>

namespace corral::protocol {
namespace {

constexpr size_t kLineLimit = 65536;

// The text up to `end`, as strchr on a zero-terminated buffer would find it.
struct Line {
  std::optional<size_t> size;
  bool too_long = false;
};

Line FindLine(std::string_view text, char end) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == end) return {.size = i};
    if (text[i] == 0) break;
  }
  return {.size = {}, .too_long = text.size() > kLineLimit};
}

std::optional<long long> Number(const std::string& text) {
  char* stop = nullptr;
  errno = 0;
  long long value = strtoll(text.c_str(), &stop, 10);
  if (errno != 0 || std::to_string(value) != text) return {};
  return value;
}

std::optional<Command> Split(const std::string& line) {
  Command words;
  const char* p = line.c_str();
  for (;;) {
    while (*p && isspace(static_cast<unsigned char>(*p))) ++p;
    if (!*p) return words;
    std::string word;
    char quote = 0;
    for (;; ++p) {
      if (!quote) {
        if (!*p || strchr(" \n\r\t", *p)) break;
        if (*p == '"' || *p == '\'') {
          quote = *p;
        } else {
          word += *p;
        }
        continue;
      }
      if (!*p) return {};
      if (quote == '"' && p[0] == '\\' && p[1] == 'x' && isxdigit(p[2]) && isxdigit(p[3])) {
        word += static_cast<char>(strtol(std::string(p + 2, 2).c_str(), nullptr, 16));
        p += 3;
      } else if (quote == '"' && p[0] == '\\' && p[1]) {
        const char* escapes = "n\nr\rt\tb\ba\a";
        const char* found = strchr(escapes, *++p);
        bool named = found != nullptr && (found - escapes) % 2 == 0;
        word += named ? found[1] : *p;
      } else if (quote == '\'' && p[0] == '\\' && p[1] == '\'') {
        word += *++p;
      } else if (*p == quote) {
        if (p[1] && !isspace(static_cast<unsigned char>(p[1]))) return {};
        ++p;
        break;
      } else {
        word += *p;
      }
    }
    words.push_back(word);
  }
}

// One request: its bytes are cut off `text`. False when there is no more to read.
bool ReadOne(std::string_view* text, const ReaderLimits& limits, Requests* requests) {
  auto fail = [requests](const std::string& why) {
    requests->error = "ERR Protocol error: " + why;
    return false;
  };
  std::string_view rest = *text;
  if (rest.empty()) return false;
  if (rest[0] != '*') {
    Line line = FindLine(rest, '\n');
    if (line.too_long) return fail("too big inline request");
    if (!line.size) return false;
    std::string_view content = rest.substr(0, *line.size);
    if (content.ends_with('\r')) content.remove_suffix(1);
    auto words = Split(std::string(content));
    if (!words) return fail("unbalanced quotes in request");
    if (!words->empty()) requests->commands.push_back(*words);
    *text = rest.substr(*line.size + 1);
    return true;
  }
  Line line = FindLine(rest, '\r');
  if (line.too_long) return fail("too big mbulk count string");
  if (!line.size || *line.size + 2 > rest.size()) return false;
  auto count = Number(std::string(rest.substr(1, *line.size - 1)));
  if (!count || *count > limits.max_arguments) return fail("invalid multibulk length");
  if (limits.unauthenticated && *count > 10) return fail("unauthenticated multibulk length");
  rest.remove_prefix(*line.size + 2);
  Command command;
  for (long long i = 0; i < *count; ++i) {
    line = FindLine(rest, '\r');
    if (line.too_long) return fail("too big bulk count string");
    if (!line.size || *line.size + 2 > rest.size()) return false;
    if (rest[0] != '$')
      return fail(std::string("expected '$', got '") + (rest[0] == '\r' || rest[0] == '\n' ? ' ' : rest[0]) +
                  "'");
    auto length = Number(std::string(rest.substr(1, *line.size - 1)));
    if (!length || *length < 0 || *length > limits.max_bulk_bytes) return fail("invalid bulk length");
    if (limits.unauthenticated && *length > 16384) return fail("unauthenticated bulk length");
    rest.remove_prefix(*line.size + 2);
    if (rest.size() < static_cast<size_t>(*length) + 2) return false;
    command.emplace_back(rest.substr(0, static_cast<size_t>(*length)));
    rest.remove_prefix(static_cast<size_t>(*length) + 2);
  }
  if (!command.empty()) requests->commands.push_back(command);
  *text = rest;
  return true;
}

}  // namespace

Requests ReadReference(std::string_view stream, const ReaderLimits& limits) {
  Requests requests;
  while (ReadOne(&stream, limits, &requests)) {
  }
  return requests;
}

Requests ReadInPieces(std::string_view stream, const std::vector<size_t>& ends, const ReaderLimits& limits,
                      size_t detach_least) {
  Requests requests;
  RequestReader reader;
  std::string kept;
  size_t start = 0;
  for (size_t piece = 0; piece <= ends.size(); ++piece) {
    std::string_view fresh =
        stream.substr(start, (piece < ends.size() ? ends[piece] : stream.size()) - start);
    start += fresh.size();
    const std::span<char> tail = reader.DetachedTail();
    const size_t detached = std::min(tail.size(), fresh.size());
    if (detached > 0) {
      memcpy(tail.data(), fresh.data(), detached);
      reader.CommitDetached(detached);
    }
    kept += fresh.substr(detached);
    // A buffer of its own: sanitizers then see any access behind it, and no address survives a piece.
    std::unique_ptr<char[]> bytes(new char[kept.size()]);
    if (!kept.empty()) memcpy(bytes.get(), kept.data(), kept.size());
    std::string_view input(bytes.get(), kept.size());
    for (;;) {
      ArgumentPool pool;
      RequestReader::Result result = reader.Next(input, limits, pool);
      if (result.status == ReadStatus::kError) {
        requests.error = result.error;
        return requests;
      }
      input.remove_prefix(result.consumed);
      if (result.status == ReadStatus::kIncomplete) break;
      requests.commands.emplace_back(pool.views.begin(), pool.views.end());
      reader.DropDetached();
    }
    kept = input.substr(0, reader.Detach(input, detach_least));
  }
  return requests;
}

}  // namespace corral::protocol
