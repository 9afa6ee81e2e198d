// MEMORY: what a key costs, and what the process uses.
#include <fmt/format.h>
#ifndef CORRAL_SANITIZED
#include <jemalloc/jemalloc.h>
#endif

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/client/registry.h"
#include "server/command/context.h"
#include "server/commands/families.h"
#include "server/commands/lookup.h"
#include "server/telemetry/memory_figures.h"
#include "storage/memory_meter.h"

namespace corral::commands {
namespace {

using command::CommandSpec;
using command::Context;
using telemetry::MemoryFigures;

constexpr int64_t kMegabyte = 1024 * 1024;

// MEMORY DOCTOR
void Doctor(Context& ctx) {
  const MemoryFigures figures =
      ReadMemoryFigures(ctx.services.telemetry, ctx.services.clients, ctx.services.keyspace);
  if (figures.used < 5 * kMegabyte) {
    return ctx.reply.Verbatim(
        "txt", "This instance holds less than 5 MB: that is too little to tell anything from its figures.\n");
  }
  std::string findings;
  if (figures.peak > figures.used + figures.used / 2) {
    findings += fmt::format(
        " * The peak was {:.1f} times what is used now. The allocator may keep pages of that time: a high ratio of resident to used memory is then no leak. MEMORY PURGE gives such pages back.\n",
        static_cast<double>(figures.peak) / static_cast<double>(figures.used));
  }
  const int64_t waste = figures.resident - figures.used;
  if (figures.fragmentation() > 1.4 && waste > 10 * kMegabyte) {
    findings += fmt::format(
        " * Resident memory is {:.2f} times used memory ({} MB more): values of many sizes that come and go leave holes. MEMORY PURGE helps with whole pages, a restart with all of it.\n",
        figures.fragmentation(), waste / kMegabyte);
  }
  const auto clients = static_cast<int64_t>(ctx.services.clients.size());
  if (clients > 0 && figures.clients / clients > 200 * 1024) {
    findings += fmt::format(
        " * Connections hold {} KB each on average: clients send big requests or read their replies slowly. See CLIENT LIST for qbuf and omem, and client-output-buffer-limit.\n",
        figures.clients / clients / 1024);
  }
  if (findings.empty()) return ctx.reply.Verbatim("txt", "No memory problem was found in this instance.\n");
  ctx.reply.Verbatim("txt", "What was found in this instance:\n\n" + findings);
}

// MEMORY HELP
void Help(Context& ctx) {
  static constexpr std::string_view kLines[] = {
      "DOCTOR",
      "    Report memory problems.",
      "MALLOC-STATS",
      "    Answer the allocator's own statistics.",
      "PURGE",
      "    Give unused pages back to the system.",
      "STATS",
      "    Answer what the process uses of memory.",
      "USAGE <key> [SAMPLES <count>]",
      "    Answer the bytes that <key> and its value take. Elements of a value are sampled",
      "    up to <count> times (default: 5, 0 means all).",
  };
  ctx.ReplyHelp(kLines);
}

// MEMORY MALLOC-STATS
void MallocStats(Context& ctx) {
  std::string text;
#ifdef CORRAL_SANITIZED
  text = "Stats not supported for the current allocator";
#else
  auto append = [](void* out, const char* part) { static_cast<std::string*>(out)->append(part); };
  malloc_stats_print(append, &text, nullptr);
#endif
  ctx.reply.Verbatim("txt", text);
}

// MEMORY PURGE
void Purge(Context& ctx) {
  storage::PurgeAllocator();
  ctx.reply.Ok();
}

// The fields of MEMORY STATS, one behind the other.
class Fields {
 public:
  explicit Fields(protocol::ReplyWriter& reply) : reply_(reply) {}

  void Integer(std::string_view name, int64_t value) {
    reply_.Bulk(name);
    reply_.Integer(value);
  }
  void Bytes(std::string_view name, uint64_t bytes) { Integer(name, static_cast<int64_t>(bytes)); }
  void Real(std::string_view name, double value) {
    reply_.Bulk(name);
    reply_.Double(value);
  }

