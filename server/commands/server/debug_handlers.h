// The DEBUG subcommands, by what they are about; debug.cc lists them.
#pragma once

namespace corral::command {
class Context;
}

namespace corral::commands {

// Keys and values (debug_keyspace.cc).
void DebugDigest(command::Context& ctx);
void DebugDigestValue(command::Context& ctx);
void DebugHtstats(command::Context& ctx);
void DebugHtstatsKey(command::Context& ctx);
void DebugListpack(command::Context& ctx);
void DebugObject(command::Context& ctx);
void DebugPackedThreshold(command::Context& ctx);
void DebugPopulate(command::Context& ctx);
void DebugSetActiveExpire(command::Context& ctx);
void DebugSkipChecksum(command::Context& ctx);

// Replies (debug_protocol.cc).
void DebugError(command::Context& ctx);
void DebugProtocol(command::Context& ctx);
void DebugReplyBuffer(command::Context& ctx);

// The process (debug_process.cc).
void DebugAssert(command::Context& ctx);
void DebugChangeReplId(command::Context& ctx);
void DebugLog(command::Context& ctx);
void DebugMallctl(command::Context& ctx);
void DebugMallctlString(command::Context& ctx);
void DebugOom(command::Context& ctx);
void DebugPanic(command::Context& ctx);
void DebugPauseCron(command::Context& ctx);
void DebugRewriteConfig(command::Context& ctx);
void DebugSegfault(command::Context& ctx);
void DebugSleep(command::Context& ctx);
void DebugStringMatch(command::Context& ctx);
void DebugStringMatchTest(command::Context& ctx);
void DebugStructSize(command::Context& ctx);

}  // namespace corral::commands
