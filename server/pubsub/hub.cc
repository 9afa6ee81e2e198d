// Joining and leaving topics, and handing messages to their subscribers.
#include "server/pubsub/hub.h"

#include <mutex>
#include <shared_mutex>
#include <utility>

#include "server/client/client.h"
#include "storage/base/capacity.h"
#include "storage/base/glob.h"
#include "storage/base/number.h"

namespace corral::pubsub {
namespace {

using client::Client;
using client::ClientOwner;
using client::TopicSet;

constexpr size_t kParts = 64;  // with several workers
// Subscribers from which on the head of a message is referenced and not copied.
constexpr uint32_t kManySubscribers = 4;
constexpr std::string_view kLineEnd = "\r\n";

storage::SharedBytes WithLineEnd(std::string_view payload) {
  storage::SharedBytes bytes = storage::SharedBytes::Allocate(payload.size() + kLineEnd.size());
  payload.copy(bytes.data(), payload.size());
  kLineEnd.copy(bytes.data() + payload.size(), kLineEnd.size());
  bytes.SetSize(payload.size() + kLineEnd.size());
  return bytes;
}

void AppendBulkHeader(std::string* out, size_t size) {
  char digits[storage::kIntegerDigits];
  *out += '$';
  out->append(digits, storage::FormatInt64(static_cast<int64_t>(size), digits));
  *out += kLineEnd;
}

void AppendBulk(std::string* out, std::string_view bytes) {
  AppendBulkHeader(out, bytes.size());
  out->append(bytes);
  *out += kLineEnd;
}

}  // namespace

// What is published. A large payload exists once for all outputs that it goes to.
struct Hub::Message {
  TopicKind kind;
  uint32_t hash;
  std::string_view channel;
  std::string_view payload;
  storage::SharedBytes shared;  // the payload with its line end, when it is large

