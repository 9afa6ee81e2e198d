// The counted tree: items in an order of their owner's, found by order or by rank in O(log n).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "storage/base/allocation.h"
#include "storage/base/invariant.h"

namespace corral::storage {

// A B+ tree of pointers to items that stay their owner's, with the weight of everything below each branch.
//
// Items says what is kept, and one of two things of each:
//   using Item = ...*;
//   static uint32_t Prefix(Item)   of items in an order of values, each of which weighs 1: does not fall from
//                                  one item to the next, and is all that most comparisons need
//   static uint32_t Weight(Item)   of items that are found by rank alone: their share of the ranks
//
//   leaf:    512 bytes: 40 items with their prefixes or weights, so that a search touches few items; linked
//            both ways
//   branch: 1024 bytes: 35 times child, weight below it, first item below it and that one's prefix
//
// Invariants: an item's weight changes only through Reweigh; every leaf has the same depth; no node is
// empty. A node that has shrunk to half joins a neighbour if both fill at most three quarters of one.
// Appending leaves full leaves behind, because a split at the right edge gives its new leaf only the new
// item. Owned by the lock of the value's shard.
template <class Items>
class CountedTree {
  struct Node;
  struct Leaf;
  struct Branch;

 public:
  using Item = typename Items::Item;

  // A place in the tree, void after a change of the tree; the end is where the last item's successor would
  // be.
  class Iterator {
   public:
    Iterator() = default;
    Item operator*() const { return leaf_->items[index_]; }
    Iterator& operator++() {
      if (++index_ == leaf_->count && leaf_->next != nullptr) *this = {leaf_->next, 0};
      return *this;
    }
    Iterator& operator--() {  // requires that it is not the first
      if (index_ == 0) {
        *this = {leaf_->previous, leaf_->previous->count};
      }
      --index_;
      return *this;
    }
    bool operator==(const Iterator&) const = default;

   private:
    friend class CountedTree;
    Iterator(Leaf* leaf, unsigned index) : leaf_(leaf), index_(index) {}
    Leaf* leaf_ = nullptr;
    unsigned index_ = 0;
  };

  CountedTree() = default;
  CountedTree(const CountedTree&) = delete;
  CountedTree& operator=(const CountedTree&) = delete;
  ~CountedTree() { Clear(); }

  uint64_t weight() const { return weight_; }  // of all items: the number of ranks
  bool empty() const { return root_ == nullptr; }
  size_t allocated_bytes() const { return leaves_ * sizeof(Leaf) + branches_ * sizeof(Branch); }

  Iterator begin() const {
    return root_ == nullptr ? Iterator() : Iterator(static_cast<Leaf*>(Edge(root_, false)), 0);
  }
  Iterator end() const {
    if (root_ == nullptr) return {};
    auto* leaf = static_cast<Leaf*>(Edge(root_, true));
    return {leaf, leaf->count};
  }

  // Where items are in an order of values: the first that is not before the place searched for. `prefix` is
  // that place's; `before(item)` says whether an item of the same prefix is before it.
  template <class Before>
  Iterator LowerBound(uint32_t prefix, const Before& before) const {
    if (root_ == nullptr) return {};
    Node* node = root_;
    while (!node->is_leaf) {
      auto* branch = static_cast<Branch*>(node);
      const unsigned i = Search(branch->prefixes, branch->firsts, branch->count, prefix, before);
      node = branch->children[i > 0 ? i - 1 : 0];
    }
    auto* leaf = static_cast<Leaf*>(node);
    const unsigned i = Search(leaf->notes, leaf->items, leaf->count, prefix, before);
    return Settled(leaf, i);
  }

