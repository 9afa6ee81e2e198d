// Runs one command under locks that are held already, and counts what it did.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "server/client/client.h"
#include "server/command/context.h"
#include "server/command/table.h"
#include "server/dispatch/command_clock.h"
#include "server/dispatch/request.h"
#include "server/telemetry/telemetry.h"

namespace corral::dispatch {

// Feeds a line to every connection in MONITOR; implemented by the group of workers.
class MonitorFeed {
 public:
  virtual void Feed(const std::string& line) = 0;

 protected:
  ~MonitorFeed() = default;
};

// One per worker, on its thread, inside the gate. It keeps nothing of a command beyond a call, so a command
// that consists of others (EXEC, a script) and whoever serves a waiter call it from within.
class Invoker {
 public:
  Invoker(command::Services& services, telemetry::WorkerStats& stats, CommandClock& clock,
          MonitorFeed& monitors)
      : services_(services), stats_(stats), clock_(clock), monitors_(monitors) {}

  // The handler, what the log of effects gets of a write, and what tracking keeps of a read. The caller holds
  // the locks that LockSet::Add finds for the request.
  void Run(const Request& request) { Run(request, clock_.unix_ms(), true); }
  // The same at a time of the caller's (Unix time), for commands that run as one. Without `may_wait` it
  // answers at once.
  void Run(const Request& request, int64_t unix_ms, bool may_wait);
  // Behind Run, and better without its locks: tells monitors, and counts the call, its errors and the time
  // since the last command ended. Of a command that ran others only the time that they left.
  void Account(const Request& request);

 private:
  void RunPropagating(command::Context& context);
  void RememberReads(const Request& request);
  void FeedMonitors(const Request& request);
  void NoteSlow(const Request& request, int64_t micros, bool slow_log, bool latency_monitor);

  command::Services& services_;
  telemetry::WorkerStats& stats_;
  CommandClock& clock_;
  MonitorFeed& monitors_;
  std::vector<command::KeyPosition> positions_;  // scratch
};

// Here, so that it becomes part of its caller: every command takes this way.
inline void Invoker::Run(const Request& request, int64_t unix_ms, bool may_wait) {
  client::Client& client = *request.client;
  client.reply.ResetErrors();
  command::Context context(
      services_, client, stats_, *request.command, request.arguments, client.reply,
      services_.keyspace.database(client.session.database, unix_ms, !client.session.no_touch));
  context.may_wait = may_wait;
  if (request.has_key) context.set_first_key(request.first_key);
  if (!context.propagates()) [[likely]] {
    request.command->spec->handler(context);
  } else {
    RunPropagating(context);
  }
  if (client.tracking && client.tracking->on) [[unlikely]]
    RememberReads(request);
}

}  // namespace corral::dispatch
