// Who listens to which channel, over all workers, and the way of a message to them.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/client/subscriptions.h"
#include "server/pubsub/topic.h"
#include "storage/base/chain_table.h"
#include "storage/base/hash.h"
#include "storage/base/shared_bytes.h"
#include "storage/base/sharing.h"

namespace corral::client {
class Client;
class ClientOwner;
}  // namespace corral::client

namespace corral::pubsub {

using client::TopicKind;

// Topics are hashed into parts, each under a leaf lock that publishers share; with one worker no lock is
// taken. The subscribers of a topic are kept by worker, so that each worker touches its own clients only. A
// publisher hands the message to its own worker's subscribers on the spot, and posts it once to each other
// worker that has some.
//
// Order: a subscriber gets a message before every message that was published after it, on whichever workers
// the two publishers run. Messages of one publisher, messages of a second publisher that waited for the reply
// of the first, and events of one key, which are published with the lock of the key's shard held, therefore
// arrive in order. While posted messages wait for the publisher's own worker, the publisher posts to its own
// worker too, because its message would overtake them otherwise. When two workers publish at the same time,
// subscribers on different workers may get the two messages in different orders. In Redis, with one thread,
// this cannot happen.
class Hub {
 public:
  // `seed` of the hash of names.
  Hub(size_t workers, uint64_t seed);
  ~Hub();
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  // The worker's thread runs publishers and subscribers from then on. Before the first client.
  void AddWorker(client::ClientOwner& owner);

  // On the thread of the client's worker. False: nothing changed.
  bool Subscribe(client::Client& client, TopicKind kind, std::string_view name);
  bool Unsubscribe(client::Client& client, TopicKind kind, std::string_view name);
  // Leaves every topic of the kind; `left` is told each name once it is left.
  void UnsubscribeAll(client::Client& client, TopicKind kind,
                      const std::function<void(std::string_view)>& left);
  // The client closes, or is reset: leaves everything.
  void Leave(client::Client& client);

  // `kind`: channel (patterns that match get it too) or shard channel. Returns how many messages that makes.
  // `here` is the worker of this thread.
  size_t Publish(client::ClientOwner& here, TopicKind kind, std::string_view channel,
                 std::string_view payload);

  // Whether a message to a channel could have a receiver at all. Any thread.
  bool silent() const { return topics(TopicKind::kChannel) + topics(TopicKind::kPattern) == 0; }
  size_t topics(TopicKind kind) const { return topics_[static_cast<size_t>(kind)].value(); }
  size_t Subscribers(TopicKind kind, std::string_view name);
  // The names of the kind that match the glob pattern.
  std::vector<std::string> Names(TopicKind kind, std::string_view pattern);
  // Connections with a subscription.
  size_t clients() const { return clients_.value(); }

 private:
  struct Part {
    explicit Part(bool concurrent) : mutex(concurrent) {}
    storage::SharedMutex mutex;
    storage::ChainTable<Topic> topics;
  };
  struct Message;

  Part& PartOf(TopicKind kind, uint32_t hash);
  std::vector<std::unique_ptr<Part>>& PartsOf(TopicKind kind) { return parts_[static_cast<size_t>(kind)]; }
  uint32_t HashOf(std::string_view name) const { return static_cast<uint32_t>(hasher_(name)); }
  Topic* Find(Part& part, uint32_t hash, std::string_view name) const;
  // Takes the client off the topic's list; the topic may be gone afterwards.
  void Detach(client::Client& client, client::TopicSet& set, client::TopicSet::Entry* entry);

  // Visits the topics that the message goes to, each under its part's lock.
  template <class Visit>
  void ForEachTarget(const Message& message, Visit visit);
  // To the clients of worker `here` in `topic`.
  void Deliver(client::ClientOwner& here, Topic& topic, const Message& message);
  void Post(size_t worker, const Message& message);

  const storage::KeyHasher hasher_;
  const bool concurrent_;
  std::vector<client::ClientOwner*> owners_;
  struct alignas(64) Publication {    // of one worker
    std::string frame;                // the message being sent, encoded
    std::vector<bool> other_workers;  // get it posted
    // Messages that were posted to this worker and that it has not handed on yet. Any thread.
    std::atomic<size_t> in_mail{0};
  };
  std::vector<Publication> publications_;
  std::vector<std::unique_ptr<Part>> parts_[client::kTopicKinds];
  storage::SharedCounter topics_[client::kTopicKinds];
  storage::SharedCounter clients_;
};

}  // namespace corral::pubsub
