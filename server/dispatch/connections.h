// The connections of a worker, from the first to the last byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "server/client/client.h"
#include "server/command/context.h"
#include "server/dispatch/batch.h"
#include "server/dispatch/chores.h"
#include "server/dispatch/holds.h"
#include "server/dispatch/outbox.h"
#include "server/net/event_loop.h"
#include "server/net/stream.h"

namespace corral::dispatch {

// Owns the clients, and takes those that end out of everything that knows them. Thousands of connections can
// end at once: a turn closes a few, so that the working ones need not wait for all. The worker's thread, in a
// turn.
class Connections {
 public:
  Connections(command::Services& services, Batch& batch, Outbox& outbox, Holds& holds)
      : services_(services), batch_(batch), outbox_(outbox), holds_(holds) {}
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;

  client::Client& Add(net::Stream::Handle stream, client::ClientOwner& owner, client::ChunkPool& chunks,
                      int64_t unix_ms);
  // Null when it is gone.
  client::Client* Find(uint64_t client_id);
  // To those that said MONITOR.
  void FeedMonitors(const std::string& line);

  void Close(client::Client& client);
  // Closes it when the turn has time for that. Otherwise it gives up at once what it holds for others, and
  // only its memory waits.
  void CloseInTurn(client::Client& client);
  // At the end of a turn: closes some of those that have waited, and the next turn has its time again.
  void CloseEnded();
  void CloseAll();

  // Looks at every client once, some in each turn: closes those that are idle for too long (timeout) or over
  // an output limit with a time. BeginRound has no effect while the last round goes on.
  void BeginRound(Chores& chores, int64_t unix_ms);
  void CheckSome(Chores& chores, int64_t unix_ms);

  // Whether there is more to close or to look at than the turn had time for.
  bool waits() const { return !ended_.empty() || round_at_ < clients_.bucket_count(); }

 private:
  static constexpr int kTurnCloses = 16;   // of connections that their peers ended: mostly the kernel's time
  static constexpr int kTurnChecks = 256;  // connections that are looked at in one turn
  static constexpr size_t kNoRound = SIZE_MAX;

  void Retire(client::Client& client);

  command::Services& services_;
  Batch& batch_;
  Outbox& outbox_;
  Holds& holds_;
  std::unordered_map<uint64_t, std::unique_ptr<client::Client>> clients_;
  int closes_left_ = kTurnCloses;  // in this turn
  std::vector<uint64_t> ended_;    // clients for whose closing no turn had time yet
  size_t round_at_ = kNoRound;     // the bucket of clients_ where CheckSome goes on
};

}  // namespace corral::dispatch
