// Command line of tools/hitratio: replays traces through every cache asked for, prints the table, draws it.
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/eviction_policy.h"
#include "tools/hit_ratio/bar_chart.h"
#include "tools/hit_ratio/replay.h"
#include "tools/hit_ratio/trace.h"

namespace corral::hit_ratio {

namespace {

struct Options {
  Limit limit{50'000, 0};
  size_t requests = 2'000'000;
  uint64_t seed = 1;
  uint32_t shards = 16;
  std::vector<std::string> generated;
  std::vector<std::string> oracle_files;
  std::vector<std::string> text_files;
  std::vector<storage::EvictionPolicy> policies = {storage::EvictionPolicy::kAllKeysLru,
                                                   storage::EvictionPolicy::kAllKeysLfu,
                                                   storage::EvictionPolicy::kAllKeysRandom};
  std::string redis;
  std::string svg;
};

struct Contender {
  std::string name;
  std::function<Score(const Trace&)> replay;
};

[[noreturn]] void Fail(const std::string& message) {
  std::fprintf(stderr, "hitratio: %s (--help explains)\n", message.c_str());
  std::exit(2);
}

void PrintHelp() {
  std::puts(
      "Usage: tools/hitratio [OPTION ...]\n"
      "Replays traces through the storage engine, beside exact LRU, Belady's optimum and redis-server.\n"
      "\n"
      "  --objects N      the cache holds N keys (default 50000)\n"
      "  --bytes N        the cache holds N bytes of memory instead; redis-server is left out then\n"
      "  --requests N     length of a generated trace, longest part read of a file (default 2000000)\n"
      "  --seed N         of the generated traces (default 1)\n"
      "  --shards N       of the keyspace, a power of two (default 16)\n"
      "  --trace NAME     a generated trace, may be repeated (default: all)\n"
      "  --oracle FILE    a trace in libCacheSim's oracleGeneral format, uncompressed\n"
      "  --text FILE      a trace with a key per line\n"
      "  --policies A,B   maxmemory policies (default allkeys-lru,allkeys-lfu,allkeys-random)\n"
      "  --redis PROGRAM  a redis-server to run the same policies on, with 5 and 10 samples, but without TTLs\n"
      "  --svg FILE       draws the table\n"
      "\n"
      "Generated traces (10 times as many keys as the cache holds):");
  for (const TraceKind& kind : TraceKinds()) std::printf("  %-16s %s\n", kind.name, kind.description);
}

uint64_t ParseNumber(std::string_view option, std::string_view text, uint64_t least, uint64_t most) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < least || value > most) {
    Fail(std::string(option) + " takes a number from " + std::to_string(least) + " to " +
         std::to_string(most) + ", not '" + std::string(text) + "'");
  }
  return value;
}

std::vector<storage::EvictionPolicy> ParsePolicies(std::string_view text) {
  std::vector<storage::EvictionPolicy> policies;
  while (!text.empty()) {
    const std::string_view name = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), name.size() + 1));
    storage::EvictionPolicy policy;
    if (!storage::ParseEvictionPolicy(name, &policy) || policy == storage::EvictionPolicy::kNoEviction) {
      Fail("no such policy: '" + std::string(name) + "'");
    }
    policies.push_back(policy);
  }
  return policies;
}

void ParseTraceName(const std::string& name, Options* options) {
  const auto known = [&](const TraceKind& kind) { return name == kind.name; };
  if (std::ranges::none_of(TraceKinds(), known)) Fail("no such trace: '" + name + "'");
  options->generated.push_back(name);
}

