// Times the keyspace alone: nanoseconds of CPU for each insert, hit, miss, overwrite and removal, with and
// without prefetching in batches, and the bytes of the index for each key.
#include <sys/prctl.h>
#include <time.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/clock.h"
#include "storage/base/random.h"
#include "storage/database.h"
#include "storage/keyspace.h"
#include "storage/lookahead.h"
#include "storage/memory_meter.h"
#include "tools/microbench/arguments.h"

namespace {

using corral::storage::Database;
using corral::storage::Key;
using corral::storage::Keyspace;
using corral::storage::kNoExpiry;
using corral::storage::Lookahead;
using corral::storage::Random;
using corral::storage::Record;

constexpr int64_t kNowMs = 1'700'000'000'000;
constexpr size_t kBatch = 64;
constexpr int kRounds = 5;
constexpr std::string_view kValue = "0123456789abcdef0123456789abcdef";

// Makes the compiler believe that `value` is read.
template <typename T>
void Keep(const T& value) {
  asm volatile("" : : "r,m"(value) : "memory");
}

// CPU time of this thread: what others do on the machine counts only through the caches.
double NowNs() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

// Of sixteen bytes each.
struct Names {
  std::vector<char> bytes;
  std::string_view operator[](size_t i) const { return {&bytes[i * 16], 16}; }
};

Names MakeNames(const std::vector<uint32_t>& numbers, uint64_t offset) {
  Names names{std::vector<char>(numbers.size() * 16 + 1)};
  for (size_t i = 0; i < numbers.size(); ++i) {
    std::snprintf(&names.bytes[i * 16], 17, "key:%012lu", static_cast<unsigned long>(numbers[i] + offset));
  }
  return names;
}

// Runs `work` over all names and prints the time for each; hashing is included.
template <typename Work>
double Measure(const Keyspace& keyspace, const Names& names, size_t count, bool prefetch, Work work) {
  Lookahead lookahead(keyspace);
  const double start_ns = NowNs();
  Key keys[kBatch];
  for (size_t i = 0; i < count; i += kBatch) {
    const size_t batch = std::min(kBatch, count - i);
    lookahead.Clear();
    for (size_t j = 0; j < batch; ++j) {
      keys[j] = keyspace.MakeKey(names[i + j]);
      if (prefetch) lookahead.Add(0, keys[j].hash);
    }
    lookahead.Run();
    for (size_t j = 0; j < batch; ++j) work(keys[j]);
  }
  return (NowNs() - start_ns) / static_cast<double>(count);
}

template <typename Work>
void Report(const char* what, const Keyspace& keyspace, const Names& names, size_t count, bool prefetch,
            Work work) {
  double best = 1e30;
  for (int round = 0; round < kRounds; ++round)
    best = std::min(best, Measure(keyspace, names, count, prefetch, work));
  std::printf("%-40s %7.1f ns\n", what, best);
}

// Calls work(i) `count` times and prints the longest call and how many were long.
template <typename Work>
void ReportLongest(const char* what, size_t count, Work work) {
  double longest_us = 0;
  size_t above_100_us = 0;
  size_t above_1000_us = 0;
  for (size_t i = 0; i < count; ++i) {
    const double start_ns = NowNs();
    work(i);
    const double us = (NowNs() - start_ns) / 1000;
    longest_us = std::max(longest_us, us);
    above_100_us += us > 100;
    above_1000_us += us > 1000;
  }
  std::printf("%-40s %7.1f us, %zu above 100 us, %zu above 1 ms\n", what, longest_us, above_100_us,
              above_1000_us);
}

// Fills an empty table key by key. The longest insert shows what growing costs: splits, resizes, the
// directory's doubling, and page faults where the allocator has not had the memory before.
void MeasureGrowth(const Names& names, size_t count, int64_t expire_at_ms, bool concurrent,
                   const char* what) {
  const corral::storage::ManualClock clock(kNowMs);
  Keyspace keyspace({.shards = 16, .concurrent = concurrent, .seed = 42, .clock = &clock}, nullptr, nullptr);
  Database database = keyspace.database(0, kNowMs);
  ReportLongest(what, count, [&](size_t i) {
    const int64_t expiry_ms = expire_at_ms == kNoExpiry ? kNoExpiry : expire_at_ms + static_cast<int64_t>(i);
    database.PutString(keyspace.MakeKey(names[i]), kValue, {.expire_at_ms = expiry_ms});
  });
}

void MeasureInserts(Keyspace& keyspace, const Names& names, size_t count, int64_t expire_at_ms,
                    const char* what) {
  Database database = keyspace.database(0, kNowMs);
  int64_t expiry = expire_at_ms;
  const auto insert = [&](const Key& key) {
    if (expiry != kNoExpiry) ++expiry;
    database.PutString(key, kValue, {.expire_at_ms = expiry});
  };
  std::printf("%-40s %7.1f ns\n", what, Measure(keyspace, names, count, true, insert));
  std::printf("%-40s %7.2f bytes\n", "  index and wheel for each key",
              static_cast<double>(keyspace.TableBytes()) / static_cast<double>(count));
}

}  // namespace

