// What each write reports as changed, in the words that redis-server's keyspace events use.
#include <doctest/doctest.h>

#include "tests/unit/server/commands/command_run.h"

namespace corral::commands {
namespace {

using Events = std::vector<std::string>;

TEST_CASE("writes of strings") {
  CommandRun run;
  auto events = [&](std::vector<std::string_view> arguments) {
    run(arguments);
    return run.Events();
  };
  CHECK(events({"set", "a", "1"}) == Events{"set 0 a"});
  CHECK(events({"set", "a", "2", "EX", "10"}) == Events{"set 0 a", "expire 0 a"});
  CHECK(events({"set", "a", "2", "NX"}) == Events{});
  CHECK(events({"set", "b", "2", "XX", "GET"}) == Events{});
  CHECK(events({"setex", "a", "10", "5"}) == Events{"set 0 a", "expire 0 a"});
  CHECK(events({"setnx", "a", "5"}) == Events{});
  CHECK(events({"incr", "a"}) == Events{"incrby 0 a"});
  CHECK(events({"decrby", "a", "4"}) == Events{"incrby 0 a"});
  CHECK(events({"incrbyfloat", "a", "0.5"}) == Events{"incrbyfloat 0 a"});
  CHECK(events({"incr", "a"}) == Events{});
  CHECK(events({"append", "a", ""}) == Events{"append 0 a"});
  CHECK(events({"setrange", "a", "0", ""}) == Events{});
  CHECK(events({"setrange", "a", "1", "x"}) == Events{"setrange 0 a"});
  CHECK(events({"getset", "a", "x"}) == Events{"set 0 a"});
  CHECK(events({"getex", "a", "PERSIST"}) == Events{});
  CHECK(events({"getex", "a", "EX", "10"}) == Events{"expire 0 a"});
  CHECK(events({"getex", "a", "PERSIST"}) == Events{"persist 0 a"});
  CHECK(events({"getex", "a", "EXAT", "1"}) == Events{"del 0 a"});
  CHECK(events({"mset", "a", "1", "b", "2", "a", "3"}) == Events{"set 0 a", "set 0 b", "set 0 a"});
  CHECK(events({"msetnx", "c", "1", "b", "2"}) == Events{});
  CHECK(events({"getdel", "b"}) == Events{"del 0 b"});
  CHECK(events({"getdel", "b"}) == Events{});
}

TEST_CASE("sorted elements that are stored") {
  CommandRun run;
  auto events = [&](std::vector<std::string_view> arguments) {
    run(arguments);
    return run.Events();
  };
  events({"geoadd", "g", "1", "1", "x", "2", "2", "y"});
  CHECK(events({"sort", "g", "ALPHA"}) == Events{});
  CHECK(events({"sort", "g", "ALPHA", "STORE", "t"}) == Events{"sortstore 0 t"});
  CHECK(events({"sort", "g", "STORE", "t"}) == Events{});  // no numbers
  CHECK(events({"sort", "none", "STORE", "t"}) == Events{"del 0 t"});
  CHECK(events({"sort", "none", "STORE", "t"}) == Events{});
}

TEST_CASE("writes of points on the earth") {
  CommandRun run;
  auto events = [&](std::vector<std::string_view> arguments) {
    run(arguments);
    return run.Events();
  };
  CHECK(events({"geoadd", "g", "1", "1", "x"}) == Events{"zadd 0 g"});
  CHECK(events({"geoadd", "g", "1", "1", "x"}) == Events{});
  CHECK(events({"georadius", "g", "1", "1", "1", "km"}) == Events{});
  CHECK(events({"georadius", "g", "1", "1", "1", "km", "STORE", "t"}) == Events{"georadiusstore 0 t"});
  CHECK(events({"geosearchstore", "t", "g", "fromlonlat", "1", "1", "byradius", "1", "km"}) ==
        Events{"geosearchstore 0 t"});
  CHECK(events({"georadius", "g", "9", "9", "1", "km", "STOREDIST", "t"}) == Events{"del 0 t"});
  CHECK(events({"georadius", "g", "9", "9", "1", "km", "STOREDIST", "t"}) == Events{});
}

TEST_CASE("writes of bits") {
  CommandRun run;
  auto events = [&](std::vector<std::string_view> arguments) {
    run(arguments);
    return run.Events();
  };
  CHECK(events({"setbit", "a", "7", "0"}) == Events{"setbit 0 a"});
  CHECK(events({"setbit", "a", "7", "0"}) == Events{});
  CHECK(events({"setbit", "a", "7", "1"}) == Events{"setbit 0 a"});
  CHECK(events({"setbit", "a", "8", "0"}) == Events{"setbit 0 a"});
  CHECK(events({"bitfield", "a", "get", "u8", "0"}) == Events{});
  CHECK(events({"bitfield", "a", "set", "u8", "0", "1"}) == Events{});
  CHECK(events({"bitfield", "a", "set", "u8", "0", "2", "incrby", "u8", "0", "1"}) == Events{"setbit 0 a"});
  CHECK(events({"bitfield", "a", "overflow", "fail", "set", "u8", "0", "256"}) == Events{});
  CHECK(events({"bitfield", "a", "set", "u8", "80", "0"}) == Events{"setbit 0 a"});
  CHECK(events({"bitop", "not", "b", "a"}) == Events{"set 0 b"});
  CHECK(events({"bitop", "or", "b", "absent"}) == Events{"del 0 b"});
  CHECK(events({"bitop", "or", "b", "absent"}) == Events{});
}

TEST_CASE("writes of HyperLogLogs") {
  CommandRun run;
  auto events = [&](std::vector<std::string_view> arguments) {
    run(arguments);
    return run.Events();
  };
  CHECK(events({"pfadd", "a"}) == Events{"pfadd 0 a"});
  CHECK(events({"pfadd", "a"}) == Events{});
  CHECK(events({"pfadd", "a", "x", "y"}) == Events{"pfadd 0 a"});
  CHECK(events({"pfadd", "a", "x"}) == Events{});
  CHECK(events({"pfcount", "a"}) == Events{"pfform 0 a"});  // the count is kept: told to no channel
  CHECK(events({"pfcount", "a"}) == Events{});
  CHECK(events({"pfcount", "a", "b"}) == Events{});
  CHECK(events({"pfmerge", "b", "a"}) == Events{"pfadd 0 b"});
  CHECK(events({"pfdebug", "todense", "b"}) == Events{"pfform 0 b"});
  CHECK(events({"pfdebug", "getreg", "b"}) == Events{});
  // Its runs end before the last register.
  const std::string corrupt = std::string("HYLL\x01\0\0\0\0\0\0\0\0\0\0\x80", 16) + "\x60";
  run({"set", "c", corrupt});
  run.Events();
  CHECK(run({"pfcount", "c"}) == "-INVALIDOBJ Corrupted HLL object detected\r\n");
  CHECK(run.Events().empty());
}

TEST_CASE("writes of strings that are compared") {
  CommandRun run;
  auto events = [&](std::vector<std::string_view> arguments) {
    run(arguments);
    return run.Events();
  };
  CHECK(events({"set", "a", "1", "IFEQ", "x"}) == Events{});
  CHECK(events({"set", "a", "1", "IFNE", "x"}) == Events{"set 0 a"});
  CHECK(events({"set", "a", "2", "IFEQ", "1", "EX", "10"}) == Events{"set 0 a", "expire 0 a"});
  CHECK(events({"delex", "a", "IFEQ", "1"}) == Events{});
  CHECK(events({"delex", "a", "IFEQ", "2"}) == Events{"del 0 a"});
  CHECK(events({"delex", "a"}) == Events{});
  CHECK(events({"msetex", "2", "a", "1", "b", "2", "EX", "10"}) ==
        Events{"set 0 a", "expire 0 a", "set 0 b", "expire 0 b"});
  CHECK(events({"msetex", "2", "a", "1", "c", "2", "NX"}) == Events{});
  CHECK(events({"delifeq", "a", "2"}) == Events{});
  CHECK(events({"delifeq", "a", "1"}) == Events{"del 0 a"});
}

TEST_CASE("writes of keys") {
  CommandRun run;
  auto events = [&](std::vector<std::string_view> arguments) {
    run(arguments);
    return run.Events();
  };
  run({"mset", "a", "1", "b", "2"});
  run.Events();
  CHECK(events({"expire", "a", "10"}) == Events{"expire 0 a"});
  CHECK(events({"expire", "a", "5", "GT"}) == Events{});
  CHECK(events({"persist", "a"}) == Events{"persist 0 a"});
  CHECK(events({"persist", "a"}) == Events{});
  CHECK(events({"rename", "a", "a"}) == Events{});
  CHECK(events({"renamenx", "a", "b"}) == Events{});
  CHECK(events({"rename", "a", "b"}) == Events{"rename_from 0 a", "rename_to 0 b"});
  CHECK(events({"copy", "b", "c", "DB", "3"}) == Events{"copy_to 3 c"});
  CHECK(events({"move", "b", "2"}) == Events{"move_from 0 b", "move_to 2 b"});
  run({"mset", "a", "1", "b", "2"});
  run.Events();
  CHECK(events({"expire", "a", "-1"}) == Events{"del 0 a"});
  CHECK(events({"del", "a", "b", "b"}) == Events{"del 0 b"});
  CHECK(events({"swapdb", "0", "0"}) == Events{"swapped 0 0"});  // counts as a change, as in Redis
  CHECK(events({"swapdb", "0", "2"}) == Events{"swapped 0 2"});
  CHECK(run({"get", "b"}) == "$1\r\n1\r\n");
  CHECK(events({"flushdb"}) == Events{"flushed 0"});
  CHECK(events({"flushall", "ASYNC"}) == Events{"flushed -1"});
  CHECK(run({"get", "b"}) == "$-1\r\n");
}

}  // namespace
}  // namespace corral::commands
