// A connection that waits in GETLEASE.
#pragma once

#include "server/client/client.h"
#include "server/lease/leases.h"

namespace corral::lease {

// The wait of its client, which owns it; ends with the value, with a lease, at its deadline, or when more
// input arrives: a connection that several callers share must not wait for itself.
class Caller final : public client::Wait, public Waiter {
 public:
  Caller(Leases& leases, client::Client& client, Leader& leader, int64_t lease_ms)
      : Waiter(leases.mailbox(&client.owner()), leader, lease_ms), leases_(leases), client_(client) {}
  ~Caller() override { leases_.Leave(*this); }

  void ReplyTimeout(protocol::ReplyWriter& reply) override {
    Token token;
    const Outcome outcome = leases_.Finish(*this, &token);
    WriteAnswer(reply, outcome, token);
  }
  bool EndsOnInput() const override { return true; }
  void Deliver(const Outcome& outcome, Token token) override {
    WriteAnswer(client_.reply, outcome, token);
    client_.owner().WaitAnswered(client_);
  }

 private:
  Leases& leases_;
  client::Client& client_;
};

}  // namespace corral::lease
