// Traces from files, and what the replays make of values that fit no cache.
#include "tools/hit_ratio/trace.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "storage/eviction_policy.h"
#include "tools/hit_ratio/replay.h"

namespace corral::hit_ratio {
namespace {

// A file with these bytes, for a block.
class ScratchFile {
 public:
  explicit ScratchFile(const std::string& bytes) {
    const int file = mkstemp(path_.data());
    REQUIRE(file >= 0);
    REQUIRE(write(file, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
    close(file);
  }
  ~ScratchFile() { unlink(path_.c_str()); }
  const std::string& path() const { return path_; }

 private:
  std::string path_ = "/tmp/corral-trace-XXXXXX";
};

std::string OracleRecord(uint32_t seconds, uint64_t key, uint32_t size) {
  std::string record(24, '\0');
  std::memcpy(record.data(), &seconds, sizeof seconds);
  std::memcpy(record.data() + 4, &key, sizeof key);
  std::memcpy(record.data() + 12, &size, sizeof size);
  return record;
}

TEST_CASE("an oracleGeneral trace is read, or refused with a reason") {
  const std::string good =
      OracleRecord(7, 1, 100) + OracleRecord(7, 2, 4'000'000'000) + OracleRecord(9, 1, 100);
  Trace trace;
  std::string error;
  REQUIRE(ReadOracleGeneral(ScratchFile(good).path(), 100, &trace, &error));
  REQUIRE(trace.requests.size() == 3);
  CHECK(trace.requests[1].key == 2);
  CHECK(trace.requests[1].size == 4'000'000'000);
  CHECK(trace.requests[2].time_ms == 2000);
  Trace part;
  REQUIRE(ReadOracleGeneral(ScratchFile(good).path(), 2, &part, &error));
  CHECK(part.requests.size() == 2);
  for (const std::string& bad : {std::string(), good.substr(1), good + "x", good + OracleRecord(8, 1, 1)}) {
    CAPTURE(bad.size());
    Trace refused;
    CHECK_FALSE(ReadOracleGeneral(ScratchFile(bad).path(), 100, &refused, &error));
    CHECK_FALSE(error.empty());
  }
}

TEST_CASE("a text trace has a key per line") {
  Trace trace;
  std::string error;
  REQUIRE(ReadText(ScratchFile("a,1\r\n\nb 2\na").path(), 100, &trace, &error));
  REQUIRE(trace.requests.size() == 3);
  CHECK(trace.requests[0].key == trace.requests[2].key);
  CHECK(trace.requests[0].key != trace.requests[1].key);
  Trace refused;
  CHECK_FALSE(ReadText(ScratchFile("\n,\n").path(), 100, &refused, &error));
  CHECK_FALSE(ReadText("/no/such/file", 100, &refused, &error));
}

TEST_CASE("values of sizes that no cache holds take no memory, and push nothing out") {
  Trace trace;
  for (uint64_t i = 0; i < 3000; ++i) {
    const bool huge = i % 3 == 2;
    trace.requests.push_back(
        {huge ? 1'000'000 + i % 7 : i % 40, static_cast<int64_t>(i), huge ? 0xffffffffu : 32, 0});
  }
  const auto check = [&](const Limit& limit, double least) {
    const Score keyspace = ReplayKeyspace(trace, limit, storage::EvictionPolicy::kAllKeysLru, 4);
    const Score lru = ReplayExactLru(trace, limit);
    const Score optimum = ReplayOptimum(trace, limit);
    CHECK(lru.hit_ratio >= least);
    CHECK(optimum.hit_ratio >= lru.hit_ratio);
    CHECK(keyspace.hit_ratio == doctest::Approx(lru.hit_ratio).epsilon(0.02));
  };
  check({.objects = 0, .bytes = 1'000'000}, 0.6);  // all but the huge ones
  check({.objects = 100, .bytes = 0}, 0.95);       // counted, they are like all others
}

}  // namespace
}  // namespace corral::hit_ratio