  bool large() const { return payload.size() > client::OutputBuffer::kCopiedBytes; }
};

Hub::Hub(size_t workers, uint64_t seed) : hasher_(seed), concurrent_(workers > 1), publications_(workers) {
  for (TopicKind kind : {TopicKind::kChannel, TopicKind::kPattern, TopicKind::kShardChannel}) {
    // Patterns are walked as a whole: more parts would only be more locks.
    const size_t count = concurrent_ && kind != TopicKind::kPattern ? kParts : 1;
    for (size_t i = 0; i < count; ++i) PartsOf(kind).push_back(std::make_unique<Part>(concurrent_));
  }
}

Hub::~Hub() {
  for (auto& parts : parts_) {
    for (auto& part : parts) part->topics.ForEach([](Topic& topic) { Topic::Destroy(&topic); });
  }
}

void Hub::AddWorker(ClientOwner& owner) { owners_.push_back(&owner); }

Hub::Part& Hub::PartOf(TopicKind kind, uint32_t hash) {
  auto& parts = PartsOf(kind);
  return *parts[(hash >> 26) & (parts.size() - 1)];
}

Topic* Hub::Find(Part& part, uint32_t hash, std::string_view name) const {
  return part.topics.Find(hash, [&](const Topic& topic) { return topic.name() == name; });
}

// --- joining and leaving

bool Hub::Subscribe(Client& client, TopicKind kind, std::string_view name) {
  if (client.subscriptions == nullptr) client.subscriptions = std::make_unique<client::Subscriptions>();
  const uint32_t hash = HashOf(name);
  Part& part = PartOf(kind, hash);
  TopicSet& set = client.subscriptions->of(kind);
  std::lock_guard changing(part.mutex);
  Topic* topic = Find(part, hash, name);
  if (topic == nullptr) {
    topic = Topic::Make(kind, name, hash);
    part.topics.Insert(topic);
    topics_[static_cast<size_t>(kind)].Add(1, concurrent_);
  } else if (set.Find(topic) != nullptr) {
    return false;
  }
  if (client.subscriptions->total() == 0) clients_.Add(1, concurrent_);
  set.Add(topic, topic->Add(client, client.owner().worker_index));
  return true;
}

void Hub::Detach(Client& client, TopicSet& set, TopicSet::Entry* entry) {
  Topic* topic = entry->topic;
  Client* moved = topic->RemoveAt(client.owner().worker_index, entry->position);
  if (moved != nullptr) moved->subscriptions->of(topic->kind).Find(topic)->position = entry->position;
  set.Remove(entry);
  if (topic->subscribers > 0) return;
  PartOf(topic->kind, topic->hash).topics.Remove(topic);
  topics_[static_cast<size_t>(topic->kind)].Add(-1, concurrent_);
  Topic::Destroy(topic);
}

bool Hub::Unsubscribe(Client& client, TopicKind kind, std::string_view name) {
  if (client.subscriptions == nullptr) return false;
  const uint32_t hash = HashOf(name);
  Part& part = PartOf(kind, hash);
  TopicSet& set = client.subscriptions->of(kind);
  {
    std::lock_guard changing(part.mutex);
    Topic* topic = Find(part, hash, name);
    TopicSet::Entry* entry = topic != nullptr ? set.Find(topic) : nullptr;
    if (entry == nullptr) return false;
    Detach(client, set, entry);
  }
  if (client.subscriptions->total() == 0) {
    client.subscriptions.reset();
    clients_.Add(-1, concurrent_);
  }
  return true;
}

void Hub::UnsubscribeAll(Client& client, TopicKind kind, const std::function<void(std::string_view)>& left) {
  while (client.subscriptions != nullptr && client.subscriptions->of(kind).size() > 0) {
    // A topic lives as long as this client is on its list.
    const std::string name(client.subscriptions->of(kind).Any()->topic->name());
    Unsubscribe(client, kind, name);
    left(name);
  }
}

void Hub::Leave(Client& client) {
  if (client.subscriptions == nullptr) return;
  for (TopicKind kind : {TopicKind::kChannel, TopicKind::kPattern, TopicKind::kShardChannel}) {
    TopicSet& set = client.subscriptions->of(kind);
    while (set.size() > 0) {
      TopicSet::Entry* entry = set.Any();
      std::lock_guard changing(PartOf(kind, entry->topic->hash).mutex);
      Detach(client, set, entry);
    }
  }
  client.subscriptions.reset();
  clients_.Add(-1, concurrent_);
}

// --- publishing

template <class Visit>
void Hub::ForEachTarget(const Message& message, Visit visit) {
  {
    Part& part = PartOf(message.kind, message.hash);
    std::shared_lock reading(part.mutex);
    if (Topic* topic = Find(part, message.hash, message.channel)) visit(*topic);
  }
  if (message.kind != TopicKind::kChannel || topics(TopicKind::kPattern) == 0) return;
  Part& part = *PartsOf(TopicKind::kPattern)[0];
  std::shared_lock reading(part.mutex);
  part.topics.ForEach([&](Topic& topic) {
    if (storage::GlobMatch(topic.name(), message.channel)) visit(topic);
  });
}

// One encoding serves both protocols: they differ in the first byte.
void Hub::Deliver(ClientOwner& here, Topic& topic, const Message& message) {
  auto* subscribers = topic.Of(here.worker_index);
  if (subscribers == nullptr || subscribers->size == 0) return;
  std::string& frame = publications_[here.worker_index].frame;
  if (topic.kind == TopicKind::kPattern) {
    frame += "*4\r\n$8\r\npmessage\r\n";
    AppendBulk(&frame, topic.name());
  } else {
    frame += topic.kind == TopicKind::kChannel ? "*3\r\n$7\r\nmessage\r\n" : "*3\r\n$8\r\nsmessage\r\n";
  }
  AppendBulk(&frame, message.channel);
  if (message.large()) {
    AppendBulkHeader(&frame, message.payload.size());
  } else {
    AppendBulk(&frame, message.payload);
  }
  client::PushedMessage pushed{.head = frame, .tail = message.large() ? &message.shared : nullptr};
  const bool many = subscribers->size >= kManySubscribers;
  storage::SharedBytes common[2];
  for (Client* client : *subscribers) {
    const bool resp3 = client->version() == protocol::Version::kResp3;
    frame[0] = resp3 ? '>' : '*';
    if (many) {
      if (!common[resp3]) common[resp3] = storage::SharedBytes::CopyOf(frame);
      pushed.common_head = &common[resp3];
    }
    here.Push(*client, pushed);
  }
  frame.clear();
  storage::GiveBack(frame);
}

size_t Hub::Publish(ClientOwner& here, TopicKind kind, std::string_view channel, std::string_view payload) {
  if (topics(kind) + topics(TopicKind::kPattern) == 0) return 0;
  Message message{kind, HashOf(channel), channel, payload, {}};
  Publication& publication = publications_[here.worker_index];
  std::vector<bool>& other_workers = publication.other_workers;
  // A message that is known to have been published before this one has been counted by now.
  const bool overtakes = concurrent_ && publication.in_mail.load(std::memory_order_acquire) != 0;
  size_t receivers = 0;
  bool others = false;
  ForEachTarget(message, [&](Topic& topic) {
    receivers += topic.subscribers;
    if (message.large() && !message.shared) message.shared = WithLineEnd(payload);
    if (!overtakes) Deliver(here, topic, message);
    if (!concurrent_) return;
    for (const auto* part = &topic.first; part != nullptr; part = part->next) {
      if ((part->worker == here.worker_index && !overtakes) || part->size == 0) continue;
      if (!others) other_workers.assign(owners_.size(), false);
      others = other_workers[part->worker] = true;
    }
  });
  if (!others) return receivers;
  if (!message.shared) message.shared = WithLineEnd(payload);
  for (size_t worker = 0; worker < owners_.size(); ++worker) {
    if (other_workers[worker]) Post(worker, message);
  }
  return receivers;
}

void Hub::Post(size_t worker, const Message& message) {
  ClientOwner& owner = *owners_[worker];
  const auto deliver = [this, &owner, kind = message.kind, hash = message.hash,
                        channel = std::string(message.channel), shared = message.shared] {
    std::string_view payload = shared.view();
    payload.remove_suffix(kLineEnd.size());
    const Message posted{kind, hash, channel, payload, shared};
    ForEachTarget(posted, [&](Topic& topic) { Deliver(owner, topic, posted); });
    publications_[owner.worker_index].in_mail.fetch_sub(1, std::memory_order_release);
  };
  publications_[worker].in_mail.fetch_add(1, std::memory_order_release);
  // The message, and what is written of it at least.
  owner.PostMessages(deliver, 2 * (sizeof(deliver) + message.channel.size() + message.payload.size()));
}

// --- asking

size_t Hub::Subscribers(TopicKind kind, std::string_view name) {
  const uint32_t hash = HashOf(name);
  Part& part = PartOf(kind, hash);
  std::shared_lock reading(part.mutex);
  const Topic* topic = Find(part, hash, name);
  return topic != nullptr ? topic->subscribers : 0;
}

std::vector<std::string> Hub::Names(TopicKind kind, std::string_view pattern) {
  std::vector<std::string> names;
  for (auto& part : PartsOf(kind)) {
    std::shared_lock reading(part->mutex);
    part->topics.ForEach([&](const Topic& topic) {
      if (storage::GlobMatch(pattern, topic.name())) names.emplace_back(topic.name());
    });
  }
  return names;
}

}  // namespace corral::pubsub
