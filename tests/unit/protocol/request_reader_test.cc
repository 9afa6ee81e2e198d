// The request reader against Redis's answers, and against the reference reader at every split.
#include "protocol/request_reader.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "tests/unit/protocol/reference_reader.h"
#include "tests/unit/seed.h"

namespace corral::protocol {
namespace {

using namespace std::string_literals;

struct Case {
  std::string stream;
  Requests expected;
};

Requests Commands(std::vector<Command> commands) { return {std::move(commands), ""}; }
Requests Fails(std::string error) { return {{}, "ERR Protocol error: " + error}; }

// Measured on redis-server 7.0.15.
const std::vector<Case>& Corpus() {
  static const std::vector<Case> corpus = {
      {"*1\r\n$4\r\nPING\r\n", Commands({{"PING"}})},
      {"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n", Commands({{"SET", "k", ""}})},
      {"*2\r\n$3\r\nGET\r\n$11\r\nk\r\n$1\0*\r\n\n=\r\n"s, Commands({{"GET", "k\r\n$1\0*\r\n\n="s}})},
      {"*0\r\n*-1\r\n*-10\r\nPING\r\n", Commands({{"PING"}})},
      {"*1\r\n$4\r\nPINGxx*1\r\n$4\r\nPONG\r\n", Commands({{"PING"}, {"PONG"}})},
      {"*1\rx$4\rxPINGxxPING\n", Commands({{"PING"}, {"PING"}})},
      {"\r\n\n \t\r\nPING\r\n", Commands({{"PING"}})},
      {"PING\nset a 1\r\n", Commands({{"PING"}, {"set", "a", "1"}})},
      {"ECHO 'a\\'b\\n'\r\n", Commands({{"ECHO", "a'b\\n"}})},
      {"ECHO \"\\x41\\n\\q\\xg\\\"\"\r\n", Commands({{"ECHO", "A\nqxg\""}})},
      {"ECHO foo\"bar\" '' \"\"\r\n", Commands({{"ECHO", "foobar", "", ""}})},
      {"ECHO a\vb\r\n\v\fPING\r\n", Commands({{"ECHO", "a\vb"}, {"PING"}})},
      {"ECHO a\rb\r\r\n", Commands({{"ECHO", "a", "b"}})},
      {"PING *1\r\n*1\r\n$1\r\na\r\n", Commands({{"PING", "*1"}, {"a"}})},
      {"PI\0NG\r\nPING\r\n"s, Commands({})},
      {"*1\r\n\0$4\r\nPING\r\n"s, Commands({})},
      {"*1\r\nxy", Commands({})},
      {"*2147483647\r\n$1\r\na\r\n", Commands({})},
      {"*2147483648\r\n", Fails("invalid multibulk length")},
      {"*99999999999999999999999\r\n", Fails("invalid multibulk length")},
      {"*x\r\n", Fails("invalid multibulk length")},
      {"*\r\n", Fails("invalid multibulk length")},
      {"*-0\r\n", Fails("invalid multibulk length")},
      {"*01\r\n", Fails("invalid multibulk length")},
      {"*+1\r\n", Fails("invalid multibulk length")},
      {"*1\r\nx\r\n", Fails("expected '$', got 'x'")},
      {"*1\r\n\r\nabc", Fails("expected '$', got ' '")},
      {"*1\r\n$\r\n", Fails("invalid bulk length")},
      {"*1\r\n$-1\r\n", Fails("invalid bulk length")},
      {"*1\r\n$04\r\nPING\r\n", Fails("invalid bulk length")},
      {"*1\r\n$536870913\r\n", Fails("invalid bulk length")},
      {"*1\r\n$9223372036854775807\r\n", Fails("invalid bulk length")},
      {"\"a\r\n", Fails("unbalanced quotes in request")},
      {"\"a\"b\r\n", Fails("unbalanced quotes in request")},
      {"'a\"\r\n", Fails("unbalanced quotes in request")},
      {"x 'a\\", Commands({})},
      {"PING\r\n*1\r\n?4\r\n", {{{"PING"}}, "ERR Protocol error: expected '$', got '?'"}},
  };
  return corpus;
}

std::vector<size_t> EveryByte(size_t size) {
  std::vector<size_t> ends;
  for (size_t i = 0; i < size; ++i) ends.push_back(i);
  return ends;
}

TEST_CASE("request reader: what Redis answers, at every split") {
  ReaderLimits limits;
  for (const Case& c : Corpus()) {
    CAPTURE(c.stream);
    CHECK(ReadReference(c.stream, limits) == c.expected);
    CHECK(ReadInPieces(c.stream, {}, limits) == c.expected);
    CHECK(ReadInPieces(c.stream, EveryByte(c.stream.size()), limits) == c.expected);
    for (size_t split = 0; split <= c.stream.size(); ++split) {
      CAPTURE(split);
      CHECK(ReadInPieces(c.stream, {split}, limits) == c.expected);
    }
  }
}

TEST_CASE("request reader: before authentication") {
  ReaderLimits limits;
  limits.unauthenticated = true;
  CHECK(ReadInPieces("*11\r\n", {}, limits) == Fails("unauthenticated multibulk length"));
  CHECK(ReadInPieces("*1\r\n$16385\r\n", {5}, limits) == Fails("unauthenticated bulk length"));
  std::string longest = "*1\r\n$16384\r\n" + std::string(16384, 'x') + "\r\n";
  CHECK(ReadInPieces(longest, {100}, limits) == Commands({{std::string(16384, 'x')}}));
  CHECK(ReadInPieces("AUTH a b c d e f g h i j k\r\n", {}, limits).commands.at(0).size() == 12);
}

TEST_CASE("request reader: configured limits") {
  ReaderLimits limits;
  limits.max_bulk_bytes = 4;
  limits.max_arguments = 2;
  CHECK(ReadInPieces("*1\r\n$4\r\nPING\r\n", {}, limits) == Commands({{"PING"}}));
  CHECK(ReadInPieces("*1\r\n$5\r\nPINGS\r\n", {}, limits) == Fails("invalid bulk length"));
  CHECK(ReadInPieces("*3\r\n$1\r\na\r\n$1\r\na\r\n$1\r\na\r\n", {}, limits) ==
        Fails("invalid multibulk length"));
}

TEST_CASE("request reader: lines of more than 64 KB") {
  ReaderLimits limits;
  std::string longest(65536, 'x');
  CHECK(ReadInPieces(longest, {}, limits) == Commands({}));
  CHECK(ReadInPieces(longest + "\n", EveryByte(100), limits) == Commands({{longest}}));
  // A longer one is taken when its end is there with it.
  CHECK(ReadInPieces(longest + "x\n", {1000}, limits) == Commands({{longest + "x"}}));
  CHECK(ReadInPieces(longest + longest + "\n", {}, limits) == Commands({{longest + longest}}));
  CHECK(ReadInPieces(longest + "x\n", {65537}, limits) == Fails("too big inline request"));
  CHECK(ReadInPieces(longest + "\0x\n"s, {}, limits) == Fails("too big inline request"));
  CHECK(ReadInPieces("*" + longest + "\r\n", {}, limits) == Fails("invalid multibulk length"));
  CHECK(ReadInPieces("*1\r\n$" + longest + "\r\n", {}, limits) == Fails("invalid bulk length"));
  CHECK(ReadInPieces("*" + std::string(65536, '1'), {70}, limits) == Fails("too big mbulk count string"));
  CHECK(ReadInPieces("*1\r\n$" + std::string(65535, '1'), {}, limits) == Commands({}));
  CHECK(ReadInPieces("*1\r\n$" + std::string(65536, '1'), {}, limits) == Fails("too big bulk count string"));
  CHECK(ReadInPieces("*1\0\r\n"s + longest, {2, 3}, limits) == Fails("too big mbulk count string"));
}

TEST_CASE("request reader: bytes wanted and what is consumed") {
  ReaderLimits limits;
  RequestReader reader;
  ArgumentPool pool;
  RequestReader::Result result = reader.Next("\r\n*0\r\n*2\r\n$3\r\nSE", limits, pool);
  CHECK(result.status == ReadStatus::kIncomplete);
  CHECK(result.consumed == 6);
  CHECK(reader.wanted_bytes() == 13);
  CHECK(reader.Next("*2\r\n$3\r\nSET\r\n$1000", limits, pool).status == ReadStatus::kIncomplete);
  CHECK(reader.wanted_bytes() == 0);
  CHECK(reader.Next("*2\r\n$3\r\nSET\r\n$1000\r\n", limits, pool).status == ReadStatus::kIncomplete);
  CHECK(reader.wanted_bytes() == 20 + 1000 + 2);
  CHECK(pool.views.empty());
  std::string whole = "*2\r\n$3\r\nSET\r\n$1000\r\n" + std::string(1000, 'v') + "\r\nPING\r\n";
  result = reader.Next(whole, limits, pool);
  CHECK(result.status == ReadStatus::kCommand);
  CHECK(result.consumed == whole.size() - 6);
  CHECK(result.argument_count == 2);
  CHECK(pool.views[1].data() == whole.data() + 20);
  // The pool gathers a batch; arguments without quotes are views, also of inline commands.
  result = reader.Next(std::string_view(whole).substr(result.consumed), limits, pool);
  CHECK(result.argument_count == 1);
  CHECK(pool.views.size() == 3);
  CHECK(pool.views[2].data() == whole.data() + whole.size() - 6);
  CHECK(pool.decoded.empty());
}

TEST_CASE("request reader: a big argument in a buffer of its own") {
  RequestReader reader;
  ArgumentPool pool;
  const std::string head = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1000\r\n";
  const std::string input = head + std::string(10, 'v');
  CHECK(reader.Next(input, {}, pool).status == ReadStatus::kIncomplete);
  CHECK(reader.Detach(input, 1001) == input.size());
  REQUIRE(reader.Detach(input, 1000) == head.size());
  CHECK(reader.Detach(head, 1000) == head.size());
  CHECK(reader.detached_bytes() == 10);
  REQUIRE(reader.DetachedTail().size() == 990);
  CHECK(reader.Next(head, {}, pool).status == ReadStatus::kIncomplete);
  std::memset(reader.DetachedTail().data(), 'v', 990);
  reader.CommitDetached(990);
  CHECK(reader.DetachedTail().empty());
  CHECK(reader.Next(head, {}, pool).status == ReadStatus::kIncomplete);
  CHECK(reader.wanted_bytes() == head.size() + 2);
  const std::string whole = head + "\r\n*1\r\n$4\r\nPING\r\n";
  // Read twice: the first time it was not run.
  for (int time = 0; time < 2; ++time) {
    pool.Clear();
    RequestReader::Result result = reader.Next(whole, {}, pool);
    CHECK(result.status == ReadStatus::kCommand);
    CHECK(result.consumed == head.size() + 2);
    REQUIRE(pool.views.size() == 3);
    CHECK(pool.views[2] == std::string(1000, 'v'));
    CHECK(!reader.BufferOf(pool.views[1]));
    CHECK(reader.BufferOf(pool.views[2]).data() == pool.views[2].data());
    result = reader.Next(std::string_view(whole).substr(result.consumed), {}, pool);
    CHECK(result.status == ReadStatus::kCommand);
    CHECK(pool.views.back() == "PING");
    if (time == 0) reader.Restart();
  }
  reader.DropDetached();
  CHECK(reader.detached_bytes() == 0);
}

TEST_CASE("request reader: the buffer of a big argument grows with what arrives") {
  constexpr size_t kAnnounced = 512 * 1024 * 1024, kArrives = 3'000'000;
  RequestReader reader;
  ArgumentPool pool;
  const std::string head = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$536870912\r\n";
  CHECK(reader.Next(head, {}, pool).status == ReadStatus::kIncomplete);
  REQUIRE(reader.Detach(head, 1000) == head.size());
  CHECK(reader.detached_capacity() < 1000);
  while (reader.detached_bytes() < kArrives) {
    const std::span<char> tail = reader.DetachedTail();
    REQUIRE(!tail.empty());
    const size_t bytes = std::min<size_t>(tail.size(), 10'000);
    std::memset(tail.data(), static_cast<int>(reader.detached_bytes() / 10'000 % 256), bytes);
    reader.CommitDetached(bytes);
    REQUIRE(reader.detached_capacity() <= std::max<size_t>(3 * reader.detached_bytes(), 100'000));
  }
  CHECK(reader.Next(head, {}, pool).status == ReadStatus::kIncomplete);
  CHECK(reader.wanted_bytes() == head.size() + 2);
  CHECK(reader.detached_bytes() < kAnnounced);
}

TEST_CASE("request reader: a million arguments in small pieces") {
  constexpr size_t kArguments = 1000000;
  std::string stream = "*" + std::to_string(kArguments) + "\r\n";
  for (size_t i = 0; i < kArguments; ++i) stream += i % 2 == 0 ? "$1\r\na\r\n" : "$10\r\n0123456789\r\n";
  RequestReader reader;
  ArgumentPool pool;
  RequestReader::Result result;
  for (size_t end = 1024;; end += 1024) {
    result = reader.Next(std::string_view(stream).substr(0, end), {}, pool);
    if (result.status != ReadStatus::kIncomplete) break;
    REQUIRE(end < stream.size());
  }
  REQUIRE(result.status == ReadStatus::kCommand);
  REQUIRE(result.consumed == stream.size());
  REQUIRE(pool.views.size() == kArguments);
  CHECK(result.argument_count == kArguments);
  CHECK(pool.views[kArguments - 1] == "0123456789");
}

TEST_CASE("request reader: a huge argument and a long line, byte by byte") {
  constexpr size_t kBytes = 8 << 20;
  std::string stream = "*1\r\n$" + std::to_string(kBytes) + "\r\n" + std::string(kBytes, 'x') + "\r\n";
  RequestReader reader;
  ArgumentPool pool;
  for (size_t end = 0; end < stream.size(); ++end) {
    if (reader.Next(std::string_view(stream).substr(0, end), {}, pool).status != ReadStatus::kIncomplete) {
      FAIL("not incomplete at " << end);
    }
  }
  CHECK(reader.Next(stream, {}, pool).status == ReadStatus::kCommand);
  CHECK(pool.views.at(0).size() == kBytes);
}

std::string RandomRequest(std::mt19937_64& random) {
  auto below = [&random](size_t n) { return random() % n; };
  auto bytes = [&](size_t n, std::string_view alphabet) {
    std::string text;
    for (size_t i = 0; i < n; ++i) text += alphabet[below(alphabet.size())];
    return text;
  };
  constexpr std::string_view kAlphabet("ab\r\n$*1 \0\xff", 10);
  std::string request;
  switch (below(8)) {
    case 0:
      return bytes(below(12), "ab \"'\\xn4\t\r\v") + (below(2) ? "\r\n" : "\n");
    case 1:
      return "*" + std::to_string(static_cast<int>(below(4)) - 3) + "\r\n";
    default:
      size_t count = 1 + below(below(10) == 0 ? 40 : 4);
      request = "*" + std::to_string(count) + "\r\n";
      for (size_t i = 0; i < count; ++i) {
        std::string argument = bytes(below(below(10) == 0 ? 300 : 14), kAlphabet);
        request += "$" + std::to_string(argument.size()) + "\r\n" + argument + "\r\n";
      }
  }
  if (below(12) == 0) request[below(request.size())] = kAlphabet[below(kAlphabet.size())];
  return request;
}

TEST_CASE("request reader: random streams, random pieces, against the reference") {
  uint64_t seed = TestSeed();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 3000; ++round) {
    std::string stream;
    for (size_t i = 0, n = 1 + random() % 6; i < n; ++i) stream += RandomRequest(random);
    ReaderLimits limits;
    limits.unauthenticated = random() % 4 == 0;
    if (random() % 4 == 0) limits.max_bulk_bytes = 100;
    std::vector<size_t> ends;
    size_t step = 1 + random() % 40;
    for (size_t end = random() % step; end < stream.size(); end += 1 + random() % step) ends.push_back(end);
    CAPTURE(stream);
    REQUIRE(ReadInPieces(stream, ends, limits) == ReadReference(stream, limits));
    REQUIRE(ReadInPieces(stream, ends, limits, 1) == ReadReference(stream, limits));
    REQUIRE(ReadInPieces(stream, {}, limits) == ReadReference(stream, limits));
  }
}

}  // namespace
}  // namespace corral::protocol
