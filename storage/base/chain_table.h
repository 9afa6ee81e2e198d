// An intrusive hash table of chains that grows and shrinks one bucket at a time: no insertion moves more than
// one chain, and now and then the array of their heads.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace corral::storage {

// `Node` has the fields `Node* next` and `uint32_t hash`. The table links nodes and does not own them. Linear
// hashing: with n buckets, h the largest power of two within n, a node lies in bucket hash mod 2h, or mod h
// where that bucket does not exist yet. About one node a bucket. Finding costs O(1) on average; not
// synchronised.
template <class Node>
class ChainTable {
 public:
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  // The first node of this hash that `matches` accepts, or null.
  template <class Match>
  Node* Find(uint32_t hash, Match matches) const {
    if (buckets_.empty()) return nullptr;
    for (Node* node = buckets_[BucketOf(hash)]; node != nullptr; node = node->next) {
      if (node->hash == hash && matches(*node)) return node;
    }
    return nullptr;
  }

  void Insert(Node* node) {
    if (size_ >= buckets_.size()) Grow();
    Link(buckets_[BucketOf(node->hash)], node);
    ++size_;
  }

  // The node must be in the table.
  void Remove(Node* node) {
    Node** link = LinkTo(node->hash, reinterpret_cast<uintptr_t>(node));
    *link = node->next;
    --size_;
    // A removal joins up to two buckets, so that their number falls with that of the nodes and an empty
    // table gives all memory back.
    for (int i = 0; i < 2 && size_ * 2 < buckets_.size(); ++i) Shrink();
  }

  // `node` was moved in memory, from `old_address`.
  void Moved(uintptr_t old_address, Node* node) { *LinkTo(node->hash, old_address) = node; }

  // A walk over a table that may change between its steps. It starts at 0 and ends at kWalkEnd, and visits
  // every node that stays in the table. It follows the hashes in the order of their reversed bits, because a
  // bucket is a range in that order for any number of buckets. The table must not change between WalkBucket
  // and the WalkNext that follows it: a caller that removed nodes visits the same bucket again.
  static constexpr uint64_t kWalkEnd = uint64_t{1} << 32;
  Node* WalkBucket(uint64_t at) const {
    return buckets_.empty() ? nullptr : buckets_[BucketOf(Reversed(at))];
  }
  uint64_t WalkNext(uint64_t at) const {
    if (buckets_.empty()) return kWalkEnd;
    const size_t high = std::bit_floor(buckets_.size());
    const size_t bucket = BucketOf(Reversed(at));
    const bool split = bucket >= high || bucket + high < buckets_.size();
    const int free_bits = 32 - (std::countr_zero(high) + (split ? 1 : 0));
    return ((at >> free_bits) + 1) << free_bits;
  }

  size_t buckets() const { return buckets_.size(); }
  Node* bucket(size_t i) const { return buckets_[i]; }
  size_t allocated_bytes() const { return buckets_.capacity() * sizeof(Node*); }

  void CheckInvariants() const {  // aborts with a message
    size_t nodes = 0;
    bool in_place = true;
    for (size_t i = 0; i < buckets_.size(); ++i) {
      for (const Node* node = buckets_[i]; node != nullptr; node = node->next) {
        ++nodes;
        in_place &= BucketOf(node->hash) == i;
      }
    }
    if (nodes == size_ && in_place && buckets_.size() <= 2 * size_ + 1) return;
    std::fprintf(stderr, "chain table: %zu nodes in %zu buckets, %zu counted%s\n", nodes, buckets_.size(),
                 size_, in_place ? "" : ", one in a foreign bucket");
    std::abort();
  }

  // `visit` may free the node, if the table is dropped afterwards.
  template <class Visit>
  void ForEach(Visit visit) const {
    for (Node* node : buckets_) {
      while (node != nullptr) {
        Node* next = node->next;
        visit(*node);
        node = next;
      }
    }
  }

 private:
  static uint32_t Reversed(uint64_t at) {
    auto bits = static_cast<uint32_t>(at);
    bits = (bits >> 1 & 0x55555555u) | (bits & 0x55555555u) << 1;
    bits = (bits >> 2 & 0x33333333u) | (bits & 0x33333333u) << 2;
    bits = (bits >> 4 & 0x0f0f0f0fu) | (bits & 0x0f0f0f0fu) << 4;
    return __builtin_bswap32(bits);
  }
  size_t BucketOf(uint32_t hash) const {
    size_t high = std::bit_floor(buckets_.size());
    size_t bucket = hash & (2 * high - 1);
    return bucket < buckets_.size() ? bucket : bucket & (high - 1);
  }
  static void Link(Node*& head, Node* node) {
    node->next = head;
    head = node;
  }
  Node** LinkTo(uint32_t hash, uintptr_t address) {
    Node** link = &buckets_[BucketOf(hash)];
    while (reinterpret_cast<uintptr_t>(*link) != address) link = &(*link)->next;
    return link;
  }

  void Grow() {
    size_t made = buckets_.size();
    buckets_.push_back(nullptr);
    if (made == 0) return;
    size_t high = std::bit_floor(made);
    Node* rest = buckets_[made - high];
    buckets_[made - high] = nullptr;
    while (rest != nullptr) {
      Node* next = rest->next;
      Link(buckets_[rest->hash & (2 * high - 1)], rest);
      rest = next;
    }
  }

  void Shrink() {
    size_t last = buckets_.size() - 1;
    Node* moved = buckets_[last];
    buckets_.pop_back();
    while (moved != nullptr) {
      Node* next = moved->next;
      Link(buckets_[last - std::bit_floor(last)], moved);
      moved = next;
    }
    if (buckets_.size() < buckets_.capacity() / 4) buckets_.shrink_to_fit();
  }

  std::vector<Node*> buckets_;
  size_t size_ = 0;
};

}  // namespace corral::storage
