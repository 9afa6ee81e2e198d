// The DEBUG subcommands, by what they are about; debug.cc lists them.
#pragma once

namespace corral::command {
class Context;
}

namespace corral::commands {

// Keys and values (debug_keyspace.cc).
void DebugDigest(command::Context& context);
void DebugDigestValue(command::Context& context);
void DebugHtstats(command::Context& context);
void DebugHtstatsKey(command::Context& context);
void DebugListpack(command::Context& context);
void DebugObject(command::Context& context);
void DebugPopulate(command::Context& context);
void DebugSetActiveExpire(command::Context& context);

// Replies (debug_protocol.cc).
void DebugError(command::Context& context);
void DebugProtocol(command::Context& context);
void DebugReplyBuffer(command::Context& context);

// The process (debug_process.cc).
void DebugAssert(command::Context& context);
void DebugChangeReplId(command::Context& context);
void DebugLog(command::Context& context);
void DebugMallctl(command::Context& context);
void DebugMallctlString(command::Context& context);
void DebugOom(command::Context& context);
void DebugPanic(command::Context& context);
void DebugPauseCron(command::Context& context);
void DebugRewriteConfig(command::Context& context);
void DebugSegfault(command::Context& context);
void DebugSleep(command::Context& context);
void DebugStringMatch(command::Context& context);
void DebugStringMatchTest(command::Context& context);
void DebugStructSize(command::Context& context);

}  // namespace corral::commands