  // The item that holds the given rank, 0 being the first, and the rank within that item; end() beyond.
  Iterator At(uint64_t rank, uint64_t* within = nullptr) const {
    if (rank >= weight_) return end();
    Node* node = root_;
    uint64_t weight = weight_;
    while (!node->is_leaf) {
      auto* branch = static_cast<Branch*>(node);
      const unsigned i = IndexOf(&rank, weight, branch->weights, branch->count);
      weight = branch->weights[i];
      node = branch->children[i];
    }
    auto* leaf = static_cast<Leaf*>(node);
    auto index = static_cast<unsigned>(rank);
    if constexpr (kWeighted) index = IndexOf(&rank, weight, leaf->notes, leaf->count);
    if (within != nullptr) *within = kWeighted ? rank : 0;
    return {leaf, index};
  }

  // How many ranks lie before the place.
  uint64_t Rank(Iterator at) const {
    if (root_ == nullptr) return 0;
    uint64_t rank = WeightOfFirst(at.leaf_, at.index_);
    const Node* node = at.leaf_;
    for (const Branch* branch = node->parent; branch != nullptr; node = branch, branch = branch->parent) {
      for (unsigned i = 0; branch->children[i] != node; ++i) rank += branch->weights[i];
    }
    return rank;
  }

  // Puts the item in front of the place, which must fit the order. Returns where it is.
  Iterator Insert(Iterator at, Item item) {
    if (root_ == nullptr) {
      root_ = NewLeaf();
      at = {static_cast<Leaf*>(root_), 0};
    }
    Leaf* leaf = at.leaf_;
    unsigned index = at.index_;
    if (index == 0 && leaf->previous != nullptr && leaf->previous->count < kLeafItems) {
      leaf = leaf->previous;  // between two leaves: the earlier has room, and needs no new first item
      index = leaf->count;
    }
    if (leaf->count == kLeafItems) {
      Leaf* right = SplitLeaf(leaf, index);
      if (index > leaf->count || (index == leaf->count && right->count == 0)) {
        index -= leaf->count;
        leaf = right;
      }
    }
    OpenGap(leaf->items, index, leaf->count);
    OpenGap(leaf->notes, index, leaf->count);
    leaf->items[index] = item;
    leaf->notes[index] = Note(item);
    ++leaf->count;
    AddWeight(leaf, WeightAt(leaf, index));
    if (index == 0) FirstChanged(leaf);
    return {leaf, index};
  }

  // Takes the item out; returns the place of its successor.
  Iterator Erase(Iterator at) {
    Leaf* leaf = at.leaf_;
    AddWeight(leaf, -WeightAt(leaf, at.index_));
    CloseGap(leaf->items, at.index_, leaf->count);
    CloseGap(leaf->notes, at.index_, leaf->count);
    --leaf->count;
    if (leaf->count == 0) return DropLeaf(leaf);
    if (at.index_ == 0) FirstChanged(leaf);
    return leaf->count > kLeafItems / 2 ? Settled(leaf, at.index_) : ShrinkLeaf(leaf, at.index_);
  }

  // The item at the place has become another object, of the same order and weight.
  void Relocate(Iterator at, Item item) {
    at.leaf_->items[at.index_] = item;
    if (at.index_ == 0) FirstChanged(at.leaf_);
  }

  // The weight of the item at the place has changed by `more` (modulo 2^64).
  void Reweigh(Iterator at, uint64_t more) {
    static_assert(kWeighted);
    at.leaf_->notes[at.index_] += static_cast<uint32_t>(more);
    AddWeight(at.leaf_, more);
  }

  // Forgets all items; they are the caller's to free.
  void Clear() {
    if (root_ != nullptr) FreeAll(root_);
    root_ = nullptr;
    weight_ = 0;
  }

  // Aborts with a message. `in_order(a, b)`: whether b may follow a.
  template <class InOrder>
  void CheckInvariants(const InOrder& in_order) const {
    if (root_ == nullptr) {
      Require(weight_ == 0 && leaves_ == 0 && branches_ == 0, "counted tree: an empty tree holds something");
      return;
    }
    Require(root_->parent == nullptr, "counted tree: the root has a parent");
    int depth = -1;
    size_t leaves = 0, branches = 0;
    Require(CheckNode(root_, 0, &depth, &leaves, &branches) == weight_,
            "counted tree: the weight of the whole");
    Require(leaves == leaves_ && branches == branches_, "counted tree: the number of nodes");
    Iterator at = begin();
    Require(at.leaf_->previous == nullptr, "counted tree: something lies before the first leaf");
    for (Iterator next = at; ++next != end(); at = next) {
      Require(in_order(*at, *next) && PrefixOf(*at) <= PrefixOf(*next), "counted tree: the order");
    }
  }