int main(int argc, char** argv) {
  constexpr const char* kUsage = "microbench-table [KEYS=1000000 [concurrent]]";
  const bool concurrent = argc == 3 && std::string_view(argv[2]) == "concurrent";
  if (argc > (concurrent ? 3 : 2)) corral::microbench::EndWithUsage(kUsage);
  const size_t count = corral::microbench::CountArgument(argc, argv, 1, 1'000'000, 1'000'000'000, kUsage);
  const corral::storage::ManualClock clock(kNowMs);
  Keyspace keyspace({.shards = 16, .concurrent = concurrent, .seed = 42, .clock = &clock}, nullptr, nullptr);
  std::vector<uint32_t> numbers(count);
  Random random(1);
  for (size_t i = 0; i < count; ++i) {
    numbers[i] = static_cast<uint32_t>(i);
    std::swap(numbers[i], numbers[random.Below(i + 1)]);
  }
  const Names names = MakeNames(numbers, 0);
  const Names absent = MakeNames(numbers, count);
  for (size_t i = 0; i < count; ++i) std::swap(numbers[i], numbers[random.Below(i + 1)]);
  const Names other_order = MakeNames(numbers, 0);

  std::printf("%zu keys of 16 bytes, values of 32%s\n", count, concurrent ? ", with locks" : "");
  // As in the daemon: else the allocator gives pages back in the middle of an insert, and the kernel looks
  // for huge pages there.
  corral::storage::SetAllocatorBackgroundThread(true);
  prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
  // What the machine itself does to one call in so many: a virtual one may lose its core for milliseconds.
  ReportLongest("longest hash", count, [&](size_t i) { Keep(keyspace.MakeKey(names[i])); });
  MeasureGrowth(names, count, kNoExpiry, concurrent, "longest insert");
  MeasureGrowth(names, count, kNowMs + 1'000'000, concurrent, "longest insert with an expiry");
  MeasureInserts(keyspace, names, count, kNowMs + 1'000'000, "insert with an expiry");
  keyspace.Flush(0, corral::storage::Reclaim::kNow);
  MeasureInserts(keyspace, names, count, kNoExpiry, "insert");

  Database database = keyspace.database(0, kNowMs);
  const auto get = [&](const Key& key) {
    const Record* record = database.Find(key);
    if (record == nullptr) std::abort();
    corral::storage::IntegerText scratch;
    Keep(record->String(scratch)[0]);
  };
  const auto get_absent = [&](const Key& key) { Keep(database.Find(key)); };
  const auto put = [&](const Key& key) { database.PutString(key, kValue); };
  Report("hash only", keyspace, other_order, count, false, [](const Key& key) { Keep(key.hash); });
  Report("get, hit", keyspace, other_order, count, false, get);
  Report("get, hit, prefetched by 64", keyspace, other_order, count, true, get);
  Report("get, miss", keyspace, absent, count, false, get_absent);
  Report("get, miss, prefetched by 64", keyspace, absent, count, true, get_absent);
  Report("overwrite", keyspace, other_order, count, false, put);
  Report("overwrite, prefetched by 64", keyspace, other_order, count, true, put);
  const auto erase = [&](const Key& key) { database.Erase(key); };
  std::printf("%-40s %7.1f ns\n", "erase, prefetched by 64",
              Measure(keyspace, other_order, count, true, erase));
  return 0;
}
