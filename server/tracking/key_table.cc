// The blocks of tracked keys and the table that links them.
#include "server/tracking/key_table.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include "storage/base/out_of_memory.h"

namespace corral::tracking {

static_assert(offsetof(TrackedKey, count) + sizeof(uint32_t) == sizeof(void*) + 3 * sizeof(uint32_t));

size_t TrackedKey::BlockBytes(size_t name_size, uint32_t room) {
  size_t bytes = kHeaderBytes + ((name_size + 3) & ~size_t{3}) + room * sizeof(uint32_t);
  return std::max(bytes, sizeof(TrackedKey));
}

TrackedKey* TrackedKey::Make(std::string_view name, uint32_t hash, uint32_t number) {
  const size_t bytes = BlockBytes(name.size(), 1);
  void* memory = storage::Allocated(std::malloc(bytes), bytes);
  auto* key = new (memory) TrackedKey{nullptr, hash, static_cast<uint32_t>(name.size()), 1};
  if (!name.empty()) std::memcpy(key->Bytes(), name.data(), name.size());
  key->numbers()[0] = number;
  return key;
}

TrackedKey* TrackedKey::With(uint32_t number) {
  TrackedKey* key = this;
  if (std::has_single_bit(count)) {
    const size_t bytes = BlockBytes(name_size, 2 * count);
    key = static_cast<TrackedKey*>(storage::Allocated(std::realloc(static_cast<void*>(this), bytes), bytes));
  }
  std::span<uint32_t> before = key->numbers();
  uint32_t* place = std::lower_bound(before.data(), before.data() + before.size(), number);
  std::memmove(place + 1, place,
               static_cast<size_t>(before.data() + before.size() - place) * sizeof(uint32_t));
  *place = number;
  ++key->count;
  return key;
}

void TrackedKey::Free::operator()(TrackedKey* key) const { std::free(key); }

KeyTable::~KeyTable() {
  keys_.ForEach([](TrackedKey& key) { std::free(&key); });
}

KeyTable::KeyTable(KeyTable&& other) noexcept
    : keys_(std::exchange(other.keys_, {})), items_(std::exchange(other.items_, 0)) {}

bool KeyTable::Add(std::string_view name, uint32_t hash, uint32_t number) {
  TrackedKey* key = keys_.Find(hash, [&](const TrackedKey& found) { return found.name() == name; });
  if (key == nullptr) {
    keys_.Insert(TrackedKey::Make(name, hash, number));
    ++items_;
    return true;
  }
  std::span<uint32_t> numbers = key->numbers();
  if (std::binary_search(numbers.begin(), numbers.end(), number)) return false;
  const auto old_address = reinterpret_cast<uintptr_t>(key);
  TrackedKey* grown = key->With(number);
  if (reinterpret_cast<uintptr_t>(grown) != old_address) keys_.Moved(old_address, grown);
  ++items_;
  return true;
}

OwnedKey KeyTable::Unlink(TrackedKey* key) {
  keys_.Remove(key);
  items_ -= key->count;
  return OwnedKey(key);
}

OwnedKey KeyTable::Take(std::string_view name, uint32_t hash) {
  TrackedKey* key = keys_.Find(hash, [&](const TrackedKey& found) { return found.name() == name; });
  return key != nullptr ? Unlink(key) : nullptr;
}

OwnedKey KeyTable::TakeAny(uint64_t random) {
  if (keys_.empty()) return nullptr;
  size_t at = random % keys_.buckets();
  while (keys_.bucket(at) == nullptr) at = (at + 1) % keys_.buckets();
  return Unlink(keys_.bucket(at));
}

size_t KeyTable::Sweep(uint64_t* at, size_t buckets, const std::function<bool(uint32_t)>& gone) {
  size_t visited = 0;
  for (; visited < buckets && *at < kSweepEnd; ++visited) {
    bool dropped = false;
    for (TrackedKey* key = keys_.WalkBucket(*at); key != nullptr && !dropped; key = key->next) {
      std::span<uint32_t> numbers = key->numbers();
      const auto left =
          static_cast<uint32_t>(std::remove_if(numbers.begin(), numbers.end(), gone) - numbers.begin());
      if (left == 0) {
        // The table may have shrunk then: the bucket is looked up and visited again.
        Unlink(key);
        dropped = true;
        break;
      }
      items_ -= key->count - left;
      key->count = left;
    }
    if (!dropped) *at = keys_.WalkNext(*at);
  }
  return visited;
}

}  // namespace corral::tracking
