// Between MULTI and EXEC: commands are queued, and run as one.
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/command/pending_effects.h"
#include "server/dispatch/executor.h"
#include "server/transaction/watches.h"

namespace corral::dispatch {

using client::CommandQueue;

bool Executor::RunInMulti(const Request& request) {
  const command::Command& command = *request.command;
  if (command.Is(command::kRunsQueue)) {
    Exec(request);
  } else if (command.Is(command::kNoMulti)) {
    Refuse(request, "ERR Command not allowed inside a transaction");
  } else if (command.Is(command::kRunsInMulti)) {
    return false;
  } else {
    Queue(request);
  }
  return true;
}

void Executor::Queue(const Request& request) {
  client::Client& client = *request.client;
  const uint64_t mark = client.output.mark();
  // What will not run is not kept.
  const bool touched = client.watching && client.watching->touched.load(std::memory_order_relaxed);
  if (!touched && !client.transaction->aborted) {
    client.transaction->queue.Add(*request.command, request.arguments);
  }
  client.reply.Simple("QUEUED");
  SettleReplyMode(client, mark);
}

void Executor::RefuseInMulti(const Request& request, std::string_view text) {
  client::Client& client = *request.client;
  if (client.transaction) client.transaction->aborted = true;
  if (request.command == nullptr || !request.command->Is(command::kRunsQueue))
    return client.reply.Error(text);
  constexpr std::string_view kCode = "ERR ";
  if (text.starts_with(kCode)) text.remove_prefix(kCode.size());
  client.transaction.reset();
  services_.watches.Forget(client);
  client.reply.Error("EXECABORT Transaction discarded because of: " + std::string(text));
}

// All keys that the commands name, and those that are watched. A command that looks at keys without naming
// them locks shards for itself, which must be nobody's then: it gets the world.
void Executor::AddQueueLocks(std::span<const CommandQueue::Queued> queue, const client::Client& client) {
  if (!concurrent_) return;
  constexpr uint32_t kWithoutKeys = command::kCatConnection | command::kCatPubsub | command::kCatTransaction;
  for (const auto& [command, arguments] : queue) {
    if (command->spec->keys.empty() && (command->categories & kWithoutKeys) == 0) locks_.AddWorld();
    locks_.Add(*command, arguments);
  }
  services_.watches.ForEachKey(client, [&](const storage::Key& key) { locks_.AddKey(key); });
}

void Executor::Exec(const Request& request) {
  client::Client& client = *request.client;
  running_ = &client;
  uint64_t mark = client.output.mark();
  const bool replies = client.session.reply_mode == client::ReplyMode::kOn;
  std::vector<std::string_view> arguments;
  const std::vector<CommandQueue::Queued> queue = client.transaction->queue.Commands(&arguments);
  AddQueueLocks(queue, client);
  const bool world = locks_.world();
  locks_.Lock();
  if (world) clock_.Refresh();
  invoker_.Run(request);
  if (client.transaction) {  // it was not discarded
    RunQueue(queue, client);
    // What CLIENT REPLY has said among them is for what follows.
    if (replies) mark = client.output.mark();
  }
  locks_.Unlock();
  client.transaction.reset();
  invoker_.Account(request);
  Settle(request, mark);
}

void Executor::RunQueue(std::span<const CommandQueue::Queued> queue, client::Client& client) {
  // At one time, and one group in the log of effects.
  const int64_t unix_ms = clock_.unix_ms();
  const bool replied = client.session.reply_mode == client::ReplyMode::kOn;
  command::EffectLog* log = services_.effect_log;
  if (log != nullptr) command::PendingEffects::OfThread().Begin();
  for (const auto& [command, arguments] : queue) {
    const uint64_t mark = client.output.mark();
    Request request;
    request.client = &client;
    request.command = command;
    request.arguments = arguments;
    invoker_.Run(request, unix_ms, false);
    invoker_.Account(request);
    if (replied && client.session.reply_mode == client::ReplyMode::kOff) client.output.TruncateTo(mark);
    wrote_ |= command->Is(command::kWrite);
  }
  if (log != nullptr) command::PendingEffects::OfThread().End(*log);
  client.reply.ResetErrors();  // they count as the commands' own
}

}  // namespace corral::dispatch
