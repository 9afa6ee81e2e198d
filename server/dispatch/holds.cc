#include "server/dispatch/holds.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace corral::dispatch {

using client::Client;

// Runs what arrived while the client could not go on, and flushes what it is owed.
void Holds::Resume(Client& client) {
  outbox_.Queue(client);
  inbox_.Resume(client);
}

// --- waits

void Holds::BeginWait(Client& client) {
  if (!client.input.empty() && client.wait()->EndsOnInput()) {
    client.wait()->ReplyTimeout(client.reply);
    client.Unblock();
  } else {
    deadlines_.Add(client);
  }
}

void Holds::WaitAnswered(Client& client) {
  deadlines_.Forget(client);
  client.Unblock();
  Resume(client);
}

void Holds::EndWait(Client& client, client::WaitEnd end) {
  deadlines_.Forget(client);
  if (end == client::WaitEnd::kTimeout) client.wait()->ReplyTimeout(client.reply);
  if (end == client::WaitEnd::kError) client.reply.Error("UNBLOCKED client unblocked via CLIENT UNBLOCK");
  client.Unblock();
  if (end != client::WaitEnd::kNone) Resume(client);
}

// --- CLIENT PAUSE

bool Holds::ResumePaused() {
  for (int left = kTurnResumed; left > 0; --left) {
    const std::optional<uint64_t> id = pauses_.Next(worker_);
    if (!id) return true;
    if (Client* client = owner_.Find(*id)) {
      client->turn.paused = false;
      Resume(*client);
      inbox_.Run();
    }
  }
  return false;
}

// --- messages in transit

void Holds::HoldForTransit(Client& client) {
  client.stream().StopReading();
  in_transit_.push_back(client.id);
}

bool Holds::LetGo(Client& client) {
  if (!client.turn.held_back || client.close_now()) return false;
  client.turn.held_back = client.turn.sent_messages = false;
  Resume(client);
  return true;
}

void Holds::LetAllGo() {
  if (in_transit_.empty()) [[likely]]
    return;
  if (clients_.transit().HoldsBack()) return;
  for (uint64_t id : std::exchange(in_transit_, {})) {
    if (Client* client = owner_.Find(id); client != nullptr && LetGo(*client))
      client->stream().StartReading();
  }
}

// --- time

void Holds::RunDue(int64_t now_ms) {
  for (int left = kTurnDeadlines; left > 0; --left) {
    const std::optional<uint64_t> due = deadlines_.TakeDue(now_ms);
    if (!due) break;
    Client* client = owner_.Find(*due);
    if (client != nullptr && client->blocked()) EndWait(*client, client::WaitEnd::kTimeout);
  }
}

bool Holds::EndPause() {
  if (pauses_.empty() || clients_.pause_mode() != client::PauseMode::kNone) [[likely]]
    return false;
  pauses_.Open();
  return true;
}

int64_t Holds::next_due_ms() const {
  const int64_t due_ms = deadlines_.next_ms();
  return pauses_.empty() ? due_ms : std::min(due_ms, clients_.pause_deadline_ms());
}

}  // namespace corral::dispatch
