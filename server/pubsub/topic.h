// A channel, pattern or shard channel with its subscribers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "server/client/subscriptions.h"

namespace corral::client {
class Client;
}

namespace corral::pubsub {

// The subscribers of one worker: in an array, or in `one` when there is only one. A client's set of topics
// holds its place here, so that leaving costs O(1).
struct Subscribers {
  Subscribers* next = nullptr;  // of another worker
  uint32_t worker = 0;
  uint32_t size = 0;
  uint32_t capacity = 1;  // 1: `one` is in use
  union {
    client::Client* one = nullptr;
    client::Client** many;
  };

  client::Client** begin() { return capacity == 1 ? &one : many; }
  client::Client** end() { return begin() + size; }
  // Returns the client's place.
  uint32_t Add(client::Client& client);
  // The last client takes the free place; it is returned, or null when nobody moved.
  client::Client* RemoveAt(uint32_t place);
  void Free();
};

// One heap block, the name behind it; links into a ChainTable. It lives while it has subscribers.
//
//   | next | hash | name_size | subscribers | kind | Subscribers of the first worker with some | name ... |
struct Topic {
  Topic* next;
  uint32_t hash;
  uint32_t name_size;
  uint32_t subscribers;  // over all workers
  client::TopicKind kind;
  Subscribers first;

  static Topic* Make(client::TopicKind kind, std::string_view name, uint32_t hash);
  static void Destroy(Topic* topic);

  std::string_view name() const { return {reinterpret_cast<const char*>(this + 1), name_size}; }
  // Null when the worker has none.
  Subscribers* Of(size_t worker);
  uint32_t Add(client::Client& client, size_t worker);
  client::Client* RemoveAt(size_t worker, uint32_t place);
};

}  // namespace corral::pubsub