 private:
  protocol::ReplyWriter& reply_;
};

void AppendDatabase(Context& ctx, int index) {
  const storage::Keyspace::TableSizes sizes = ctx.services.keyspace.SizesOf(index);
  ctx.reply.Bulk(fmt::format("db.{}", index));
  ctx.reply.Map(3);
  Fields fields(ctx.reply);
  fields.Bytes("overhead.hashtable.main", sizes.index_bytes);
  fields.Bytes("overhead.hashtable.expires", sizes.wheel_bytes);
  fields.Integer("overhead.hashtable.slot-to-keys", 0);
}

void AppendAllocator(const MemoryFigures& figures, Fields& fields) {
  auto ratio = [](uint64_t part, uint64_t whole) {
    return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0;
  };
  const storage::AllocatorStats& allocator = figures.allocator;
  const auto resident = static_cast<uint64_t>(figures.resident);
  fields.Bytes("allocator.allocated", allocator.allocated);
  fields.Bytes("allocator.active", allocator.active);
  fields.Bytes("allocator.resident", allocator.resident);
  fields.Real("allocator-fragmentation.ratio", ratio(allocator.active, allocator.allocated));
  fields.Bytes("allocator-fragmentation.bytes", allocator.active - allocator.allocated);
  fields.Real("allocator-rss.ratio", ratio(allocator.resident, allocator.active));
  fields.Bytes("allocator-rss.bytes", allocator.resident - allocator.active);
  fields.Real("rss-overhead.ratio", ratio(resident, allocator.resident));
  fields.Bytes("rss-overhead.bytes", resident - allocator.resident);
}

// MEMORY STATS
void Stats(Context& ctx) {
  const MemoryFigures f =
      ReadMemoryFigures(ctx.services.telemetry, ctx.services.clients, ctx.services.keyspace);
  int64_t keys = 0;
  std::vector<int> databases;
  for (int i = 0; i < ctx.services.keyspace.databases(); ++i) {
    const auto size = static_cast<int64_t>(ctx.Database(i).size());
    if (size != 0) databases.push_back(i);
    keys += size;
  }
  Fields fields(ctx.reply);
  ctx.reply.Map(27 + databases.size());
  fields.Integer("peak.allocated", f.peak);
  fields.Integer("total.allocated", f.used);
  fields.Integer("startup.allocated", f.startup);
  fields.Integer("replication.backlog", 0);
  fields.Integer("clients.slaves", 0);
  fields.Integer("clients.normal", f.clients);
  // Parts that are not there take nothing.
  for (std::string_view name : {"cluster.links", "aof.buffer", "lua.caches", "functions.caches"}) {
    fields.Integer(name, 0);
  }
  for (const int i : databases) AppendDatabase(ctx, i);
  fields.Integer("overhead.total", f.overhead());
  fields.Integer("keys.count", keys);
  fields.Integer("keys.bytes-per-key", keys > 0 ? std::max<int64_t>(0, f.used - f.startup) / keys : 0);
  fields.Integer("dataset.bytes", f.dataset());
  fields.Real("dataset.percentage", f.dataset_percent());
  fields.Real("peak.percentage", f.peak_percent());
  AppendAllocator(f, fields);
  fields.Real("fragmentation", f.fragmentation());
  fields.Integer("fragmentation.bytes", f.resident - f.used);
}

// MEMORY USAGE key [SAMPLES count]
void Usage(Context& ctx) {
  for (size_t i = 3; i < ctx.size(); i += 2) {
    if (!ctx.Is(i, "SAMPLES") || i + 1 >= ctx.size()) return ctx.ReplySyntaxError();
    int64_t samples = 0;
    if (!ctx.ReadInteger(i + 1, &samples)) return;
    if (samples < 0) return ctx.ReplySyntaxError();
  }
  const storage::Record* record = ctx.db.Find(ctx.Key(2), false);
  if (record == nullptr) return ctx.reply.Null();
  ctx.reply.Integer(static_cast<int64_t>(record->allocated_bytes()));
}

constexpr command::KeySpec kUsageKey[] = {{.flags = command::kKeyRo, .begin_index = 2}};
constexpr std::string_view kReportTips[] = {"nondeterministic_output", "request_policy:all_shards",
                                            "response_policy:special"};
constexpr std::string_view kPurgeTips[] = {"request_policy:all_shards", "response_policy:all_succeeded"};
constexpr std::string_view kPerMemory = "Depends on how much memory is allocated, could be slow";

constexpr CommandSpec Row(std::string_view name, uint32_t flags, command::Handler handler,
                          std::string_view complexity, std::string_view summary,
                          std::span<const std::string_view> tips) {
  return {.name = name,
          .arity = 2,
          .flags = flags,
          .handler = handler,
          .group = "server",
          .since = "4.0.0",
          .complexity = complexity,
          .summary = summary,
          .syntax = "",
          .tips = tips};
}

constexpr CommandSpec kSubcommands[] = {
    Row("doctor", command::kExclusive, Doctor, "O(1)", "Reports memory problems.", kReportTips),
    Row("help", command::kLoading | command::kStale, Help, "O(1)", "Describes the subcommands.", {}),
    Row("malloc-stats", 0, MallocStats, kPerMemory, "Answers the allocator's own statistics.", kReportTips),
    Row("purge", 0, Purge, kPerMemory, "Gives unused pages back to the system.", kPurgeTips),
    Row("stats", command::kExclusive, Stats, "O(1)", "Answers what the process uses of memory.", kReportTips),
    {.name = "usage",
     .arity = -3,
     .flags = command::kReadonly,
     .keys = kUsageKey,
     .handler = Usage,
     .group = "server",
     .since = "4.0.0",
     .complexity = "O(N) where N is the number of samples.",
     .summary = "Answers the bytes that a key and its value take.",
     .syntax = "key [SAMPLES count]"},
};

constexpr CommandSpec kRows[] = {{.name = "memory",
                                  .arity = -2,
                                  .group = "server",
                                  .since = "4.0.0",
                                  .complexity = "Depends on subcommand.",
                                  .summary = "A container for commands about memory.",
                                  .syntax = "",
                                  .subcommands = kSubcommands}};

}  // namespace

std::span<const CommandSpec> MemoryCommands() { return kRows; }

}  // namespace corral::commands