 private:
  static constexpr bool kWeighted = requires(Item item) { Items::Weight(item); };
  static constexpr unsigned kLeafItems = 40;
  static constexpr unsigned kBranchChildren = 35;

  struct Node {
    Branch* parent;
    uint16_t count;
    bool is_leaf;
  };
  struct Leaf : Node {
    Leaf* previous;
    Leaf* next;
    Item items[kLeafItems];
    uint32_t notes[kLeafItems];  // prefixes or weights
  };
  struct Branch : Node {
    Node* children[kBranchChildren];
    uint64_t weights[kBranchChildren];
    Item firsts[kBranchChildren];
    uint32_t prefixes[kBranchChildren];
  };
  static_assert(sizeof(Leaf) <= 512 && sizeof(Branch) <= 1024 && sizeof(Item) == 8);

  static uint32_t PrefixOf(Item item) {
    if constexpr (kWeighted)
      return 0;
    else
      return Items::Prefix(item);
  }
  static uint32_t Note(Item item) {
    if constexpr (kWeighted)
      return Items::Weight(item);
    else
      return Items::Prefix(item);
  }
  static uint64_t WeightAt(const Leaf* leaf, unsigned index) { return kWeighted ? leaf->notes[index] : 1; }
  // Of the leaf's first items.
  static uint64_t WeightOfFirst(const Leaf* leaf, unsigned count) {
    if constexpr (!kWeighted) return count;
    uint64_t weight = 0;
    for (unsigned i = 0; i < count; ++i) weight += leaf->notes[i];
    return weight;
  }

  // Which of the weights, `weight` together, holds the rank, which becomes the one within it. From the nearer
  // end: lists are used at their ends.
  template <class Weight>
  static unsigned IndexOf(uint64_t* rank, uint64_t weight, const Weight* weights, unsigned count) {
    if (*rank <= weight / 2) {
      unsigned i = 0;
      for (; *rank >= weights[i]; ++i) *rank -= weights[i];
      return i;
    }
    uint64_t rest = weight - *rank;  // with the one at the rank
    unsigned i = count - 1;
    for (; rest > weights[i]; --i) rest -= weights[i];
    *rank = weights[i] - rest;
    return i;
  }

  // The first index that is not before the place: by prefix where that tells, else by asking.
  template <class Before>
  static unsigned Search(const uint32_t* prefixes, const Item* items, unsigned count, uint32_t prefix,
                         const Before& before) {
    const auto less = std::lower_bound(prefixes, prefixes + count, prefix) - prefixes;
    unsigned first = static_cast<unsigned>(less);
    if (first == count || prefixes[first] != prefix) return first;
    unsigned left =
        static_cast<unsigned>(std::upper_bound(prefixes + first, prefixes + count, prefix) - prefixes) -
        first;
    while (left > 0) {
      const unsigned half = left / 2;
      if (before(items[first + half])) {
        first += half + 1;
        left -= half + 1;
      } else {
        left = half;
      }
    }
    return first;
  }

  template <class T>
  static void OpenGap(T* array, unsigned at, unsigned count) {
    std::memmove(array + at + 1, array + at, (count - at) * sizeof(T));
  }
  template <class T>
  static void CloseGap(T* array, unsigned at, unsigned count) {
    std::memmove(array + at, array + at + 1, (count - at - 1) * sizeof(T));
  }

  static Iterator Settled(Leaf* leaf, unsigned index) {
    if (index == leaf->count && leaf->next != nullptr) return {leaf->next, 0};
    return {leaf, index};
  }

  static Node* Edge(Node* node, bool last) {
    while (!node->is_leaf) {
      auto* branch = static_cast<Branch*>(node);
      node = branch->children[last ? branch->count - 1 : 0];
    }
    return node;
  }

