// The memory of a topic and of its subscribers.
#include "server/pubsub/topic.h"

#include <cstdlib>
#include <cstring>
#include <new>

#include "storage/base/out_of_memory.h"

namespace corral::pubsub {
namespace {

using client::Client;

constexpr uint32_t kFirstArray = 4;

}  // namespace

uint32_t Subscribers::Add(Client& client) {
  if (size == capacity) {
    const uint32_t wanted = capacity == 1 ? kFirstArray : capacity + capacity / 2;
    void* old = capacity == 1 ? nullptr : many;
    auto** grown = static_cast<Client**>(
        storage::Allocated(std::realloc(old, wanted * sizeof(Client*)), wanted * sizeof(Client*)));
    if (capacity == 1) grown[0] = one;
    many = grown;
    capacity = wanted;
  }
  begin()[size] = &client;
  return size++;
}

Client* Subscribers::RemoveAt(uint32_t place) {
  Client** clients = begin();
  Client* moved = place + 1 < size ? clients[size - 1] : nullptr;
  if (moved != nullptr) clients[place] = moved;
  --size;
  if (size <= 1 && capacity > 1) {
    Client* last = clients[0];
    Free();
    capacity = 1;
    one = last;
  } else if (capacity > 2 * kFirstArray && size < capacity / 4) {
    capacity /= 2;
    many = static_cast<Client**>(
        storage::Allocated(std::realloc(many, capacity * sizeof(Client*)), capacity * sizeof(Client*)));
  }
  return moved;
}

void Subscribers::Free() {
  if (capacity > 1) std::free(many);
}

Topic* Topic::Make(client::TopicKind kind, std::string_view name, uint32_t hash) {
  const size_t bytes = sizeof(Topic) + name.size();
  auto* topic = new (storage::Allocated(std::malloc(bytes), bytes))
      Topic{nullptr, hash, static_cast<uint32_t>(name.size()), 0, kind, {}};
  if (!name.empty()) std::memcpy(reinterpret_cast<char*>(topic + 1), name.data(), name.size());
  return topic;
}

void Topic::Destroy(Topic* topic) {
  topic->first.Free();
  for (Subscribers* other = topic->first.next; other != nullptr;) {
    Subscribers* next = other->next;
    other->Free();
    delete other;
    other = next;
  }
  std::free(topic);
}

Subscribers* Topic::Of(size_t worker) {
  for (Subscribers* at = &first; at != nullptr; at = at->next) {
    if (at->worker == worker) return at;
  }
  return nullptr;
}

uint32_t Topic::Add(Client& client, size_t worker) {
  Subscribers* mine = Of(worker);
  if (mine == nullptr || subscribers == 0) {
    if (first.size == 0) {
      mine = &first;
    } else {
      mine = new Subscribers;
      mine->next = first.next;
      first.next = mine;
    }
    mine->worker = static_cast<uint32_t>(worker);
  }
  ++subscribers;
  return mine->Add(client);
}

Client* Topic::RemoveAt(size_t worker, uint32_t place) {
  Subscribers* mine = Of(worker);
  --subscribers;
  Client* moved = mine->RemoveAt(place);
  if (mine->size == 0 && mine != &first) {
    Subscribers** link = &first.next;
    while (*link != mine) link = &(*link)->next;
    *link = mine->next;
    delete mine;
  }
  return moved;
}

}  // namespace corral::pubsub
