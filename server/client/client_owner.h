// What a client, and whoever serves it, asks of the worker that it belongs to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "server/client/push.h"

namespace corral::client {

class Client;

// The worker that runs a client.
class ClientOwner {
 public:
  // Runs `work` with the client on its own thread, in a later turn and in order, then acts upon what the
  // client was told (to close, to end its wait) and sends its output; nothing happens when the client is
  // gone. Any thread.
  virtual void Visit(uint64_t client_id, std::function<void(Client&)> work) = 0;
  void Revisit(uint64_t client_id) {
    Visit(client_id, [](Client&) {});
  }
  // The client's wait is over and its reply is written: it goes on. The owner's thread, in a turn.
  virtual void WaitAnswered(Client& client) = 0;

  // Runs `work` on the owner's thread, in a later turn and in order. Any thread.
  virtual void Post(std::function<void()> /*work*/) {}
  // The same for work that carries messages to clients. Their `bytes` count as in transit until the turn that
  // ran it has sent them (Transit).
  virtual void PostMessages(std::function<void()> work, size_t /*bytes*/) { Post(std::move(work)); }
  // Null when it is gone. The owner's thread.
  virtual Client* Find(uint64_t /*client_id*/) { return nullptr; }
  // Queues a message that is no reply, outside of the reply that the client's present command is writing;
  // closes the client at its output limit, at once. The owner's thread, in a turn. Not for a client that
  // closes already.
  virtual void Push(Client& /*client*/, const PushedMessage& /*message*/) {}
  // Of the owners of a process, from 0 on.
  size_t worker_index = 0;

 protected:
  ~ClientOwner() = default;
};

}  // namespace corral::client
