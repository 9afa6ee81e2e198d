// maxmemory-clients: what all connections hold together, and which of them go when it is too much.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>

namespace corral::client {

class Client;

// The sum is kept by the workers, each for its own connections, and only while there is a limit. One over it
// takes the gate as writer, counts anew and closes the largest connections until the rest fits.
class MemoryLimit {
 public:
  // 0: none. Before the workers start, or with the gate held as writer; the next Exceeded is true, so that
  // what is there already is counted.
  void Set(uint64_t limit_bytes);
  bool on() const { return limit_bytes_ != 0; }

  // On the thread of the client's worker: brings the sum up to date with what the client holds now, or holds
  // no more.
  void Account(Client& client);
  void Forget(Client& client);

  // Whether Enforce has to run. After a run that found nobody to close it is false for a while.
  bool Exceeded(int64_t monotonic_ms) const;
  // Marks the largest of `clients` to be closed (Client::CloseNow and Revisit), but none that asked for
  // CLIENT NO-EVICT, until what stays is below the limit; answers how many. Gate held as writer. O(n log n).
  uint64_t Enforce(std::span<Client* const> clients, int64_t unix_ms, int64_t monotonic_ms);

 private:
  uint64_t limit_bytes_ = 0;
  std::atomic<uint64_t> held_bytes_{0};
  std::atomic<bool> recount_{false};
  std::atomic<int64_t> quiet_until_ms_{0};
};

}  // namespace corral::client