  // Neither is inlined: GCC 12 would warn of a leaf that is read as a branch, which is_leaf rules out.
  [[gnu::noinline]] static Item FirstOf(const Node* node) {
    return node->is_leaf ? static_cast<const Leaf*>(node)->items[0]
                         : static_cast<const Branch*>(node)->firsts[0];
  }

  [[gnu::noinline]] static uint64_t WeightOf(const Node* node) {
    if (node->is_leaf) return WeightOfFirst(static_cast<const Leaf*>(node), node->count);
    uint64_t weight = 0;
    for (unsigned i = 0; i < node->count; ++i) weight += static_cast<const Branch*>(node)->weights[i];
    return weight;
  }

  static unsigned IndexIn(const Branch* branch, const Node* node) {
    unsigned i = 0;
    while (branch->children[i] != node) ++i;
    return i;
  }

  Leaf* NewLeaf() {
    auto* leaf = static_cast<Leaf*>(::operator new(sizeof(Leaf)));
    leaf->parent = nullptr;
    leaf->count = 0;
    leaf->is_leaf = true;
    leaf->previous = leaf->next = nullptr;
    ++leaves_;
    return leaf;
  }
  Branch* NewBranch() {
    auto* branch = static_cast<Branch*>(::operator new(sizeof(Branch)));
    branch->parent = nullptr;
    branch->count = 0;
    branch->is_leaf = false;
    ++branches_;
    return branch;
  }
  void Free(Node* node) {
    if (node->is_leaf) {
      --leaves_;
      FreeSized(node, sizeof(Leaf));
    } else {
      --branches_;
      FreeSized(node, sizeof(Branch));
    }
  }
  void FreeAll(Node* node) {
    if (!node->is_leaf) {
      for (unsigned i = 0; i < node->count; ++i) FreeAll(static_cast<Branch*>(node)->children[i]);
    }
    Free(node);
  }

  void AddWeight(Node* node, uint64_t more) {
    weight_ += more;
    for (Branch* branch = node->parent; branch != nullptr; node = branch, branch = branch->parent) {
      branch->weights[IndexIn(branch, node)] += more;
    }
  }

  void FirstChanged(Node* node) {
    const Item first = FirstOf(node);
    const uint32_t prefix = PrefixOf(first);
    for (Branch* branch = node->parent; branch != nullptr; node = branch, branch = branch->parent) {
      const unsigned i = IndexIn(branch, node);
      branch->firsts[i] = first;
      branch->prefixes[i] = prefix;
      if (i > 0) return;
    }
  }

  void SetChild(Branch* branch, unsigned index, Node* child) {
    child->parent = branch;
    branch->children[index] = child;
    branch->weights[index] = WeightOf(child);
    branch->firsts[index] = FirstOf(child);
    branch->prefixes[index] = PrefixOf(branch->firsts[index]);
  }

  // A full leaf in which `index` is wanted gives its later half, or nothing at the right edge, to a new leaf
  // behind it. The new leaf may be empty until the caller has put the item in.
  Leaf* SplitLeaf(Leaf* leaf, unsigned index) {
    Leaf* right = NewLeaf();
    const bool at_right_edge = leaf->next == nullptr && index == kLeafItems;
    const unsigned keep = at_right_edge ? kLeafItems : kLeafItems / 2;
    right->count = static_cast<uint16_t>(kLeafItems - keep);
    std::memcpy(right->items, leaf->items + keep, right->count * sizeof(Item));
    std::memcpy(right->notes, leaf->notes + keep, right->count * sizeof(uint32_t));
    leaf->count = static_cast<uint16_t>(keep);
    right->previous = leaf;
    right->next = leaf->next;
    if (right->next != nullptr) right->next->previous = right;
    leaf->next = right;
    AddSibling(leaf, right);
    return right;
  }

