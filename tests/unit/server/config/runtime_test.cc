// CONFIG GET and CONFIG SET.
#include <doctest/doctest.h>

#include <sstream>

#include "server/config/config.h"
#include "tests/unit/server/config/scratch_folder.h"

namespace corral::config {
namespace {

using Pairs = std::vector<std::pair<std::string_view, std::string_view>>;

std::string Set(Config* config, const Pairs& pairs, bool local = true) {
  return config->Set(pairs, local).error();
}

std::string Get(const Config& config, std::string_view name) {
  const std::string_view patterns[] = {name};
  const auto pairs = config.Matching(patterns);
  return pairs.size() == 1 ? pairs[0].second : "(not one)";
}

std::string Failed(const std::string& name, const std::string& reason) {
  return "ERR CONFIG SET failed (possibly related to argument '" + name + "') - " + reason;
}

TEST_CASE("config get: values as Redis prints them") {
  Config config;
  CHECK(Get(config, "bind") == "* -::*");
  CHECK(Get(config, "save") == "");
  CHECK(Get(config, "client-output-buffer-limit") ==
        "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60");
  CHECK(Get(config, "proto-max-bulk-len") == "536870912");
  CHECK(Get(config, "latency-tracking-info-percentiles") == "50 99 99.9");
  CHECK(Get(config, "oom-score-adj-values") == "0 200 800");
  CHECK(Get(config, "maxmemory-policy") == "noeviction");
  CHECK(Get(config, "repl-backlog-size") == "1048576");
  CHECK(Get(config, "replicaof") == "");
}

TEST_CASE("config get: names, patterns and duplicates") {
  Config config;
  const auto names = [&](std::vector<std::string_view> patterns) {
    std::vector<std::string> found;
    for (const auto& [name, value] : config.Matching(patterns)) found.push_back(name);
    return found;
  };
  using Names = std::vector<std::string>;
  CHECK(names({"TIMEOUT"}) == Names{"TIMEOUT"});
  CHECK(names({"Timeou?"}) == Names{"timeout"});
  CHECK(names({"timeout", "TIMEOUT", "timeou*"}) == Names{"timeout"});
  CHECK(names({"nonesuch", "none*"}).empty());
  CHECK(names({"zset-max-[lz]*value"}) == Names{"zset-max-listpack-value", "zset-max-ziplist-value"});
  CHECK(names({"use-exit-on-panic"}) == Names{"use-exit-on-panic"});
  CHECK(names({"use-exit-on-pani?"}).empty());
  CHECK(names({"*"}).size() > 190);
}

TEST_CASE("config set: one value and what it prints") {
  Config config;
  const auto roundtrip = [&](std::string_view name, std::string_view value) {
    CHECK(Set(&config, {{name, value}}) == "");
    return Get(config, name);
  };
  CHECK(roundtrip("maxmemory", "10b") == "10");
  CHECK(roundtrip("maxmemory", "") == "0");
  CHECK(roundtrip("maxmemory", "18446744073709551615") == "18446744073709551615");
  CHECK(roundtrip("hz", "1000") == "500");
  CHECK(roundtrip("maxmemory-clients", "5%") == "5%");
  CHECK(roundtrip("shutdown-on-sigint", "SAVE NOW FORCE") == "save now force");
  CHECK(roundtrip("shutdown-on-sigint", "default save") == "save");
  CHECK(roundtrip("shutdown-on-sigint", "default") == "default");
  CHECK(roundtrip("notify-keyspace-events", "AKE") == "AKE");
  CHECK(roundtrip("notify-keyspace-events", "KEA$lshzxegtdmn") == "AKEm");
  CHECK(roundtrip("notify-keyspace-events", "Kxgn") == "gxnK");
  CHECK(roundtrip("notify-keyspace-events", "Am") == "Am");
  CHECK(roundtrip("notify-keyspace-events", "") == "");
  CHECK(roundtrip("save", "60 1 30 2") == "60 1 30 2");
  CHECK(roundtrip("save", "") == "");
  CHECK(roundtrip("client-output-buffer-limit", "normal 1mb 2k 3") ==
        "normal 1048576 2000 3 slave 268435456 67108864 60 pubsub 33554432 8388608 60");
  CHECK(roundtrip("client-output-buffer-limit", "") ==
        "normal 1048576 2000 3 slave 268435456 67108864 60 pubsub 33554432 8388608 60");
  CHECK(roundtrip("latency-tracking-info-percentiles", "50.5 99.99999 100") == "50.5 99.99999 100");
  CHECK(roundtrip("latency-tracking-info-percentiles", "") == "");
  CHECK(roundtrip("oom-score-adj", "relative") == "yes");
  CHECK(roundtrip("slave-priority", "7") == "7");
  CHECK(Get(config, "replica-priority") == "7");
  CHECK(roundtrip("loglevel", "NOTHING") == "nothing");
}

TEST_CASE("config set: Redis's errors, word for word") {
  Config config;
  const auto error = [&](std::string_view name, std::string_view value) {
    return Set(&config, {{name, value}});
  };
  CHECK(error("timeout", "abc") == Failed("timeout", "argument couldn't be parsed into an integer"));
  CHECK(error("timeout", "-1") == Failed("timeout", "argument must be between 0 and 2147483647 inclusive"));
  CHECK(error("maxclients", "0") ==
        Failed("maxclients", "argument must be between 1 and 4294967295 inclusive"));
  CHECK(error("maxclients", "+5") == Failed("maxclients", "argument couldn't be parsed into an integer"));
  CHECK(error("slowlog-max-len", "-1") ==
        Failed("slowlog-max-len", "argument must be between 0 and 9223372036854775807 inclusive"));
  CHECK(error("hash-max-listpack-entries", "-1") ==
        Failed("hash-max-listpack-entries", "argument must be between 0 and 9223372036854775807 inclusive"));
  CHECK(error("proto-max-bulk-len", "10") ==
        Failed("proto-max-bulk-len", "argument must be between 1048576 and 9223372036854775807 inclusive"));
  CHECK(error("maxmemory", "-1") == Failed("maxmemory", "argument must be a memory value"));
  CHECK(error("maxmemory-clients", "101%") ==
        Failed("maxmemory-clients", "percentage argument must be less or equal to 100"));
  CHECK(error("maxmemory-clients", "x") ==
        Failed("maxmemory-clients", "argument must be a memory or percent value"));
  CHECK(error("maxmemory-clients", "-5%") ==
        Failed("maxmemory-clients", "argument must be a memory or percent value"));
  CHECK(error("appendonly", "maybe") == Failed("appendonly", "argument must be 'yes' or 'no'"));
  CHECK(error("maxmemory-policy", "foo") ==
        Failed("maxmemory-policy",
               "argument(s) must be one of the following: volatile-lru, volatile-lfu, volatile-random, "
               "volatile-ttl, allkeys-lru, allkeys-lfu, allkeys-random, noeviction"));
  CHECK(error("shutdown-on-sigint", "save nosave") ==
        Failed("shutdown-on-sigint", "shutdown options SAVE and NOSAVE can't be used simultaneously"));
  CHECK(error("shutdown-on-sigint", "") ==
        Failed("shutdown-on-sigint",
               "argument(s) must be one of the following: default, save, nosave, now, force"));
  CHECK(error("notify-keyspace-events", "q") ==
        Failed("notify-keyspace-events", "Invalid event class character. Use 'Ag$lshzxeKEtmdn'."));
  CHECK(error("save", "60  1") == Failed("save", "Invalid save parameters"));
  CHECK(
      error("client-output-buffer-limit", "foo 1 1 1") ==
      Failed("client-output-buffer-limit", "Invalid client class specified in buffer limit configuration."));
  CHECK(error("client-output-buffer-limit", "normal 1") ==
        Failed("client-output-buffer-limit", "Wrong number of arguments in buffer limit configuration."));
  CHECK(error("client-output-buffer-limit", "normal a 1 1") ==
        Failed("client-output-buffer-limit",
               "Error in hard, soft or soft_seconds setting in buffer limit configuration."));
  CHECK(error("latency-tracking-info-percentiles", "101") ==
        Failed("latency-tracking-info-percentiles",
               "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]"));
  CHECK(error("oom-score-adj-values", "1 2") == Failed("oom-score-adj-values", "wrong number of arguments"));
  CHECK(error("databases", "3") == Failed("databases", "can't set immutable config"));
  CHECK(error("dir", "/") == Failed("dir", "can't set protected config"));
  CHECK(error("Lua-Time-Limit", "x") ==
        Failed("lua-time-limit", "argument couldn't be parsed into an integer"));
  CHECK(error("nosuch", "1") == "ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'");
  CHECK(Set(&config, {{"port", "1"}, {"PORT", "2"}}) == Failed("PORT", "duplicate parameter"));
  CHECK(error("cluster-announce-hostname", "a_b") ==
        Failed("cluster-announce-hostname",
               "Hostnames may only contain alphanumeric characters, hyphens or dots"));
  CHECK(error("appendonly", "yes").starts_with("ERR CONFIG SET failed"));
  CHECK(Get(config, "appendonly") == "no");
}

TEST_CASE("config set: all or nothing when a value is wrong") {
  Config config;
  CHECK(Set(&config, {{"timeout", "7"}, {"hz", "20"}, {"port", "x"}}) ==
        Failed("port", "argument couldn't be parsed into an integer"));
  CHECK(Set(&config, {{"timeout", "7"}, {"nosuch", "x"}}) ==
        "ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'");
  CHECK(config.settings().timeout_s == 0);
  CHECK(config.settings().hz == 10);
  CHECK(Set(&config, {{"timeout", "7"}, {"hz", "20"}}) == "");
  CHECK(config.settings().timeout_s == 7);
  CHECK(config.settings().hz == 20);
}

TEST_CASE("config set: observers see changes, may refuse, and hear of the way back") {
  Config config;
  std::vector<std::string> calls;
  config.OnChange({"port", "bind"}, [&](const Settings& settings) {
    calls.push_back("port " + std::to_string(settings.port));
    return Result::Ok();
  });
  config.OnChange("maxclients", [&](const Settings& settings) {
    calls.push_back("maxclients " + std::to_string(settings.maxclients));
    return settings.maxclients > 100000 ? Result::Error("try with 19968") : Result::Ok();
  });
  config.OnChange("hz", [&](const Settings&) {
    calls.push_back("hz");
    return Result::Ok();
  });
  using Calls = std::vector<std::string>;

  CHECK(Set(&config, {{"port", "1"}, {"bind", "127.0.0.1"}}) == "");
  CHECK(calls == Calls{"port 1"});
  calls.clear();
  CHECK(Set(&config, {{"port", "1"}, {"timeout", "3"}}) == "");
  CHECK(calls.empty());

  CHECK(Set(&config, {{"maxclients", "200000"}, {"port", "2"}, {"hz", "20"}}) ==
        Failed("maxclients", "try with 19968"));
  CHECK(calls == Calls{"port 2", "maxclients 200000", "port 1", "maxclients 10000"});
  CHECK(config.settings().port == 1);
  CHECK(config.settings().hz == 10);
  CHECK(config.settings().maxclients == 10000);
}

TEST_CASE("config set: protected directives and the working directory") {
  ScratchFolder folder;
  std::filesystem::create_directory(folder.path() + "/sub");
  std::istringstream input("enable-protected-configs local\n");
  Config config;
  REQUIRE(config.Load(ParseCommandLine({"-"}), input).ok());
  CHECK(Set(&config, {{"dir", "sub"}}, false) == Failed("dir", "can't set protected config"));
  CHECK(Set(&config, {{"dir", "nonexistent"}}) == Failed("dir", "No such file or directory"));
  CHECK(Set(&config, {{"dir", "sub"}}) == "");
  CHECK(Get(config, "dir") == folder.path() + "/sub");
  CHECK(std::filesystem::current_path() == folder.path() + "/sub");

  config.OnChange("timeout", [](const Settings&) { return Result::Error("no"); });
  CHECK(Set(&config, {{"dir", ".."}, {"timeout", "9"}}) == Failed("timeout", "no"));
  CHECK(std::filesystem::current_path() == folder.path() + "/sub");
  CHECK(Set(&config, {{"dbfilename", "a/b"}}) ==
        Failed("dbfilename", "dbfilename can't be a path, just a filename"));
}

}  // namespace
}  // namespace corral::config
