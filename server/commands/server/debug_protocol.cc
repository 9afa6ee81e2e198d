// DEBUG subcommands that answer test replies.
#include <string_view>

#include "server/command/context.h"
#include "server/command/debug_switches.h"
#include "server/commands/server/debug_handlers.h"

namespace corral::commands {
namespace {

using protocol::ReplyWriter;

struct Sample {
  std::string_view type;  // upper case, as arguments are compared
  void (*reply)(ReplyWriter&);
};

void ReplyArray(ReplyWriter& reply) {
  reply.Array(3);
  for (int i = 0; i < 3; ++i) reply.Integer(i);
}

void ReplySet(ReplyWriter& reply) {
  reply.Set(3);
  for (int i = 0; i < 3; ++i) reply.Integer(i);
}

void ReplyMap(ReplyWriter& reply) {
  reply.Map(3);
  for (int i = 0; i < 3; ++i) {
    reply.Integer(i);
    reply.Boolean(i == 1);
  }
}

void ReplyAttribute(ReplyWriter& reply) {
  if (reply.version() == protocol::Version::kResp3) {
    reply.Attribute(1);
    reply.Bulk("key-popularity");
    reply.Array(2);
    reply.Bulk("key:123");
    reply.Integer(90);
  }
  reply.Bulk("Some real reply following the attribute");
}

void ReplyPush(ReplyWriter& reply) {
  if (reply.version() != protocol::Version::kResp3) {
    return reply.Error("ERR RESP2 is not supported by this command");
  }
  reply.Push(2);
  reply.Bulk("server-cpu-usage");
  reply.Integer(42);
  reply.Bulk("Some real reply following the push reply");
}

constexpr Sample kSamples[] = {
    {"STRING", [](ReplyWriter& reply) { reply.Bulk("Hello World"); }},
    {"INTEGER", [](ReplyWriter& reply) { reply.Integer(12345); }},
    {"DOUBLE", [](ReplyWriter& reply) { reply.Double(3.141); }},
    {"NULL", [](ReplyWriter& reply) { reply.Null(); }},
    {"ARRAY", ReplyArray},
    {"SET", ReplySet},
    {"MAP", ReplyMap},
    {"ATTRIB", ReplyAttribute},
    {"PUSH", ReplyPush},
    {"VERBATIM", [](ReplyWriter& reply) { reply.Verbatim("txt", "This is a verbatim\nstring"); }},
    {"TRUE", [](ReplyWriter& reply) { reply.Boolean(true); }},
    {"FALSE", [](ReplyWriter& reply) { reply.Boolean(false); }},
    {"BIGNUM", [](ReplyWriter& reply) { reply.BigNumber("1234567999999999999999999999999999999"); }},
};

}  // namespace

// DEBUG ERROR message
void DebugError(command::Context& ctx) { ctx.reply.Error(ctx[2]); }

// DEBUG PROTOCOL type
void DebugProtocol(command::Context& ctx) {
  for (const Sample& sample : kSamples) {
    if (ctx.Is(2, sample.type)) return sample.reply(ctx.reply);
  }
  ctx.reply.Error(
      "ERR Wrong protocol type name. Please use one of the following: string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false");
}

// DEBUG REPLYBUFFER PEAK-RESET-TIME NEVER|RESET|milliseconds
// DEBUG REPLYBUFFER RESIZING 0|1
void DebugReplyBuffer(command::Context& ctx) {
  command::DebugSwitches& debug = ctx.services.debug;
  if (ctx.Is(2, "RESIZING")) {
    debug.reply_resizing.store(ctx[3] != "0", std::memory_order_relaxed);
    return ctx.reply.Ok();
  }
  if (!ctx.Is(2, "PEAK-RESET-TIME")) return ctx.ReplySubcommandSyntax();
  int64_t reset_ms = -1;
  if (ctx.Is(3, "RESET")) {
    reset_ms = command::kReplyPeakResetMs;
  } else if (!ctx.Is(3, "NEVER") && !ctx.ReadInteger(3, &reset_ms)) {
    return;
  }
  debug.reply_peak_reset_ms.store(reset_ms, std::memory_order_relaxed);
  ctx.reply.Ok();
}

}  // namespace corral::commands
