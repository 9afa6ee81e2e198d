// Counters, rates, histogram, slow log, latency series and monitor lines.
#include "server/telemetry/telemetry.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "server/telemetry/histogram.h"
#include "server/telemetry/latency_graph.h"
#include "server/telemetry/main_thread.h"
#include "server/telemetry/monitor_line.h"
#include "server/telemetry/redaction.h"
#include "storage/base/random.h"

namespace corral::telemetry {
namespace {

using Words = std::vector<std::string_view>;

TEST_CASE("histogram: quantiles are within 1/32 of the sorted samples") {
  const uint64_t seed = storage::SystemSeed();
  INFO("seed " << seed);
  storage::Random random(seed);
  Histogram histogram, half, other_half;
  std::vector<uint64_t> samples;
  for (int i = 0; i < 20'000; ++i) {
    const uint64_t value = random.Next() >> (28 + random.Below(36));
    samples.push_back(value);
    histogram.Record(value);
    (i % 2 == 0 ? half : other_half).Record(value);
  }
  half.Add(other_half);
  std::sort(samples.begin(), samples.end());
  CHECK(histogram.total() == samples.size());
  CHECK(half.total() == samples.size());
  for (double percent : {0.0, 1.0, 50.0, 90.0, 99.0, 99.9, 100.0}) {
    const auto rank = static_cast<size_t>(std::max(1.0, std::ceil(percent / 100 * 20'000)));
    const uint64_t exact = samples[rank - 1];
    const uint64_t found = histogram.ValueAt(percent);
    CHECK(found >= exact);
    CHECK(found <= exact + exact / 32 + 1);
    CHECK(half.ValueAt(percent) == found);
  }
  CHECK(histogram.CountUpTo(UINT64_MAX) == samples.size());
}

TEST_CASE("histogram: nothing, and more than it can tell apart") {
  Histogram histogram;
  CHECK(histogram.ValueAt(50) == 0);
  histogram.Record(UINT64_MAX);
  CHECK(histogram.ValueAt(50) == (uint64_t{1} << Histogram::kMaxBits) - 1);
}

TEST_CASE("over limit: the present stretch, and the sum of all") {
  OverLimit over;
  over.Sample(false, 1000);
  CHECK(over.total_ms() == 0);
  over.Sample(true, 1250);
  over.Sample(true, 1500);
  CHECK(over.current_ms() == 250);
  CHECK(over.total_ms() == 250);
  over.Sample(false, 2000);
  CHECK(over.current_ms() == 0);
  CHECK(over.total_ms() == 750);
  over.Sample(true, 3000);
  over.Sample(true, 3100);
  CHECK(over.total_ms() == 850);
  over.Reset();
  CHECK(over.total_ms() == 0);
  over.Sample(true, 3400);
  CHECK(over.current_ms() == 300);
}

TEST_CASE("main thread: its time grows as it works") {
  const ThreadTime before = ReadMainThreadTime();
  volatile uint64_t sum = 0;
  while (ReadMainThreadTime().user_seconds + ReadMainThreadTime().system_seconds <=
         before.user_seconds + before.system_seconds) {
    sum = sum + 1;
  }
  CHECK(ReadMainThreadTime().user_seconds >= before.user_seconds);
}

TEST_CASE("rate: the mean of the last sixteen samples") {
  Rate rate;
  rate.Sample(1000, 50);  // the first call only sets the start
  CHECK(rate.per_second() == 0);
  for (int i = 1; i <= 16; ++i) rate.Sample(1000 + 10 * i, 50 + 100 * i);
  CHECK(rate.per_second() == doctest::Approx(100));
  rate.Sample(16, 50 + 1700);  // CONFIG RESETSTAT began anew
  CHECK(rate.per_second() == doctest::Approx((15 * 100 + 160) / 16.0));
}

TEST_CASE("worker statistics: sums, errors by code with a bound, reset") {
  Telemetry telemetry;
  WorkerStats& one = telemetry.AddWorker(3);
  WorkerStats& two = telemetry.AddWorker(3);
  one.commands = 5;
  two.commands = 7;
  CHECK(telemetry.Sum(&WorkerStats::commands) == 12);
  for (int i = 0; i < 200; ++i) one.CountError("CODE" + std::to_string(i));
  one.CountError("CODE0");
  CHECK(one.errors.size() == WorkerStats::kMaxErrorCodes);
  CHECK(one.errors.find("CODE0")->second == 2);
  CHECK(one.error_replies == 201);
  telemetry.Reset();
  CHECK(telemetry.Sum(&WorkerStats::commands) == 0);
  CHECK(one.errors.empty());
  CHECK(one.per_command.size() == 3);
}

TEST_CASE("run ids are forty hex digits and differ") {
  const std::string id = NewRunId();
  CHECK(id.size() == 40);
  CHECK(id.find_first_not_of("0123456789abcdef") == std::string::npos);
  CHECK(id != NewRunId());
}

TEST_CASE("slow log: newest first, bounded, cut, without secrets") {
  Slowlog log;
  for (int i = 0; i < 5; ++i) log.Add(Words{"get", "k"}, 100 + i, 7, "peer", "name", 3);
  CHECK(log.size() == 3);
  const auto entries = log.Newest(2);
  REQUIRE(entries.size() == 2);
  CHECK(entries[0].id == 4);
  CHECK(entries[1].unix_seconds == 103);
  CHECK(log.Newest(-1).size() == 3);

  const std::string large(200, 'x');
  Words many(40, "a");
  many[1] = large;
  log.Add(many, 1, 1, "", "", 3);
  const auto cut = log.Newest(1)[0].arguments;
  REQUIRE(cut.size() == 32);
  CHECK(cut[1] == std::string(128, 'x') + "... (72 more bytes)");
  CHECK(cut[31] == "... (9 more arguments)");

  log.Add(Words{"AUTH", "user", "secret"}, 1, 1, "", "", 3);
  CHECK(log.Newest(1)[0].arguments == std::vector<std::string>{"AUTH", "(redacted)", "(redacted)"});
  log.Clear();
  CHECK(log.size() == 0);
}

TEST_CASE("secrets: AUTH, HELLO AUTH and sensitive directives") {
  CHECK(Redacted(Words{"hello", "3", "auth", "u", "p", "setname", "n"}) ==
        Words{"hello", "3", "auth", "(redacted)", "(redacted)", "setname", "n"});
  CHECK(Redacted(Words{"CONFIG", "set", "maxmemory", "1", "RequirePass", "p"}) ==
        Words{"CONFIG", "set", "maxmemory", "1", "RequirePass", "(redacted)"});
  CHECK(Redacted(Words{"auth", "p"}) == Words{"auth", "(redacted)"});
  for (const Words& plain : {Words{"auth"}, Words{"set", "auth", "p"}, Words{"hello", "3", "auth", "u"}}) {
    CHECK(Redacted(plain) == plain);
  }
}

TEST_CASE("monitor lines") {
  const Words keys{"keys", "*"};
  CHECK(FormatMonitorLine(1339518083107412, {.database = 0, .peer = "127.0.0.1:60866"}, keys) ==
        "1339518083.107412 [0 127.0.0.1:60866] \"keys\" \"*\"");
  CHECK(FormatMonitorLine(5, {.database = 3, .peer = "/tmp/s:0", .unix_socket = true}, keys) ==
        "0.000005 [3 unix:/tmp/s] \"keys\" \"*\"");
  CHECK(FormatMonitorLine(0, {.script = true}, Words{std::string_view("a\"\\\n\r\t\a\b\0\xff", 10)}) ==
        "0.000000 [0 lua] \"a\\\"\\\\\\n\\r\\t\\a\\b\\x00\\xff\"");
}

TEST_CASE("latency series: the worst of a second, the last 160, reset by name") {
  LatencyMonitor monitor;
  monitor.Add("command", 10, 5);
  monitor.Add("command", 10, 9);
  monitor.Add("command", 10, 7);
  CHECK(monitor.All().at("command").samples.size() == 1);
  CHECK(monitor.All().at("command").samples[0].latency_ms == 9);
  for (int i = 0; i < 200; ++i) monitor.Add("command", 11 + i, 1);
  CHECK(monitor.All().at("command").samples.size() == LatencyMonitor::kMaxSamples);
  CHECK(monitor.All().at("command").worst_ms == 9);
  monitor.Add("eviction", 1, 1);
  CHECK(monitor.Reset(Words{"nothing", "eviction"}) == 1);
  CHECK(monitor.Reset({}) == 1);
  CHECK(monitor.All().empty());
}

TEST_CASE("latency graph: one column a sample") {
  LatencyMonitor::Series series;
  series.samples = {{100, 1}, {150, 7}, {158, 13}};
  series.worst_ms = 20;
  CHECK(DrawLatency("command", series, 220) == "command - high 13 ms, low 1 ms (all time high 20 ms)\n" +
                                                   std::string(80, '-') +
                                                   "\n"
                                                   "  #\n"
                                                   " _|\n"
                                                   " ||\n"
                                                   "_||\n"
                                                   "   \n"
                                                   "211\n"
                                                   "mmm\n");
}

}  // namespace
}  // namespace corral::telemetry
