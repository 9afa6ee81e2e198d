// All connections of the process, and what CLIENT PAUSE asks of them.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <vector>

#include "server/client/memory_limit.h"
#include "server/client/transit.h"

namespace corral::client {

class Client;
class ClientOwner;

enum class PauseMode : uint8_t { kNone, kWrites, kAll };

// Workers add and remove their clients under a leaf lock. Whoever visits clients of other workers runs with
// the gate held as writer (kExclusive): then nobody touches them.
class Registry {
 public:
  uint64_t NextId() { return next_id_.fetch_add(1, std::memory_order_relaxed); }

  // A place for one more connection than there are; false when there are `most` already. Asked before the
  // connection goes to its worker, so that a burst over several workers stays within the limit too. Any
  // thread.
  bool Admit(uint64_t most);
  void GiveUp();             // an admitted connection that is refused for another reason
  void Add(Client& client);  // an admitted one
  void Remove(Client& client);
  size_t size() const { return size_.load(std::memory_order_relaxed); }

  // In order of id. Gate held as writer.
  std::vector<Client*> All() const;
  Client* Find(uint64_t id) const;
  // The worker of a client; null when there is no such client. Any thread.
  ClientOwner* OwnerOf(uint64_t id) const;

  MemoryLimit& memory() { return memory_; }
  Transit& transit() { return transit_; }

  // Closes a client of any worker: at once, or after its present reply if it is `caller`. Gate held as
  // writer.
  void Kill(Client& client, const Client* caller);
  // CLIENT UNBLOCK: false when the client does not wait. Gate held as writer; the reply is written by its
  // worker.
  bool Unblock(Client& client, bool with_error);

  // CLIENT PAUSE. Read by every worker before each command, written under the gate. Deadline: monotonic ms.
  PauseMode pause_mode() const {
    PauseMode mode = pause_mode_.load(std::memory_order_relaxed);
    return mode == PauseMode::kNone ? mode : UnexpiredPauseMode();
  }
  int64_t pause_deadline_ms() const { return pause_deadline_ms_.load(std::memory_order_relaxed); }
  void Pause(PauseMode mode, int64_t deadline_ms);
  void Unpause();
  // Called by Unpause and by a Pause that lets more through, on the caller's thread.
  std::function<void()> on_unpause;

 private:
  PauseMode UnexpiredPauseMode() const;

  std::atomic<uint64_t> next_id_{1};
  std::atomic<uint64_t> admitted_{0};  // on their way to a worker included
  std::atomic<size_t> size_{0};
  Transit transit_;
  MemoryLimit memory_;
  mutable std::mutex mutex_;
  std::map<uint64_t, Client*> clients_;
  std::atomic<PauseMode> pause_mode_{PauseMode::kNone};
  std::atomic<int64_t> pause_deadline_ms_{0};
};

}  // namespace corral::client
