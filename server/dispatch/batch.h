// What one turn of a worker's loop has to run: requests are read, hashed and prefetched in groups, then run.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "protocol/request_reader.h"
#include "server/client/client.h"
#include "server/command/context.h"
#include "server/dispatch/command_cache.h"
#include "server/dispatch/executor.h"
#include "server/dispatch/gate.h"
#include "server/dispatch/request.h"
#include "storage/lookahead.h"

namespace corral::dispatch {

// Told about clients while a batch runs.
class BatchObserver {
 public:
  virtual void AfterCommand(client::Client& client) = 0;  // it may have output now, or be told to close
  virtual void HeldByPause(client::Client& client) = 0;
  virtual void HeldByTransit(client::Client& client) = 0;

 protected:
  ~BatchObserver() = default;
};

// One per worker. The reason for groups: once system calls are amortised over a pipeline, a command spends
// most of its time waiting for the cache misses of its bucket and its record. So the keys of a group are
// hashed and their buckets requested while it is being read, then their records, and only then does the first
// command run.
class Batch {
 public:
  Batch(command::Services& services, Executor& executor, Gate& gate, size_t worker, BatchObserver& observer);

  // Its client has unread input: `client.input` holds it, in memory that stays until Run returns.
  void Add(client::Client& client);
  void Remove(client::Client& client);  // the client is going away
  bool empty() const { return ready_.empty(); }

  // Runs what is complete, connections in turns and each for its share of a turn, and stores the rest with
  // its client.
  void Run();
  // A new turn: adds those again whose requests wait because they had their share. Those whose output waits
  // go on waiting.
  void BeginTurn();
  // The same for one client, for which no further turn will come. False when none of its requests wait.
  bool Resume(client::Client& client);
  bool requests_wait() const { return !waiting_.empty(); }

  // A connection's share: nobody else waits for more than so many requests, or for so much output to be
  // written.
  static constexpr uint32_t kTurnRequests = 256;
  static constexpr size_t kTurnOutputBytes = 256 * 1024;

 private:
  static constexpr size_t kGroup = 128;         // requests in flight between reading and running
  static constexpr size_t kPerConnection = 64;  // of one connection, so that a deep pipeline takes turns
  static constexpr size_t kLocksAhead = 2;  // commands from the fetch of a lock to its use: time to arrive,
                                            // and not to be taken away again
  static constexpr size_t kDetachedBytes =
      64 * 1024;  // arguments from this size on get a buffer of their own

  void ReadGroup();
  struct Ready {
    client::Client* client;  // nullptr: removed
    uint64_t output_mark;    // of its output when it was added
    uint32_t requests = 0;   // read since then
    bool more = true;        // its input may hold another complete request
  };
  // Reads requests of one client into the group; false when its input holds no further complete one, or it
  // has had its share, or is held back.
  bool ReadRequests(Ready& ready);
  void Prepare(Request& request);
  void PrefetchLock(size_t at) const;
  void RunGroup();
  void Leave(client::Client& client);
  void Settle(client::Client& client);

  command::Services& services_;
  Executor& executor_;
  Gate& gate_;
  const size_t worker_;
  BatchObserver& observer_;
  CommandCache cache_;

  std::vector<Ready> ready_;
  std::vector<client::Client*> waiting_;  // with requests_wait
  std::vector<Request> group_;
  size_t group_size_ = 0;
  storage::Lookahead ahead_;  // the keys of the group
  protocol::ArgumentPool pool_;
};

}  // namespace corral::dispatch
