#include "tools/hit_ratio/trace.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>

#include "storage/base/hash.h"
#include "storage/base/random.h"

namespace corral::hit_ratio {

namespace {

using storage::Random;

constexpr uint32_t kValueBytes = 32;
constexpr int64_t kRequestsPerMs = 20;  // how fast the generated clients ask

// Numbers from 0 on, number n with a probability proportional to 1 / (n + 1)^skew.
class Zipf {
 public:
  Zipf(size_t count, double skew) : cumulated_(count) {
    double sum = 0;
    for (size_t i = 0; i < count; ++i) cumulated_[i] = sum += std::pow(static_cast<double>(i + 1), -skew);
  }
  uint64_t Draw(Random& random) const {
    const double at = random.NextDouble() * cumulated_.back();
    return static_cast<uint64_t>(std::upper_bound(cumulated_.begin(), cumulated_.end(), at) -
                                 cumulated_.begin());
  }

 private:
  std::vector<double, PageAllocator<double>> cumulated_;
};

class Generator {
 public:
  Generator(size_t objects, size_t requests, uint64_t seed)
      : objects_(objects), count_(requests), random_(seed) {
    requests_.reserve(requests);
  }

  void Skewed(double skew) {
    const Zipf zipf(10 * objects_, skew);
    while (more()) Add(zipf.Draw(random_));
  }

  // Every 5 cache sizes, 1.5 cache sizes of keys that come once.
  void SkewedWithScans(double skew) {
    const Zipf zipf(10 * objects_, skew);
    uint64_t scanned = kOtherKeys;
    while (more()) {
      for (size_t i = 0; i < 5 * objects_ && more(); ++i) Add(zipf.Draw(random_));
      for (size_t i = 0; i < objects_ * 3 / 2 && more(); ++i) Add(scanned++);
    }
  }

  void Loop(double cache_sizes) {
    const auto length = static_cast<uint64_t>(cache_sizes * static_cast<double>(objects_));
    for (uint64_t i = 0; more(); ++i) Add(i % length);
  }

  // A third of the requests goes round a loop of 1.5 cache sizes.
  void LoopAndSkewed(double skew) {
    const Zipf zipf(10 * objects_, skew);
    for (uint64_t i = 0; more();) {
      if (random_.Below(3) == 0) {
        Add(kOtherKeys + i++ % (objects_ * 3 / 2));
      } else {
        Add(zipf.Draw(random_));
      }
    }
  }

  // The hot set moves on, all at once, every 12 cache sizes.
  void Shifting(double skew) {
    const Zipf zipf(10 * objects_, skew);
    for (uint64_t i = 0; more(); ++i) Add(zipf.Draw(random_) + i / (12 * objects_) * objects_);
  }

  // Half of the keys expire, after 1/4 to 4 times the time in which the cache's size is asked for.
  void Expiring(double skew) {
    const Zipf zipf(10 * objects_, skew);
    const auto turn_ms = static_cast<double>(objects_) / kRequestsPerMs;
    while (more()) {
      const uint64_t key = zipf.Draw(random_);
      const uint64_t kind = key * 0x9e37'79b9'7f4a'7c15 >> 60;
      Add(key,
          kind < 8 ? static_cast<uint32_t>(turn_ms * std::exp2(static_cast<double>(kind) / 2 - 2)) + 1 : 0);
    }
  }

  auto Take() { return std::move(requests_); }

 private:
  static constexpr uint64_t kOtherKeys = uint64_t{1} << 40;

  bool more() const { return requests_.size() < count_; }
  void Add(uint64_t key, uint32_t ttl_ms = 0) {
    const auto time_ms = static_cast<int64_t>(requests_.size()) / kRequestsPerMs;
    requests_.push_back({key, time_ms, kValueBytes, ttl_ms});
  }

