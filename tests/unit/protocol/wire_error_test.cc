// Error texts that quote the client, as redis-server 7.0.15 sends them.
#include "protocol/wire_error.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace corral::protocol::wire {
namespace {

using namespace std::string_literals;

std::string Unknown(std::string_view name, std::vector<std::string> arguments) {
  std::vector<std::string_view> views(arguments.begin(), arguments.end());
  return UnknownCommand(name, views.data(), views.size());
}

TEST_CASE("wire error: unknown command") {
  const std::string with = "', with args beginning with: ";
  CHECK(Unknown("foo", {}) == "ERR unknown command 'foo" + with);
  CHECK(Unknown("FoO", {"a", "b"}) == "ERR unknown command 'FoO" + with + "'a' 'b' ");
  CHECK(Unknown(std::string(200, 'x'), {std::string(200, 'y'), "z"}) ==
        "ERR unknown command '" + std::string(128, 'x') + with + "'" + std::string(128, 'y') + "' ");
  std::string long_argument(124, 'y');
  CHECK(Unknown("foo", {long_argument, "zzz", "w"}) ==
        "ERR unknown command 'foo" + with + "'" + long_argument + "' 'z' ");
  CHECK(Unknown("foo", {long_argument + "y", "zzz"}) ==
        "ERR unknown command 'foo" + with + "'" + long_argument + "y' ");
  CHECK(Unknown("fo\r\no", {"a\nb"}) == "ERR unknown command 'fo  o" + with + "'a b' ");
  CHECK(Unknown("f\0oo"s, {"a\0b"s, "c"}) == "ERR unknown command 'f" + with + "'a' 'c' ");
}

TEST_CASE("wire error: unknown subcommand, arity, expiry") {
  CHECK(UnknownSubcommand("nope", "client") == "ERR unknown subcommand 'nope'. Try CLIENT HELP.");
  CHECK(UnknownSubcommand("a\r\nb\n", "Client") == "ERR unknown subcommand 'a  b '. Try CLIENT HELP.");
  CHECK(UnknownSubcommand(std::string(200, 'x'), "config") ==
        "ERR unknown subcommand '" + std::string(128, 'x') + "'. Try CONFIG HELP.");
  CHECK(WrongArity("config|get") == "ERR wrong number of arguments for 'config|get' command");
  CHECK(InvalidExpire("set") == "ERR invalid expire time in 'set' command");
}

}  // namespace
}  // namespace corral::protocol::wire
