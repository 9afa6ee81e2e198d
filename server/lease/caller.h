// A connection that waits in GETLEASE.
#pragma once

#include <memory>
#include <string>

#include "server/client/client.h"
#include "server/lease/leases.h"

namespace corral::lease {

// The wait of its client, which owns it; ends with the value, with a lease, at its deadline, or when more
// input arrives: a connection that several callers share must not wait for itself.
class Caller final : public client::Wait, public Waiter {
 public:
  // What the client reads when its wait is over; only for one that caches (client-side caching).
  struct Read {
    int database;
    std::string key;
  };

  Caller(Leases& leases, client::Client& client, Leader& leader, int64_t lease_ms,
         std::unique_ptr<const Read> read)
      : Waiter(leases.mailbox(&client.owner()), leader, lease_ms),
        leases_(leases),
        client_(client),
        read_(std::move(read)) {}
  ~Caller() override { leases_.Leave(*this); }

  void ReplyTimeout(protocol::ReplyWriter&) override {
    if (read_) leases_.BeginRead(client_, read_->key);
    Token token;
    const Outcome outcome = leases_.Finish(*this, &token);
    Answer(outcome, token);
  }
  bool EndsOnInput() const override { return true; }
  void Deliver() override {
    if (read_) leases_.BeginRead(client_, read_->key);
    Token token;
    const std::shared_ptr<const Outcome> outcome = leases_.Take(*this, &token);
    Answer(*outcome, token);
    client_.owner().WaitAnswered(client_);
  }

 private:
  void Answer(const Outcome& outcome, Token token) {
    WriteAnswer(client_.reply, outcome, token);
    if (read_) leases_.EndRead(read_->database, read_->key, outcome);
  }

  Leases& leases_;
  client::Client& client_;
  std::unique_ptr<const Read> read_;
};

}  // namespace corral::lease
