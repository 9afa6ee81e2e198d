// Read a group, prefetch it, run it; again until nothing complete is left.
#include "server/dispatch/batch.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "server/client/authentication.h"
#include "server/client/registry.h"
#include "server/config/settings.h"
#include "storage/base/capacity.h"

namespace corral::dispatch {
namespace {

// The rest of a client's input stays with it.
void Keep(client::Client& client, storage::LazyFree& lazy_free) {
  if (client.input.empty() && client.pending_input.capacity() >= storage::LazyFree::kSlowBytes) [[unlikely]] {
    lazy_free.Submit(std::make_unique<client::InputGarbage>(std::move(client.pending_input)));
  } else {
    client.pending_input.Assign(client.input);
  }
}

}  // namespace

Batch::Batch(command::Services& services, Executor& executor, Gate& gate, size_t worker,
             BatchObserver& observer)
    : services_(services),
      executor_(executor),
      gate_(gate),
      worker_(worker),
      observer_(observer),
      cache_(services.commands),
      ahead_(services.keyspace) {
  group_.resize(kGroup);
}

void Batch::Add(client::Client& client) {
  if (client.turn.ready) return;
  client.turn.ready = true;
  ready_.push_back({&client, client.output.mark()});
}

void Batch::BeginTurn() {
  if (waiting_.empty()) [[likely]]
    return;
  std::erase_if(waiting_, [&](client::Client* client) {
    if (client->turn.output_waits) return false;
    client->turn.requests_wait = false;
    client->input = client->pending_input.view();
    Add(*client);
    return true;
  });
  storage::GiveBack(waiting_);
}

bool Batch::Resume(client::Client& client) {
  if (!client.turn.requests_wait) return false;
  std::erase(waiting_, &client);
  client.turn.requests_wait = false;
  client.input = client.pending_input.view();
  Add(client);
  return true;
}

void Batch::Remove(client::Client& client) {
  if (client.turn.requests_wait) std::erase(waiting_, &client);
  client.turn.requests_wait = false;
  if (!client.turn.ready) return;
  client.turn.ready = false;
  for (Ready& ready : ready_) {
    if (ready.client == &client) ready.client = nullptr;
  }
}

void Batch::Run() {
  while (!ready_.empty()) {
    ReadGroup();
    ahead_.Run();
    RunGroup();
    // Those without another complete request leave; the rest keep their order, behind whoever waited for this
    // group.
    std::stable_partition(ready_.begin(), ready_.end(), [](const Ready& ready) { return ready.more; });
    while (!ready_.empty() && !ready_.back().more) {
      if (client::Client* client = ready_.back().client) Leave(*client);
      ready_.pop_back();
    }
  }
  storage::GiveBack(ready_);
}

void Batch::ReadGroup() {
  group_size_ = 0;
  ahead_.Clear();
  pool_.Clear();
  size_t read = 0;
  for (; read < ready_.size() && group_size_ < kGroup; ++read) {
    Ready& ready = ready_[read];
    ready.more = ready.client && ready.client->runnable() && ReadRequests(ready);
  }
  // The next group begins with those that had no turn in this one.
  if (read < ready_.size()) {
    std::rotate(ready_.begin(), ready_.begin() + static_cast<ptrdiff_t>(read), ready_.end());
  }
  // The pool may have moved while it grew: only now are the arguments where they stay.
  const std::string_view* next = pool_.views.data();
  for (size_t i = 0; i < group_size_; ++i) {
    Request& request = group_[i];
    request.arguments = {next, request.arguments.size()};
    next += request.arguments.size();
  }
}

bool Batch::ReadRequests(Ready& ready) {
  client::Client& client = *ready.client;
  if (ready.requests >= kTurnRequests || client.output.mark() - ready.output_mark >= kTurnOutputBytes) {
    client.turn.requests_wait = !client.input.empty();
    return false;
  }
  const bool in_transit = services_.clients.transit().full();
  if (in_transit && client.turn.sent_messages && services_.clients.transit().HoldsBack()) [[unlikely]] {
    client.turn.held_back = true;
    observer_.HeldByTransit(client);
    return false;
  }
  client.turn.sent_messages = false;
  const bool unauthenticated = client::MustAuthenticate(client, services_.settings);
  protocol::ReaderLimits limits{.max_bulk_bytes = services_.settings.proto_max_bulk_len_bytes,
                                .unauthenticated = unauthenticated};
  // What a client may send before AUTH is limited, and AUTH may be the first of these requests. Nor is it
  // known of a request which messages it will send.
  size_t most = unauthenticated || in_transit ? 1 : kPerConnection;
  std::string_view input = client.input;
  for (size_t i = 0; i < most && group_size_ < kGroup; ++i) {
    if (input.empty()) return false;
    protocol::RequestReader::Result result = client.reader.Next(input, limits, pool_);
    if (result.status == protocol::ReadStatus::kIncomplete) {
      // Empty requests before the incomplete one go with the request before them, which has yet to run.
      if (i > 0) {
        group_[group_size_ - 1].input_bytes += result.consumed;
      } else {
        client.input.remove_prefix(result.consumed);
      }
      return false;
    }
    Request& request = group_[group_size_++];
    ++ready.requests;
    request.client = &client;
    request.command = nullptr;
    request.has_key = false;
    request.protocol_error.clear();
    if (result.status == protocol::ReadStatus::kError) {
      request.protocol_error = std::move(result.error);
      request.arguments = {};
      request.input_bytes = input.size();
      return false;
    }
    request.input_bytes = result.consumed;
    request.arguments = {pool_.views.data() + pool_.views.size() - result.argument_count,
                         result.argument_count};
    Prepare(request);
    input.remove_prefix(result.consumed);
  }
  return true;
}

void Batch::Prepare(Request& request) {
  const command::Command* command = cache_.Find(request.arguments[0]);
  if (command && !command->subcommands.empty() && request.arguments.size() > 1) {
    if (const command::Command* subcommand = command->Subcommand(request.arguments[1])) command = subcommand;
  }
  request.command = command;
  if (!command || command->first_key <= 0) return;
  size_t first = static_cast<size_t>(command->first_key), count = request.arguments.size();
  if (first >= count) return;
  int database = request.client->session.database;
  storage::Key key = services_.keyspace.MakeKey(request.arguments[first]);
  ahead_.Add(database, key.hash);
  if (first == 1) {
    request.first_key = key;
    request.has_key = true;
  }
  if (command->last_key == command->first_key) return;
  size_t last = command->last_key < 0 ? count + static_cast<size_t>(command->last_key + 1)
                                      : static_cast<size_t>(command->last_key) + 1;
  size_t step = static_cast<size_t>(std::max(1, command->key_step));
  for (size_t i = first + step; i < std::min(last, count) && !ahead_.full(); i += step) {
    ahead_.Add(database, services_.keyspace.MakeKey(request.arguments[i]).hash);
  }
}

// Another worker may have had the shard meanwhile: its line is fetched while commands before this one run.
void Batch::PrefetchLock(size_t at) const {
  if (!services_.keyspace.concurrent() || at >= group_size_ || !group_[at].has_key) return;
  services_.keyspace.PrefetchLock(group_[at].first_key.hash);
}

void Batch::RunGroup() {
  executor_.clock().Lap();  // reading the group is nobody's command time
  for (size_t i = 0; i < group_size_; ++i) {
    Request& request = group_[i];
    client::Client& client = *request.client;
    PrefetchLock(i + kLocksAhead);
    if (!client.runnable()) continue;
    if (gate_.WriterWaits()) {
      gate_.Leave(worker_);
      gate_.Enter(worker_);
      executor_.clock().Refresh();  // the stop is nobody's command time, and may have been long
      if (!client.runnable()) continue;
    }
    if (executor_.Run(request) == Completion::kPostponed) {
      client.turn.paused = true;
      observer_.HeldByPause(client);
      continue;
    }
    client.input.remove_prefix(request.input_bytes);
    services_.lazy_free.Discard(client.reader.DropDetached());
    observer_.AfterCommand(client);
  }
}

void Batch::Leave(client::Client& client) {
  client.turn.ready = false;
  Settle(client);
  // Whatever it does in the meantime instead of running, ends with its input being added again.
  client.turn.requests_wait = client.turn.requests_wait && client.runnable();
  if (client.turn.requests_wait) waiting_.push_back(&client);
}

// The rest of the input waits with its client: the beginning of a request, or requests behind one that
// blocks.
void Batch::Settle(client::Client& client) {
  if (client.close_now() || client.close_after_reply()) client.input = {};
  // Requests that were read but not run are read again later.
  if (!client.runnable()) {
    client.reader.Restart();
  } else {
    client.input = client.input.substr(0, client.reader.Detach(client.input, kDetachedBytes));
  }
  if (client.input.data() != client.pending_input.view().data() ||
      client.input.size() != client.pending_input.size()) {
    Keep(client, services_.lazy_free);
  }
  client.input = {};
}

}  // namespace corral::dispatch
