// conf/ and the table of directives say the same; files written for Redis load.
#include <doctest/doctest.h>

#include <fstream>
#include <map>
#include <sstream>

#include "server/config/config.h"
#include "server/config/line.h"
#include "server/process/version.h"
#include "tests/unit/server/config/scratch_folder.h"

namespace corral::config {
namespace {

std::string ReadSource(const std::string& name) {
  std::ifstream file(std::string(CORRAL_SOURCE_DIR) + "/" + name);
  REQUIRE_MESSAGE(file.is_open(), name);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST_CASE("corral.conf: every directive once, with its default") {
  std::istringstream text(ReadSource("conf/corral.conf"));
  std::map<const Directive*, int> seen;
  std::string defaults;
  bool in_accepted_section = false;
  for (std::string line; std::getline(text, line);) {
    CAPTURE(line);
    CHECK(line.size() <= 120);
    if (line.find("# Accepted for compatibility #") != std::string::npos) in_accepted_section = true;
    if (line.size() < 2 || line[0] != '#' || line[1] == ' ' || line[1] == '#') {
      CHECK((line.empty() || line[0] == '#'));
      continue;
    }
    const auto words = SplitArguments(line.substr(1));
    REQUIRE(words.has_value());
    const Directive* directive = FindDirective((*words)[0]);
    REQUIRE(directive != nullptr);
    CHECK(directive->Has(kAccepted) == in_accepted_section);
    ++seen[directive];
    defaults += line.substr(1) + "\n";
  }
  for (const Directive& directive : Directives()) {
    CAPTURE(directive.name);
    if (!directive.Has(kHidden))
      CHECK(seen[&directive] == (directive.name == "client-output-buffer-limit" ? 3 : 1));
  }

  ScratchFolder folder;
  const Config fresh;
  Config written;
  std::istringstream input(defaults);
  const Result loaded = written.Load(ParseCommandLine({"-"}), input);
  REQUIRE_MESSAGE(loaded.ok(), loaded.error());
  const std::string_view all[] = {"*"};
  CHECK(written.Matching(all) == fresh.Matching(all));
  CHECK(written.StartupWarnings().empty());
}

TEST_CASE("corral.conf and cache.conf load") {
  for (const std::string name : {"/conf/corral.conf", "/conf/cache.conf"}) {
    CAPTURE(name);
    Config config;
    std::istringstream input;
    const Result loaded = config.Load(ParseCommandLine({CORRAL_SOURCE_DIR + name}), input);
    REQUIRE_MESSAGE(loaded.ok(), loaded.error());
    CHECK(config.StartupWarnings().empty());
    CHECK((config.settings().maxmemory_policy == MaxmemoryPolicy::kAllkeysLru) ==
          (name == "/conf/cache.conf"));
    CHECK(config.settings().maxmemory_bytes == (name == "/conf/cache.conf" ? 256u << 20 : 0u));
  }
}

// The lines that take effect in the file that Redis 7.4 ships.
TEST_CASE("Redis's stock file loads as it is") {
  Config config;
  std::istringstream input(
      "bind 127.0.0.1 -::1\nprotected-mode yes\nport 6379\ntcp-backlog 511\ntimeout 0\ntcp-keepalive "
      "300\ndaemonize no\n"
      "pidfile /var/run/redis_6379.pid\nloglevel notice\nlogfile \"\"\ndatabases 16\nalways-show-logo no\n"
      "set-proc-title yes\nproc-title-template \"{title} {listen-addr} {server-mode}\"\nlocale-collate \"\"\n"
      "stop-writes-on-bgsave-error yes\nrdbcompression yes\nrdbchecksum yes\ndbfilename "
      "dump.rdb\nrdb-del-sync-files no\n"
      "dir ./\nreplica-serve-stale-data yes\nreplica-read-only yes\nrepl-diskless-sync "
      "yes\nrepl-diskless-sync-delay 5\n"
      "repl-diskless-sync-max-replicas 0\nrepl-diskless-load disabled\nrepl-disable-tcp-nodelay no\n"
      "replica-priority 100\nacllog-max-len 128\nlazyfree-lazy-eviction no\nlazyfree-lazy-expire no\n"
      "lazyfree-lazy-server-del no\nreplica-lazy-flush no\nlazyfree-lazy-user-del "
      "no\nlazyfree-lazy-user-flush no\n"
      "oom-score-adj no\noom-score-adj-values 0 200 800\ndisable-thp yes\nappendonly no\n"
      "appendfilename \"appendonly.aof\"\nappenddirname \"appendonlydir\"\nappendfsync everysec\n"
      "no-appendfsync-on-rewrite no\nauto-aof-rewrite-percentage 100\nauto-aof-rewrite-min-size 64mb\n"
      "aof-load-truncated yes\naof-use-rdb-preamble yes\naof-timestamp-enabled no\nslowlog-log-slower-than "
      "10000\n"
      "slowlog-max-len 128\nlatency-monitor-threshold 0\nnotify-keyspace-events "
      "\"\"\nhash-max-listpack-entries 512\n"
      "hash-max-listpack-value 64\nlist-max-listpack-size -2\nlist-compress-depth 0\nset-max-intset-entries "
      "512\n"
      "set-max-listpack-entries 128\nset-max-listpack-value 64\nzset-max-listpack-entries 128\n"
      "zset-max-listpack-value 64\nhll-sparse-max-bytes 3000\nstream-node-max-bytes "
      "4096\nstream-node-max-entries 100\n"
      "activerehashing yes\nclient-output-buffer-limit normal 0 0 0\nclient-output-buffer-limit replica "
      "256mb 64mb 60\n"
      "client-output-buffer-limit pubsub 32mb 8mb 60\nhz 10\ndynamic-hz yes\naof-rewrite-incremental-fsync "
      "yes\n"
      "rdb-save-incremental-fsync yes\njemalloc-bg-thread yes\n");
  const Result loaded = config.Load(ParseCommandLine({"-"}), input);
  CHECK_MESSAGE(loaded.ok(), loaded.error());
  CHECK(config.StartupWarnings().empty());
}

TEST_CASE("the version is CMake's") {
  CHECK(ReadSource("CMakeLists.txt").find("project(corral VERSION " + std::string(process::kVersion) + " ") !=
        std::string::npos);
}

}  // namespace
}  // namespace corral::config
