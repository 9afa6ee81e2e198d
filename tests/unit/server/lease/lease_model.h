// The rules of single flight, written down once more: slow, small and meant to be read beside the table of
// events.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace corral::lease {

// Clients are numbers that are never used again; tokens are numbers too, 0 is none.
class LeaseModel {
 public:
  using Place = std::pair<int, std::string>;  // database and key

  struct Answer {
    std::string status;
    std::optional<std::string> value;
    int token = 0;
    int64_t ms = 0;  // kBusyMs: when to ask again is the server's own affair
  };
  static constexpr int64_t kBusyMs = -1000;

  struct Ask {
    int64_t lease_ms = 10000, early_ms = 0;
    bool may_wait = true, fresh = false;
  };

  int64_t now_ms = 0;       // monotonic
  int64_t now_unix_ms = 0;  // may jump forward
  size_t most_waiters = SIZE_MAX;

  // Nothing: the client waits.
  std::optional<Answer> GetLease(int client, const Place& place, const Ask& ask);
  bool SetLease(const Place& place, int token, const std::string& value, int64_t expire_at,
                int64_t fresh_until);
  bool DelLease(const Place& place, int token, int64_t backoff_ms,
                const std::string& text);  // 0: no back-off
  bool TouchLease(const Place& place, int token, int64_t lease_ms);
  bool SoftDel(const Place& place);

  bool Delete(const Place& place);  // also of what is not there
  void Write(const Place& place, const std::string& value, int64_t expire_at, int64_t fresh_until);
  // Changes the bytes in place, of an absent value the empty ones.
  void Edit(const Place& place, const std::function<void(std::string&)>& edit);
  bool Rename(const Place& from, const Place& to, bool keep_source);
  bool SetExpiry(const Place& place, int64_t expire_at);
  bool Persist(const Place& place);
  void Flush(int database);  // -1: all
  void Swap(int database, int other);
  void EvictAll() { values_.clear(); }

  // Time has passed.
  void EndLeases();
  // A lease for which nobody waits may be forgotten when it ended as long ago as it lasted, or ten seconds:
  // is it known still?
  void ForgetEnded(const std::function<bool(const Place&)>& known);
  // The wait ends now: what the client is told.
  Answer EndWait(int client);
  bool waits(int client) const { return waits_.count(client) != 0; }
  // The answer has reached the client.
  Answer Deliver(int client);
  bool answered(int client) const { return answers_.count(client) != 0; }
  void Close(int client);

  const std::optional<std::string> Get(const Place& place) {
    Value* value = Live(place);
    return value ? std::optional(value->bytes) : std::nullopt;
  }
  size_t leases() const { return leases_.size(); }
  size_t waiting() const { return waits_.size(); }
  uint64_t stale_stores = 0;  // SETLEASE that stored what was fetched before the last write or deletion

 private:
  struct Value {
    std::string bytes;
    int64_t expire_at = -1, fresh_until = -1;
  };
  struct Waiter {
    int client;
    int64_t lease_ms;
  };
  struct Lease {
    int token = 0;  // 0: back-off
    int64_t granted_ms = 0, end_ms = 0;
    int leader = 0;  // 0: gone
    std::string text;
    std::deque<Waiter> waiters;
  };

  Value* Live(const Place& place);
  bool Stale(const Value& value) const { return value.fresh_until != -1 && value.fresh_until <= now_unix_ms; }
  int64_t Left(const Value& value) const {
    return value.expire_at == -1 ? -1 : value.expire_at - now_unix_ms;
  }
  Lease* Holding(const Place& place, int token);
  int Grant(const Place& place, int client, int64_t lease_ms);
  void Promote(const Place& place);
  void PromoteOrForget(const Place& place);
  void TellAll(const Place& place, const Answer& answer);
  // All get what is there, or the oldest is promoted.
  void Settle(const Place& place);
  void SettleAll(int database);

  std::map<Place, Value> values_;
  std::map<Place, Lease> leases_;
  std::map<int, Place> waits_;                       // of whom is not answered
  std::map<int, std::pair<Place, Answer>> answers_;  // on their way
  int tokens_ = 0;
  uint64_t changes_ = 0;
  std::map<Place, uint64_t> last_change_;
  std::map<int, uint64_t> granted_at_;  // by token
};

}  // namespace corral::lease
