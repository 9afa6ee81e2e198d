// DEBUG subcommands about the process: allocator, log, clocks, crashes.
#include <fmt/format.h>
#ifndef CORRAL_SANITIZED
#include <jemalloc/jemalloc.h>
#endif

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>

#include "server/client/client.h"
#include "server/command/context.h"
#include "server/command/debug_switches.h"
#include "server/commands/server/debug_handlers.h"
#include "server/config/config.h"
#include "server/log/log.h"
#include "server/telemetry/telemetry.h"
#include "storage/base/glob.h"
#include "storage/base/out_of_memory.h"
#include "storage/base/random.h"

namespace corral::commands {
namespace {

using command::Context;

[[noreturn]] void Crash(std::string_view what) {
  log::Warning("=== DEBUG: {} was asked for; the process ends here. ===", what);
  std::abort();
}

int CallAllocator(const char* name, void* old_value, size_t* old_size, void* new_value, size_t new_size) {
#ifdef CORRAL_SANITIZED
  (void)name, (void)old_value, (void)old_size, (void)new_value, (void)new_size;
  return ENOSYS;
#else
  return mallctl(name, old_value, old_size, new_value, new_size);
#endif
}

void ReplyFailure(Context& ctx, int error) { ctx.reply.Error(fmt::format("ERR {}", std::strerror(error))); }

// The allocator's variables are of one, four or eight bytes: the size that it takes is the right one.
template <typename Number>
int Exchange(const char* name, const int64_t* next, int64_t* present) {
  Number value = 0;
  size_t size = sizeof(value);
  const int error = CallAllocator(name, &value, &size, nullptr, 0);
  if (error != 0 || size != sizeof(value)) return error != 0 ? error : EINVAL;
  *present = static_cast<int64_t>(value);
  if (next == nullptr) return 0;
  auto wanted = static_cast<Number>(*next);
  return CallAllocator(name, nullptr, nullptr, &wanted, sizeof(wanted));
}

}  // namespace

// DEBUG ASSERT
void DebugAssert(Context&) { Crash("a failed assertion"); }

// DEBUG CHANGE-REPL-ID
void DebugChangeReplId(Context& ctx) {
  ctx.services.telemetry.facts.replication_id = telemetry::NewRunId();
  ctx.reply.Ok();
}

// DEBUG LOG message
void DebugLog(Context& ctx) {
  log::Warning("DEBUG LOG: {}", ctx[2]);
  ctx.reply.Ok();
}

// DEBUG MALLCTL key [value]
void DebugMallctl(Context& ctx) {
  int64_t next = 0, present = 0;
  const bool writes = ctx.size() == 4;
  if (writes && !ctx.ReadInteger(3, &next)) return;
  const std::string name(ctx[2]);
  const int64_t* wanted = writes ? &next : nullptr;
  int error = Exchange<int64_t>(name.c_str(), wanted, &present);
  if (error == EINVAL) error = Exchange<uint32_t>(name.c_str(), wanted, &present);
  if (error == EINVAL) error = Exchange<uint8_t>(name.c_str(), wanted, &present);
  if (error != 0) return ReplyFailure(ctx, error);
  ctx.reply.Integer(present);
}

// DEBUG MALLCTL-STR key [value]
void DebugMallctlString(Context& ctx) {
  const std::string name(ctx[2]);
  const char* present = nullptr;
  size_t size = sizeof(present);
  int error = CallAllocator(name.c_str(), &present, &size, nullptr, 0);
  if (error != 0) return ReplyFailure(ctx, error);
  const std::string answer = size == sizeof(present) && present != nullptr ? present : "";
  if (ctx.size() == 4) {
    const std::string next(ctx[3]);
    const char* wanted = next.c_str();
    error = CallAllocator(name.c_str(), nullptr, nullptr, &wanted, sizeof(wanted));
    if (error != 0) return ReplyFailure(ctx, error);
  }
  ctx.reply.Bulk(answer);
}

// DEBUG OOM
void DebugOom(Context&) { storage::OutOfMemory(SIZE_MAX); }

// DEBUG PANIC
void DebugPanic(Context&) { Crash("a panic"); }

// DEBUG PAUSE-CRON 0|1
void DebugPauseCron(Context& ctx) {
  ctx.services.debug.cron_paused.store(ctx[2] != "0", std::memory_order_relaxed);
  ctx.reply.Ok();
}

// DEBUG CONFIG-REWRITE-FORCE-ALL
void DebugRewriteConfig(Context& ctx) {
  const config::Result written = ctx.services.config.Rewrite(true);
  if (!written.ok()) return ctx.reply.Error(written.error());
  ctx.reply.Ok();
}

// DEBUG SEGFAULT
void DebugSegfault(Context&) {
  log::Warning("=== DEBUG: a segmentation fault was asked for. ===");
  std::raise(SIGSEGV);
}

// DEBUG SLEEP seconds
void DebugSleep(Context& ctx) {
  const double seconds = std::strtod(std::string(ctx[2]).c_str(), nullptr);
  // A longer sleep than a day, or none that is a number, is a mistake.
  if (seconds > 0) std::this_thread::sleep_for(std::chrono::duration<double>(std::min(seconds, 86400.0)));
  ctx.reply.Ok();
}

// DEBUG STRINGMATCH-LEN pattern string
void DebugStringMatch(Context& ctx) { ctx.reply.Integer(storage::GlobMatch(ctx[2], ctx[3]) ? 1 : 0); }

// DEBUG STRINGMATCH-TEST
void DebugStringMatchTest(Context& ctx) {
  constexpr std::string_view kAlphabet = "ab*?[]^-\\";
  storage::Random random(storage::SystemSeed());
  std::string pattern, text;
  for (int i = 0; i < 100'000; ++i) {
    pattern.clear();
    text.clear();
    for (uint64_t n = random.Below(16); n > 0; n--) pattern += kAlphabet[random.Below(kAlphabet.size())];
    for (uint64_t n = random.Below(16); n > 0; n--) text += kAlphabet[random.Below(kAlphabet.size())];
    storage::GlobMatch(pattern, text, random.Below(2) == 0);
  }
  ctx.reply.Simple("Apparently Redis did not crash: test passed");
}

// DEBUG STRUCTSIZE
void DebugStructSize(Context& ctx) {
  ctx.reply.Bulk(fmt::format("bits:{} client:{} database:{} key:{} sharedbytes:{} ", 8 * sizeof(void*),
                             sizeof(client::Client), sizeof(storage::Database), sizeof(storage::Key),
                             sizeof(storage::SharedBytes)));
}

}  // namespace corral::commands
