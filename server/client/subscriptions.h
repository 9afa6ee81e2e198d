// What a connection is subscribed to, and where it stands among the subscribers of each topic.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace corral::pubsub {
struct Topic;
}

namespace corral::client {

// Open addressing with linear probing, 16 bytes a slot, at most three quarters full. No memory while empty.
class TopicSet {
 public:
  struct Entry {
    pubsub::Topic* topic;  // null: a free slot
    uint32_t position;     // among the topic's subscribers of this connection's worker
  };

  TopicSet() = default;
  TopicSet(const TopicSet&) = delete;
  TopicSet& operator=(const TopicSet&) = delete;

  size_t size() const { return size_; }
  size_t allocated_bytes() const { return slots_ != nullptr ? (mask_ + 1) * sizeof(Entry) : 0; }
  // Null when absent; valid until the next Add or Remove.
  Entry* Find(const pubsub::Topic* topic) const;
  void Add(pubsub::Topic* topic, uint32_t position);  // must be absent
  void Remove(Entry* entry);
  // Any entry: what is left to remove. Requires size() > 0.
  Entry* Any() const;

 private:
  size_t Home(const pubsub::Topic* topic) const {
    return (reinterpret_cast<uintptr_t>(topic) * 0x9E3779B97F4A7C15ull >> 32) & mask_;
  }
  void Resize(size_t capacity);

  std::unique_ptr<Entry[]> slots_;
  size_t mask_ = 0;
  size_t size_ = 0;
  mutable size_t any_ = 0;  // where Any looks first: emptying the set costs O(its capacity) in all
};

// Indexes of Subscriptions: channels, patterns and shard channels are separate worlds.
enum class TopicKind : uint8_t { kChannel, kPattern, kShardChannel };
inline constexpr size_t kTopicKinds = 3;

// Owned by the connection, touched by its worker's thread only.
struct Subscriptions {
  std::array<TopicSet, kTopicKinds> topics;

  TopicSet& of(TopicKind kind) { return topics[static_cast<size_t>(kind)]; }
  const TopicSet& of(TopicKind kind) const { return topics[static_cast<size_t>(kind)]; }
  size_t total() const { return topics[0].size() + topics[1].size() + topics[2].size(); }
  // What an acknowledgement counts: channels and patterns together, shard channels alone.
  size_t Counted(TopicKind kind) const {
    return kind == TopicKind::kShardChannel ? topics[2].size() : topics[0].size() + topics[1].size();
  }
  size_t allocated_bytes() const {
    return sizeof(*this) + topics[0].allocated_bytes() + topics[1].allocated_bytes() +
           topics[2].allocated_bytes();
  }
};

}  // namespace corral::client