  size_t objects_;
  size_t count_;
  Random random_;
  std::vector<Request, PageAllocator<Request>> requests_;
};

struct Recipe {
  TraceKind kind;
  void (*make)(Generator&);
};

const Recipe kRecipes[] = {
    {{"zipf-0.6", "Zipf, skew 0.6"}, [](Generator& g) { g.Skewed(0.6); }},
    {{"zipf-0.8", "Zipf, skew 0.8"}, [](Generator& g) { g.Skewed(0.8); }},
    {{"zipf-1.0", "Zipf, skew 1.0"}, [](Generator& g) { g.Skewed(1.0); }},
    {{"zipf-1.2", "Zipf, skew 1.2"}, [](Generator& g) { g.Skewed(1.2); }},
    {{"scan", "Zipf 0.9 with scans"}, [](Generator& g) { g.SkewedWithScans(0.9); }},
    {{"loop", "loop of 1.1 cache sizes"}, [](Generator& g) { g.Loop(1.1); }},
    {{"loop+zipf", "1/3 loop of 1.5 cache sizes, 2/3 Zipf 0.9"}, [](Generator& g) { g.LoopAndSkewed(0.9); }},
    {{"shift", "Zipf 1.0, hot set moves"}, [](Generator& g) { g.Shifting(1.0); }},
    {{"ttl", "Zipf 0.9, half of the keys expire"}, [](Generator& g) { g.Expiring(0.9); }},
};

}  // namespace

const std::vector<TraceKind>& TraceKinds() {
  static const std::vector<TraceKind> kinds = [] {
    std::vector<TraceKind> result;
    for (const Recipe& recipe : kRecipes) result.push_back(recipe.kind);
    return result;
  }();
  return kinds;
}

Trace Generate(const std::string& name, size_t objects, size_t requests, uint64_t seed) {
  Generator generator(objects, requests, seed);
  for (const Recipe& recipe : kRecipes) {
    if (name == recipe.kind.name) recipe.make(generator);
  }
  return {name, generator.Take()};
}

bool ReadOracleGeneral(const std::string& path, size_t max_requests, Trace* trace, std::string* error) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return *error = path + ": cannot be opened", false;
  char record[24];
  uint32_t first_seconds = 0;
  while (trace->requests.size() < max_requests && file.read(record, sizeof(record))) {
    uint32_t seconds;
    Request request;
    std::memcpy(&seconds, record, sizeof(seconds));
    std::memcpy(&request.key, record + 4, sizeof(request.key));
    std::memcpy(&request.size, record + 12, sizeof(request.size));
    if (trace->requests.empty()) first_seconds = seconds;
    const int64_t time_ms = (int64_t{seconds} - first_seconds) * 1000;
    if (!trace->requests.empty() && time_ms < trace->requests.back().time_ms) {
      return *error = path + ": time runs backward: not an oracleGeneral trace (or a compressed one)", false;
    }
    request.time_ms = time_ms;
    trace->requests.push_back(request);
  }
  if (trace->requests.empty()) return *error = path + ": holds no record of 24 bytes", false;
  if (trace->requests.size() < max_requests && file.gcount() != 0) {
    return *error = path + ": its length is not a multiple of 24 bytes", false;
  }
  return true;
}

bool ReadText(const std::string& path, size_t max_requests, Trace* trace, std::string* error) {
  std::ifstream file(path);
  if (!file) return *error = path + ": cannot be opened", false;
  for (std::string line; trace->requests.size() < max_requests && std::getline(file, line);) {
    line.resize(std::min(line.find_first_of(" \t\r,"), line.size()));
    if (line.empty()) continue;
    const auto time_ms = static_cast<int64_t>(trace->requests.size()) / kRequestsPerMs;
    trace->requests.push_back({XXH3_64bits(line.data(), line.size()), time_ms, kValueBytes, 0});
  }
  if (trace->requests.empty()) return *error = path + ": holds no key", false;
  return true;
}

}  // namespace corral::hit_ratio
