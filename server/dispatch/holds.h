// What keeps a worker's clients from going on, and how they go on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "server/client/client.h"
#include "server/client/registry.h"
#include "server/dispatch/deadlines.h"
#include "server/dispatch/inbox.h"
#include "server/dispatch/outbox.h"
#include "server/dispatch/pause_queue.h"

namespace corral::dispatch {

// A client's next command does not run while the client waits for something (Client::blocked), while CLIENT
// PAUSE holds the command back, or while too many of the messages that it sent are in transit. What arrives
// in the meantime is kept with the client and runs when that is over. The worker's thread, in a turn.
class Holds {
 public:
  // `owner` is this worker, and `worker` its index.
  Holds(client::Registry& clients, client::ClientOwner& owner, Inbox& inbox, Outbox& outbox,
        PauseQueue& pauses, size_t worker)
      : clients_(clients), owner_(owner), inbox_(inbox), outbox_(outbox), pauses_(pauses), worker_(worker) {}
  Holds(const Holds&) = delete;
  Holds& operator=(const Holds&) = delete;

  // --- waits
  // The client's command waits. More input ends some waits: it may have come already, behind the command. It
  // need not be a complete request.
  void BeginWait(client::Client& client);
  void InputArrived(client::Client& client) {
    if (client.blocked() && client.wait()->EndsOnInput()) [[unlikely]]
      EndWait(client, client::WaitEnd::kTimeout);
  }
  // It waits no longer, and its reply is written.
  void WaitAnswered(client::Client& client);
  // Ends its wait with the reply that the `end` asks for; kNone: it is going away.
  void EndWait(client::Client& client, client::WaitEnd end);

  // --- CLIENT PAUSE
  void HoldForPause(client::Client& client) { pauses_.Add(worker_, client.id); }
  // Runs what a pause held back, in the order over all workers, as far as it is this one's turn. False: a
  // turn's share is done, and there may be more.
  [[nodiscard]] bool ResumePaused();

  // --- messages in transit
  // What the client goes on to send stays with it, unread.
  void HoldForTransit(client::Client& client);
  bool LetGo(client::Client& client);  // false: it is not held for that
  void LetAllGo();                     // once messages in transit are few enough

  // Ends waits whose deadline has come. Monotonic ms.
  void RunDue(int64_t now_ms);
  // Whether a pause has ended by itself: what it held back may be resumed now.
  bool EndPause();
  // When one of them has something to do: monotonic ms, INT64_MAX if never.
  int64_t next_due_ms() const;
  bool due(int64_t now_ms) const { return deadlines_.next_ms() <= now_ms; }

 private:
  static constexpr int kTurnResumed = 256;   // connections that a pause held back
  static constexpr int kTurnDeadlines = 64;  // ends of waits

  void Resume(client::Client& client);

  client::Registry& clients_;
  client::ClientOwner& owner_;
  Inbox& inbox_;
  Outbox& outbox_;
  PauseQueue& pauses_;
  const size_t worker_;
  Deadlines deadlines_;
  std::vector<uint64_t> in_transit_;  // clients that wait for less in transit
};

}  // namespace corral::dispatch