  // Makes `right` the child behind `left`, whose weight it took a part of.
  void AddSibling(Node* left, Node* right) {
    Branch* branch = left->parent;
    if (branch == nullptr) {
      branch = NewBranch();
      root_ = branch;
      branch->count = 1;
      SetChild(branch, 0, left);
    }
    unsigned index = IndexIn(branch, left);
    if (branch->count == kBranchChildren) {
      Branch* later = SplitBranch(branch, index + 1);
      if (index >= branch->count) {
        index -= branch->count;
        branch = later;
      }
    }
    OpenGap(branch->children, index + 1, branch->count);
    OpenGap(branch->weights, index + 1, branch->count);
    OpenGap(branch->firsts, index + 1, branch->count);
    OpenGap(branch->prefixes, index + 1, branch->count);
    ++branch->count;
    branch->weights[index] = WeightOf(left);
    branch->children[index + 1] = right;
    right->parent = branch;
    branch->weights[index + 1] = 0;
    branch->firsts[index + 1] = FirstOf(left);  // until it has one of its own
    branch->prefixes[index + 1] = branch->prefixes[index];
    if (right->count > 0) SetChild(branch, index + 1, right);
  }

  Branch* SplitBranch(Branch* branch, unsigned index) {
    Branch* right = NewBranch();
    const bool at_right_edge = index == kBranchChildren && IsLast(branch);
    const unsigned keep = at_right_edge ? kBranchChildren - 1 : kBranchChildren / 2;
    for (unsigned i = keep; i < kBranchChildren; ++i) {
      const unsigned to = i - keep;
      right->children[to] = branch->children[i];
      right->children[to]->parent = right;
      right->weights[to] = branch->weights[i];
      right->firsts[to] = branch->firsts[i];
      right->prefixes[to] = branch->prefixes[i];
    }
    right->count = static_cast<uint16_t>(kBranchChildren - keep);
    branch->count = static_cast<uint16_t>(keep);
    AddSibling(branch, right);
    return right;
  }

  static bool IsLast(const Node* node) {
    for (const Branch* branch = node->parent; branch != nullptr; node = branch, branch = branch->parent) {
      if (branch->children[branch->count - 1] != node) return false;
    }
    return true;
  }

  // Takes an empty leaf out; returns the place behind it.
  Iterator DropLeaf(Leaf* leaf) {
    Leaf* previous = leaf->previous;
    Leaf* next = leaf->next;
    if (previous != nullptr) previous->next = next;
    if (next != nullptr) next->previous = previous;
    Drop(leaf);
    if (next != nullptr) return {next, 0};
    return previous != nullptr ? Iterator(previous, previous->count) : Iterator();
  }

  // Takes a node without content out, and what thereby has none above it.
  void Drop(Node* node) {
    Branch* branch = node->parent;
    if (branch == nullptr) {
      root_ = nullptr;
    } else if (branch->count == 1) {
      Drop(branch);
    } else {
      const unsigned at = IndexIn(branch, node);
      CloseChildGap(branch, at);
      if (at == 0) FirstChanged(branch);
      ShrinkBranch(branch);
    }
    Free(node);
  }

  // A leaf that has become small joins a neighbour under the same branch if both fit well into one. Returns
  // where the item of `index` is then.
  Iterator ShrinkLeaf(Leaf* leaf, unsigned index) {
    Branch* branch = leaf->parent;
    if (branch == nullptr) return {leaf, index};
    const unsigned at = IndexIn(branch, leaf);
    if (at > 0 && Fits(branch->children[at - 1], leaf, kLeafItems)) {
      auto* left = static_cast<Leaf*>(branch->children[at - 1]);
      index += left->count;
      JoinLeaves(left, leaf);
      leaf = left;
    } else if (at + 1u < branch->count && Fits(leaf, branch->children[at + 1], kLeafItems)) {
      JoinLeaves(leaf, static_cast<Leaf*>(branch->children[at + 1]));
    }
    return Settled(leaf, index);
  }

  static bool Fits(const Node* left, const Node* right, unsigned capacity) {
    return left->count + right->count <= capacity * 3 / 4;
  }

