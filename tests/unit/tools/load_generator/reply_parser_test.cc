// Replies of both protocols, cut at every byte, and bytes that are neither.
#include "tools/load_generator/reply_parser.h"

#include <doctest/doctest.h>

#include <vector>

namespace corral::load_generator {
namespace {

using Kind = Reply::Kind;

struct Expected {
  Kind kind;
  std::uint32_t found = 0;
  std::uint64_t value_bytes = 0;
  std::string text = {};

  bool operator==(const Expected&) const = default;
};

// All replies, the bytes coming in two pieces.
std::vector<Expected> ParseCut(Protocol protocol, std::string_view bytes, std::size_t cut) {
  ReplyParser parser(protocol);
  std::vector<Expected> replies;
  for (const std::string_view piece : {bytes.substr(0, cut), bytes.substr(cut)}) {
    parser.Feed(piece);
    Reply reply{};
    ReplyParser::Status status;
    while ((status = parser.Next(&reply)) == ReplyParser::Status::kReply) {
      replies.push_back({reply.kind, reply.found, reply.value_bytes, std::string(reply.text)});
    }
    REQUIRE(status == ReplyParser::Status::kNeedMore);
  }
  return replies;
}

void CheckAllCuts(Protocol protocol, std::string_view bytes, const std::vector<Expected>& expected) {
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    CAPTURE(cut);
    CHECK(ParseCut(protocol, bytes, cut) == expected);
  }
}

TEST_CASE("RESP replies, cut anywhere") {
  CheckAllCuts(Protocol::kResp,
               "+OK\r\n$3\r\na\nb\r\n$-1\r\n$0\r\n\r\n*3\r\n$1\r\nx\r\n$-1\r\n$2\r\nyz\r\n"
               "-ERR no\r\n:1\r\n+PONG\r\n*1\r\n$-1\r\n+OK\r\n"
               "*4\r\n$3\r\nHIT\r\n$2\r\nab\r\n$-1\r\n:-1\r\n",
               {{Kind::kStored, 0, 0, "+OK"},
                {Kind::kValues, 1, 3},
                {Kind::kValues, 0, 0},
                {Kind::kValues, 1, 0},
                {Kind::kValues, 2, 3},
                {Kind::kOther, 0, 0, "-ERR no"},
                {Kind::kOther, 0, 0, ":1"},
                {Kind::kOther, 0, 0, "+PONG"},
                {Kind::kValues, 0, 0},
                {Kind::kStored, 0, 0, "+OK"},
                {Kind::kValues, 2, 5}});
}

TEST_CASE("memcached replies, cut anywhere") {
  CheckAllCuts(
      Protocol::kMemcached,
      "STORED\r\nVALUE k 0 3\r\na\nb\r\nEND\r\nEND\r\nVALUE a 0 0\r\n\r\nVALUE b 7 2\r\nxy\r\nEND\r\n"
      "NOT_STORED\r\nSERVER_ERROR out of memory\r\n",
      {{Kind::kStored, 0, 0, "STORED"},
       {Kind::kValues, 1, 3},
       {Kind::kValues, 0, 0},
       {Kind::kValues, 2, 2},
       {Kind::kOther, 0, 0, "NOT_STORED"},
       {Kind::kOther, 0, 0, "SERVER_ERROR out of memory"}});
}

TEST_CASE("bytes that are not the protocol's are refused") {
  for (const std::string_view bytes :
       {"hello\r\n", "\r\n", "+OK\n", "$x\r\n", "$-2\r\n", "*0x\r\n", "*1\r\n*1\r\n", "*2\r\n+x\r\n",
        "$9223372036854775807\r\n", "$99999999999999999999\r\n"}) {
    CAPTURE(bytes);
    ReplyParser parser(Protocol::kResp);
    parser.Feed(bytes);
    Reply reply{};
    CHECK(parser.Next(&reply) == ReplyParser::Status::kBroken);
  }
  const std::string endless(100'000, 'x');
  for (const std::string_view bytes :
       {std::string_view(endless), std::string_view("VALUE k 0 18446744073709551615\r\n")}) {
    CAPTURE(bytes.size());
    ReplyParser parser(Protocol::kMemcached);
    parser.Feed(bytes);
    Reply reply{};
    CHECK(parser.Next(&reply) == ReplyParser::Status::kBroken);
  }
}

}  // namespace
}  // namespace corral::load_generator