Options ParseOptions(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    if (option == "--help" || option == "-h") {
      PrintHelp();
      std::exit(0);
    }
    if (i + 1 == argc) Fail("'" + option + "' is unknown or lacks its value");
    const std::string value = argv[++i];
    if (option == "--objects") {
      options.limit = {ParseNumber(option, value, 100, 100'000'000), 0};
    } else if (option == "--bytes") {
      options.limit = {0, ParseNumber(option, value, 100'000, uint64_t{1} << 40)};
    } else if (option == "--requests") {
      options.requests = ParseNumber(option, value, 1000, 1'000'000'000);
    } else if (option == "--seed") {
      options.seed = ParseNumber(option, value, 0, UINT64_MAX);
    } else if (option == "--shards") {
      options.shards = static_cast<uint32_t>(ParseNumber(option, value, 1, 4096));
      if ((options.shards & (options.shards - 1)) != 0) Fail("--shards takes a power of two");
    } else if (option == "--trace") {
      ParseTraceName(value, &options);
    } else if (option == "--oracle") {
      options.oracle_files.push_back(value);
    } else if (option == "--text") {
      options.text_files.push_back(value);
    } else if (option == "--policies") {
      options.policies = ParsePolicies(value);
    } else if (option == "--redis") {
      options.redis = value;
    } else if (option == "--svg") {
      options.svg = value;
    } else {
      Fail("unknown option '" + option + "'");
    }
  }
  if (options.generated.empty() && options.oracle_files.empty() && options.text_files.empty()) {
    for (const TraceKind& kind : TraceKinds()) options.generated.push_back(kind.name);
  }
  if (options.limit.objects == 0) options.redis.clear();
  return options;
}

std::vector<Contender> MakeContenders(const Options& options) {
  std::vector<Contender> contenders;
  contenders.push_back({"optimum", [&](const Trace& trace) { return ReplayOptimum(trace, options.limit); }});
  contenders.push_back(
      {"exact LRU", [&](const Trace& trace) { return ReplayExactLru(trace, options.limit); }});
  for (const storage::EvictionPolicy policy : options.policies) {
    const std::string name(storage::EvictionPolicyName(policy));
    contenders.push_back({name, [&options, policy](const Trace& trace) {
                            return ReplayKeyspace(trace, options.limit, policy, options.shards);
                          }});
  }
  if (options.redis.empty()) return contenders;
  for (const storage::EvictionPolicy policy : options.policies) {
    for (const int samples : {5, 10}) {
      const std::string name(storage::EvictionPolicyName(policy));
      contenders.push_back(
          {"redis " + std::to_string(samples) + " " + name, [&options, name, samples](const Trace& trace) {
             Score score;
             std::string error;
             if (!ReplayRedis(options.redis, trace, options.limit.objects, name, samples, &score, &error)) {
               Fail(error);
             }
             return score;
           }});
    }
  }
  return contenders;
}

// Traces are made one at a time: a large one takes some memory.
std::vector<std::function<Trace()>> ListTraces(const Options& options) {
  // The generated ones need a number of objects; with a limit by bytes, about what fits.
  constexpr size_t kBytesPerObject = 80;
  const size_t objects =
      options.limit.objects != 0 ? options.limit.objects : options.limit.bytes / kBytesPerObject;
  std::vector<std::function<Trace()>> traces;
  for (const std::string& name : options.generated) {
    traces.push_back(
        [&options, name, objects] { return Generate(name, objects, options.requests, options.seed); });
  }
  const auto add_files = [&](const std::vector<std::string>& paths, auto read) {
    for (const std::string& path : paths) {
      traces.push_back([&options, path, read] {
        Trace trace;
        trace.name = path.substr(path.rfind('/') + 1);
        std::string error;
        if (!read(path, options.requests, &trace, &error)) Fail(error);
        return trace;
      });
    }
  };
  add_files(options.oracle_files, ReadOracleGeneral);
  add_files(options.text_files, ReadText);
  return traces;
}

int Run(int argc, char** argv) {
  const Options options = ParseOptions(argc, argv);
  const std::vector<Contender> contenders = MakeContenders(options);
  BarChart chart;
  chart.title = "Hit ratio, %";
  for (const Contender& contender : contenders) chart.series.push_back(contender.name);
  std::printf("Hit ratio in %% (keys held in the second half; microseconds of the engine per miss)\n");
  for (const auto& make : ListTraces(options)) {
    const Trace trace = make();
    std::printf("\n%s: %zu requests\n", trace.name.c_str(), trace.requests.size());
    chart.groups.push_back({trace.name, {}});
    for (const Contender& contender : contenders) {
      const Score score = contender.replay(trace);
      std::printf("  %-26s %6.2f  (%.0f", contender.name.c_str(), 100 * score.hit_ratio, score.mean_objects);
      if (score.micros_per_miss != 0) std::printf("; %.2f us", score.micros_per_miss);
      std::printf(")\n");
      std::fflush(stdout);
      chart.groups.back().values.push_back(100 * score.hit_ratio);
    }
  }
  if (!options.svg.empty() && !WriteSvg(chart, options.svg)) Fail(options.svg + ": cannot be written");
  return 0;
}

}  // namespace

}  // namespace corral::hit_ratio

int main(int argc, char** argv) { return corral::hit_ratio::Run(argc, argv); }