  void JoinLeaves(Leaf* left, Leaf* right) {
    std::memcpy(left->items + left->count, right->items, right->count * sizeof(Item));
    std::memcpy(left->notes + left->count, right->notes, right->count * sizeof(uint32_t));
    left->count = static_cast<uint16_t>(left->count + right->count);
    left->next = right->next;
    if (left->next != nullptr) left->next->previous = left;
    RemoveChild(left, right);
  }

  // Takes `right`, whose content went to `left` in front of it, out of their branch.
  void RemoveChild(Node* left, Node* right) {
    Branch* branch = right->parent;
    const unsigned at = IndexIn(branch, right);
    branch->weights[at - 1] = WeightOf(left);
    CloseChildGap(branch, at);
    Free(right);
    ShrinkBranch(branch);
  }

  static void CloseChildGap(Branch* branch, unsigned at) {
    CloseGap(branch->children, at, branch->count);
    CloseGap(branch->weights, at, branch->count);
    CloseGap(branch->firsts, at, branch->count);
    CloseGap(branch->prefixes, at, branch->count);
    --branch->count;
  }

  void ShrinkBranch(Branch* branch) {
    Branch* parent = branch->parent;
    if (parent == nullptr) return Flatten();
    if (branch->count > kBranchChildren / 2) return;
    const unsigned at = IndexIn(parent, branch);
    if (at > 0 && Fits(parent->children[at - 1], branch, kBranchChildren)) {
      JoinBranches(static_cast<Branch*>(parent->children[at - 1]), branch);
    } else if (at + 1u < parent->count && Fits(branch, parent->children[at + 1], kBranchChildren)) {
      JoinBranches(branch, static_cast<Branch*>(parent->children[at + 1]));
    }
  }

  // A root with one child leaves the place to it.
  void Flatten() {
    while (!root_->is_leaf && root_->count == 1) {
      Node* child = static_cast<Branch*>(root_)->children[0];
      Free(root_);
      root_ = child;
      child->parent = nullptr;
    }
  }

  void JoinBranches(Branch* left, Branch* right) {
    for (unsigned i = 0; i < right->count; ++i) {
      const unsigned to = left->count + i;
      left->children[to] = right->children[i];
      left->children[to]->parent = left;
      left->weights[to] = right->weights[i];
      left->firsts[to] = right->firsts[i];
      left->prefixes[to] = right->prefixes[i];
    }
    left->count = static_cast<uint16_t>(left->count + right->count);
    RemoveChild(left, right);
  }

  static uint64_t CheckNode(const Node* node, int level, int* depth, size_t* leaves, size_t* branches) {
    Require(node->count > 0, "counted tree: a node is empty");
    if (node->is_leaf) {
      ++*leaves;
      if (*depth < 0) *depth = level;
      Require(*depth == level, "counted tree: two leaves of different depth");
      const auto* leaf = static_cast<const Leaf*>(node);
      Require(leaf->next == nullptr || leaf->next->previous == leaf, "counted tree: the chain of leaves");
      for (unsigned i = 0; i < leaf->count; ++i) {
        Require(leaf->notes[i] == Note(leaf->items[i]), "counted tree: a prefix or a weight");
      }
      return WeightOf(leaf);
    }
    ++*branches;
    const auto* branch = static_cast<const Branch*>(node);
    uint64_t weight = 0;
    for (unsigned i = 0; i < branch->count; ++i) {
      const Node* child = branch->children[i];
      Require(child->parent == branch, "counted tree: a child's parent");
      Require(branch->firsts[i] == FirstOf(child) && branch->prefixes[i] == PrefixOf(FirstOf(child)),
              "counted tree: the first item below a branch");
      Require(CheckNode(child, level + 1, depth, leaves, branches) == branch->weights[i],
              "counted tree: a weight");
      weight += branch->weights[i];
    }
    return weight;
  }

  Node* root_ = nullptr;
  uint64_t weight_ = 0;
  size_t leaves_ = 0;
  size_t branches_ = 0;
};

}  // namespace corral::storage
