// Loading files, standard input and options; the reports of mistakes.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <limits>
#include <sstream>

#include "server/config/config.h"
#include "server/process/version.h"
#include "tests/unit/server/config/scratch_folder.h"

namespace corral::config {
namespace {

Result Load(Config* config, const std::vector<std::string>& arguments, const std::string& input = "") {
  std::istringstream stream(input);
  return config->Load(ParseCommandLine(arguments), stream);
}

// The report of a mistake in a file of one line.
std::string Mistake(const std::string& line) {
  ScratchFolder folder;
  folder.Write("m.conf", "\n# a comment\n  " + line + "  \nport 1\n");
  Config config;
  return Load(&config, {"m.conf"}).error();
}

std::string Report(const std::string& line, const std::string& reason) {
  return "\n*** FATAL CONFIG FILE ERROR (Corral " + std::string(process::kVersion) +
         ") ***\nReading the configuration file m.conf, at line 3\n>>> '" + line + "'\n" + reason + "\n";
}

TEST_CASE("config load: file, then standard input, then options") {
  ScratchFolder folder;
  folder.Write("a.conf", "PORT 1\ntimeout 1\nmaxclients 1\n");
  Config config;
  const Result result = Load(&config, {"a.conf", "--port", "3", "-"}, "port 2\r\ntimeout 2");
  REQUIRE_MESSAGE(result.ok(), result.error());
  CHECK(config.settings().port == 3);
  CHECK(config.settings().timeout_s == 2);
  CHECK(config.settings().maxclients == 1);
  CHECK(config.file() == folder.path() + "/a.conf");
}

TEST_CASE("config load: values of every kind") {
  Config config;
  const Result result = Load(
      &config, {"-"},
      "bind 127.0.0.1 ::1\nunixsocketperm 750\nmaxmemory 1gb\nmaxmemory-policy ALLKEYS-LRU\nprotected-mode "
      "No\n"
      "client-output-buffer-limit \"normal 1mb 2k 3\"\nclient-output-buffer-limit replica 0 0 0 pubsub 1 2 "
      "3\n"
      "latency-tracking-info-percentiles 50 99.95\nnotify-keyspace-events KEx\nrequirepass \"a b\\x01\"\n"
      "shutdown-on-sigterm save now\noom-score-adj-values 1 2 3\nhz 9999\nloglevel "
      "nothing\nenable-debug-command local\n"
      "maxmemory-clients 5%\nhash-max-ziplist-entries 7\nlua-time-limit 8\nrename-command FLUSHALL \"\"\n"
      "list-max-ziplist-entries 5\nreplicaof no one\nthreads 3\nio-threads 4\n");
  REQUIRE_MESSAGE(result.ok(), result.error());
  const Settings& settings = config.settings();
  CHECK(settings.bind == std::vector<std::string>{"127.0.0.1", "::1"});
  CHECK(settings.unixsocketperm == 0750);
  CHECK(settings.maxmemory_bytes == 1ull << 30);
  CHECK(settings.maxmemory_policy == MaxmemoryPolicy::kAllkeysLru);
  CHECK_FALSE(settings.protected_mode);
  CHECK(settings.client_output_buffer_limits[kNormalClients] == BufferLimit{1 << 20, 2000, 3});
  CHECK(settings.client_output_buffer_limits[kReplicaClients] == BufferLimit{});
  CHECK(settings.client_output_buffer_limits[kPubsubClients] == BufferLimit{1, 2, 3});
  CHECK(settings.latency_tracking_info_percentiles == std::vector<double>{50, 99.95});
  CHECK(settings.notify_keyspace_events == (kNotifyKeyspace | kNotifyKeyevent | kNotifyExpired));
  CHECK(settings.requirepass == "a b\x01");
  CHECK(settings.oom_score_adj_values[2] == 3);
  CHECK(settings.hz == 500);
  CHECK(settings.loglevel == log::Level::kNothing);
  CHECK(settings.enable_debug_command == AllowedFor::kLocal);
  CHECK(settings.threads == 3);
  const std::string_view kept[] = {"shutdown-on-sigterm", "hash-max-listpack-entries",
                                   "busy-reply-threshold"};
  CHECK(config.Matching(kept) == std::vector<Config::Pair>{{"shutdown-on-sigterm", "save now"},
                                                           {"hash-max-listpack-entries", "7"},
                                                           {"busy-reply-threshold", "8"}});
  REQUIRE(config.renamed_commands().size() == 1);
  CHECK(config.renamed_commands()[0].name == "FLUSHALL");
  CHECK(config.renamed_commands()[0].new_name.empty());
}

TEST_CASE("config load: threads 0 stands for the cores, at most eight") {
  Config config;
  CHECK(config.settings().threads >= 1);
  CHECK(config.settings().threads <= 8);
}

TEST_CASE("config load: save lines add up until an empty one") {
  Config config;
  REQUIRE(Load(&config, {"-", "--save", "5", "6"}, "save 60 1 30 2\nsave \"\"\nsave 7 8\n").ok());
  CHECK(config.settings().save == std::vector<SavePoint>{{7, 8}, {5, 6}});
}

TEST_CASE("config load: mistakes name file, line and what is allowed") {
  CHECK(Mistake("timeout 1x") == Report("timeout 1x", "argument couldn't be parsed into an integer"));
  CHECK(Mistake("port 65536") == Report("port 65536", "argument must be between 0 and 65535 inclusive"));
  CHECK(Mistake("unixsocketperm 1000") ==
        Report("unixsocketperm 1000", "argument must be between 0 and 777 inclusive"));
  CHECK(Mistake("daemonize maybe") == Report("daemonize maybe", "argument must be 'yes' or 'no'"));
  CHECK(Mistake("loglevel loud") ==
        Report("loglevel loud",
               "argument(s) must be one of the following: debug, verbose, notice, warning, nothing"));
  CHECK(Mistake("maxmemory 1tb") == Report("maxmemory 1tb", "argument must be a memory value"));
  CHECK(Mistake("port 1 2") == Report("port 1 2", "wrong number of arguments"));
  CHECK(Mistake("port") == Report("port", "wrong number of arguments"));
  CHECK(Mistake("nonesuch 1") == Report("nonesuch 1", "Bad directive or wrong number of arguments"));
  CHECK(Mistake("rename-command GET") ==
        Report("rename-command GET", "Bad directive or wrong number of arguments"));
  CHECK(Mistake("x \"abc") == Report("x \"abc", "Unbalanced quotes in configuration line"));
  CHECK(Mistake("save 60") == Report("save 60", "Invalid save parameters"));
  CHECK(Mistake("dir /nonexistent/x") == Report("dir /nonexistent/x", "No such file or directory"));
  CHECK(Mistake("bind 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17") ==
        Report("bind 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17", "Too many bind addresses specified."));
  CHECK(Mistake("notify-keyspace-events Kq") ==
        Report("notify-keyspace-events Kq", "Invalid event class character. Use 'Ag$lshzxeKEtmdn'."));
  CHECK(Mistake("proc-title-template {x}") ==
        Report("proc-title-template {x}", "template format is invalid or contains unknown variables"));

  Config config;
  CHECK(Load(&config, {"--port", "x"}).error().find("Reading the command line\n>>> 'port \"x\"'\n") !=
        std::string::npos);
}

// A value that its kind does not allow, and what the report says then; nothing when any text is allowed.
std::pair<std::string, std::string> WrongValue(const Directive& directive) {
  const auto bounds = [&](const char* form) {
    if (!directive.Has(kUnsigned)) return fmt::format(fmt::runtime(form), directive.low, directive.high);
    return fmt::format(fmt::runtime(form), static_cast<uint64_t>(directive.low),
                       static_cast<uint64_t>(directive.high));
  };
  switch (directive.kind) {
    case Kind::kYesNo:
      return {"maybe", "argument must be 'yes' or 'no'"};
    case Kind::kInteger:
      if (directive.low == std::numeric_limits<int64_t>::min())
        return {"x", "argument couldn't be parsed into an integer"};
      return {std::to_string(directive.low - 1), bounds("argument must be between {} and {} inclusive")};
    case Kind::kMemory:
      return {"1tb", "argument must be a memory value"};
    case Kind::kMemoryOrPercent:
      return {"101%", "percentage argument must be less or equal to 100"};
    case Kind::kOctal:
      return {"1000", bounds("argument must be between {:o} and {:o} inclusive")};
    case Kind::kChoice:
    case Kind::kChoices: {
      std::string allowed;
      for (const Choice& choice : directive.choices) {
        allowed += (allowed.empty() ? "" : ", ") + std::string(choice.name);
      }
      return {"nonesuch", "argument(s) must be one of the following: " + allowed};
    }
    case Kind::kText:
    case Kind::kForm:
      return {};
  }
  return {};
}

TEST_CASE("config load: a wrong value of any directive names file, line and what is allowed") {
  for (const Directive& directive : Directives()) {
    CAPTURE(directive.name);
    const auto [value, reason] = WrongValue(directive);
    if (value.empty()) continue;
    for (const std::string_view name : {directive.name, directive.alias}) {
      if (name.empty()) continue;
      const std::string line = std::string(name) + ' ' + value;
      CHECK(Mistake(line) == Report(line, reason));
    }
  }
}

TEST_CASE("config load: what is not there is refused when asked for") {
  for (const char* line : {"appendonly yes", "replicaof 127.0.0.1 1", "slaveof 127.0.0.1 1",
                           "cluster-enabled yes", "tls-port 6380", "tls-replication yes", "aclfile /x",
                           "user bob on", "loadmodule /x.so", "min-replicas-to-write 1"}) {
    CAPTURE(line);
    CHECK(Mistake(line).find(">>> '" + std::string(line) + "'\n") != std::string::npos);
  }
  Config config;
  CHECK(Load(&config, {"-"}, "appendonly no\ncluster-enabled no\ntls-port 0\naclfile \"\"\n").ok());
}

TEST_CASE("config load: a user line that says what holds anyway is taken, wherever requirepass stands") {
  const std::string hash = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";  // of "secret"
  for (const std::string& text :
       {std::string("user default on nopass ~* &* +@all\n"),
        std::string("user default on nopass sanitize-payload allkeys allchannels allcommands\n"),
        "user default on #" + hash + " ~* &* +@all\nrequirepass secret\n",
        "requirepass secret\nuser default on #" + hash + " ~* &* +@all\n",
        std::string("requirepass secret\nuser default on >secret ~* &* +@all\n")}) {
    CAPTURE(text);
    Config config;
    const Result result = Load(&config, {"-"}, text);
    CHECK_MESSAGE(result.ok(), result.error());
  }
  for (const std::string& text :
       {std::string("user bob on nopass ~* &* +@all\n"),
        std::string("user default on nopass ~app:* &* +@all\n"),
        std::string("user default on nopass ~* &* +@all -flushall\n"),
        std::string("user default on nopass ~* &*\n"), std::string("user default off nopass ~* &* +@all\n"),
        std::string("user default on >secret ~* &* +@all\n"), "user default on #" + hash + " ~* &* +@all\n",
        std::string("user default on nopass ~* &* +@all\nrequirepass secret\n"),
        "user default on #" + hash + " ~* &* +@all\nrequirepass other\n"}) {
    CAPTURE(text);
    Config config;
    const Result result = Load(&config, {"-"}, text);
    CHECK_FALSE(result.ok());
    CHECK(result.error().find("no users and access control lists yet") != std::string::npos);
    CHECK(result.error().find(">>> 'user ") != std::string::npos);
  }
}

TEST_CASE("config load: what files of Redis 8 have beyond those of Redis 7") {
  Config config;
  const Result result = Load(&config, {"-"},
                             "replica-full-sync-buffer-limit 1mb\nrepl-rdb-channel yes\n"
                             "cluster-compatibility-sample-ratio 100\nkey-memory-histograms yes\n");
  REQUIRE_MESSAGE(result.ok(), result.error());
  CHECK_FALSE(Load(&config, {"-"}, "cluster-compatibility-sample-ratio 101\n").ok());
}

TEST_CASE("config load: what Valkey's files have beyond Redis's") {
  Config config;
  const Result result =
      Load(&config, {"-"},
           "primaryuser app\nprimaryauth secret\nserver-cpulist 0-1\nio-threads 256\n"
           "commandlog-execution-slower-than 5\ncommandlog-slow-execution-max-len 6\n"
           "hide-user-data-from-log yes\nlog-format logfmt\ndual-channel-replication-enabled yes\n"
           "repl-diskless-load flush-before-load\ncluster-announce-client-ipv4 1.2.3.4\n"
           "unixsocketgroup \"\"\nrdma-port 0\n");
  REQUIRE_MESSAGE(result.ok(), result.error());
  CHECK(config.settings().slowlog_log_slower_than_us == 5);
  CHECK(config.settings().slowlog_max_len == 6);
  const std::string_view names[] = {"masterauth"};
  CHECK(config.Matching(names) == std::vector<Config::Pair>{{"masterauth", "secret"}});
  std::string warnings;
  for (const std::string& warning : config.StartupWarnings()) warnings += warning;
  CHECK(warnings.find("log-format") != std::string::npos);
  CHECK(warnings.find("dual-channel-replication-enabled") != std::string::npos);
  for (const char* line : {"unixsocketgroup wheel", "rdma-port 6379", "rdma-bind 1.2.3.4", "import-mode yes",
                           "tls-auth-clients-user CN", "auto-failover-on-shutdown yes"}) {
    CAPTURE(line);
    CHECK(Mistake(line).find("allowed: ") != std::string::npos);
  }
}

TEST_CASE("config load: a NUL would cut what the system is given") {
  for (const char* name :
       {"dir", "unixsocket", "logfile", "pidfile", "syslog-ident", "bind", "cluster-config-file"}) {
    CAPTURE(name);
    CHECK(Mistake(std::string(name) + " \"a\\x00b\"").find("must not contain a NUL byte") !=
          std::string::npos);
  }
  Config config;
  CHECK(Load(&config, {"-"}, "requirepass \"a\\x00b\"\n").ok());
  CHECK(config.settings().requirepass == std::string("a\0b", 3));
}

TEST_CASE("config load: includes") {
  ScratchFolder folder;
  folder.Write("a.conf", "port 1\ninclude d-*.conf\ninclude none-*.conf\ninclude b.conf\ntimeout 5\n");
  folder.Write("b.conf", "port 2\n");
  folder.Write("d-1.conf", "tcp-backlog 1\n");
  folder.Write("d-2.conf", "tcp-backlog 2\n");
  Config config;
  const Result result = Load(&config, {"a.conf"});
  REQUIRE_MESSAGE(result.ok(), result.error());
  CHECK(config.settings().port == 2);
  CHECK(config.settings().tcp_backlog == 2);
  CHECK(config.settings().timeout_s == 5);

  folder.Write("b.conf", "port 2\nport x\n");
  Config wrong;
  CHECK(Load(&wrong, {"a.conf"}).error().find("file b.conf, at line 2\n>>> 'port x'") != std::string::npos);

  folder.Write("b.conf", "include ./a.conf\n");
  Config loop;
  CHECK(Load(&loop, {"a.conf"}).error().find("'./a.conf' includes itself") != std::string::npos);

  folder.Write("b.conf", "\ninclude none.conf\n");
  Config missing;
  CHECK(Load(&missing, {"none.conf"}).error() ==
        "Fatal error, can't open config file 'none.conf': No such file or directory\n");
  CHECK(Load(&missing, {"a.conf"})
            .error()
            .find("file b.conf, at line 2\n>>> 'include none.conf'\ncan't open config "
                  "file 'none.conf': No such file or directory\n") != std::string::npos);
  Config directory;
  CHECK(Load(&directory, {folder.path()}).error().find("Is a directory") != std::string::npos);
}

TEST_CASE("config load: a log file that cannot be opened") {
  Config config;
  CHECK(Load(&config, {"--logfile", "/nonexistent/log"}).error() ==
        "Can't open the log file '/nonexistent/log': No such file or directory\n");
}

TEST_CASE("config load: warnings of what has no effect") {
  Config quiet;
  REQUIRE(Load(&quiet, {"-"}, "appendonly no\nmaxmemory 1gb\nrdbcompression yes\nsave \"\"\n").ok());
  CHECK(quiet.StartupWarnings().empty());

  Config loud;
  REQUIRE(Load(&loud, {"-"}, "save 60 1\nio-threads 4\nmaxmemory-samples 9\n").ok());
  const auto warnings = loud.StartupWarnings();
  REQUIRE(warnings.size() == 2);
  CHECK(warnings[0].find("'save'") != std::string::npos);
  CHECK(warnings[1].ends_with("have no effect: io-threads, maxmemory-samples"));

  Config types;
  REQUIRE(Load(&types, {"-"},
               "list-compress-depth 1\nlua-time-limit 1\nlfu-decay-time 2\nhz 20\nshutdown-timeout 1\n"
               "shutdown-on-sigint now\nlazyfree-lazy-eviction yes\nactive-expire-effort 2\n")
              .ok());
  REQUIRE(types.StartupWarnings().size() == 1);
  CHECK(
      types.StartupWarnings()[0].ends_with(": shutdown-timeout, shutdown-on-sigint, hz, "
                                           "busy-reply-threshold, lfu-decay-time, lazyfree-lazy-eviction, "
                                           "active-expire-effort, list-compress-depth"));
}

// A value that has no field cannot have an effect: it is accepted for compatibility, or only one value is
// allowed.
TEST_CASE("what is kept as text is marked as accepted, or refused") {
  for (const Directive& directive : Directives()) {
    CAPTURE(directive.name);
    const bool has_field = directive.slot.get != nullptr || directive.slot.text != nullptr;
    if (has_field || directive.form != nullptr || directive.Has(kAccepted)) continue;
    const bool one_value = directive.check != nullptr;
    CHECK(one_value);
  }
}

}  // namespace
}  // namespace corral::config
