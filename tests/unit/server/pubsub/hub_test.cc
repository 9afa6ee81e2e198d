// The hub against a model of sets, with clients that come and go on one worker and on several.
#include "server/pubsub/hub.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "server/client/client.h"
#include "storage/base/capacity.h"
#include "storage/base/glob.h"
#include "storage/memory_meter.h"
#include "tests/unit/seed.h"

namespace corral::pubsub {
namespace {

using client::Client;

// A name with its number.
std::string Name(std::string_view kind, uint64_t number) {
  std::string name(kind);
  name += std::to_string(number);
  return name;
}

// A worker without sockets: keeps what is pushed to each client, and what is posted until it is run.
class FakeWorker final : public client::ClientOwner {
 public:
  explicit FakeWorker(size_t index) { worker_index = index; }
  void Visit(uint64_t, std::function<void(Client&)>) override {}
  void WaitAnswered(Client&) override {}
  void Post(std::function<void()> work) override { posted.push_back(std::move(work)); }
  void Push(Client& client, const client::PushedMessage& message) override {
    std::string& text = received[client.id];
    text += message.head;
    if (message.tail != nullptr) text += message.tail->view();
    if (message.common_head != nullptr) CHECK(message.common_head->view() == message.head);
  }
  void RunPosted() {
    for (; !posted.empty(); posted.pop_front()) posted.front()();
  }

  std::deque<std::function<void()>> posted;
  std::map<uint64_t, std::string> received;
};

struct World {
  explicit World(size_t count) : hub(count, 11) {
    for (size_t i = 0; i < count; ++i) {
      workers.push_back(std::make_unique<FakeWorker>(i));
      hub.AddWorker(*workers.back());
    }
  }
  ~World() {
    for (auto& [id, client] : clients) hub.Leave(*client);
  }
  Client& NewClient(size_t worker) {
    const uint64_t id = ++last_id;
    auto client = std::make_unique<Client>(id, *workers[worker], net::Stream::Handle(), pool, 0);
    return *clients.emplace(id, std::move(client)).first->second;
  }
  std::string Received(const Client& client) {
    std::string all;
    for (auto& worker : workers) {
      worker->RunPosted();
      all += std::exchange(worker->received[client.id], {});
    }
    return all;
  }

  Hub hub;
  std::vector<std::unique_ptr<FakeWorker>> workers;
  client::ChunkPool pool;
  std::map<uint64_t, std::unique_ptr<Client>> clients;
  uint64_t last_id = 0;
};

TEST_CASE("messages in both protocols differ in their first byte") {
  World world(1);
  Client& two = world.NewClient(0);
  Client& three = world.NewClient(0);
  three.reply.set_version(protocol::Version::kResp3);
  CHECK(world.hub.Subscribe(two, TopicKind::kChannel, "a"));
  CHECK_FALSE(world.hub.Subscribe(two, TopicKind::kChannel, "a"));
  CHECK(world.hub.Subscribe(three, TopicKind::kChannel, "a"));
  CHECK(world.hub.Publish(*world.workers[0], TopicKind::kChannel, "a", "hi") == 2);
  CHECK(world.Received(two) == "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nhi\r\n");
  CHECK(world.Received(three) == ">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nhi\r\n");
}

TEST_CASE("a large payload is whole on every worker") {
  World world(3);
  const std::string large(client::OutputBuffer::kCopiedBytes + 1, 'x');
  std::vector<Client*> clients;
  for (size_t i = 0; i < 12; ++i) {
    clients.push_back(&world.NewClient(i % 3));
    world.hub.Subscribe(*clients.back(), i % 2 == 0 ? TopicKind::kChannel : TopicKind::kPattern, "a");
  }
  CHECK(world.hub.Publish(*world.workers[1], TopicKind::kChannel, "a", large) == 12);
  for (size_t i = 0; i < clients.size(); ++i) {
    const std::string kind = i % 2 == 0 ? "*3\r\n$7\r\nmessage\r\n" : "*4\r\n$8\r\npmessage\r\n$1\r\na\r\n";
    CHECK(world.Received(*clients[i]) == kind + "$1\r\na\r\n$8193\r\n" + large + "\r\n");
  }
}

TEST_CASE("a message to a channel with a very long name leaves no memory behind") {
  World world(1);
  Client& client = world.NewClient(0);
  const std::string name(size_t{1} << 20, 'n');
  world.hub.Subscribe(client, TopicKind::kPattern, "n*");
  const int64_t before = storage::MemoryMeter::UsedBytes();
  CHECK(world.hub.Publish(*world.workers[0], TopicKind::kChannel, name, "hi") == 1);
  CHECK(world.Received(client).size() > name.size());
  CHECK(storage::MemoryMeter::UsedBytes() - before <= int64_t{storage::kKeptBytes});
}

// A worker hands messages on when it gets to it: the second publisher runs before that.
TEST_CASE("a message does not overtake what another worker published before it") {
  World world(3);
  std::vector<Client*> clients;
  for (size_t worker = 0; worker < 3; ++worker) {
    clients.push_back(&world.NewClient(worker));
    world.hub.Subscribe(*clients.back(), TopicKind::kChannel, "a");
  }
  std::string expected;
  for (size_t i = 0; i < 9; ++i) {
    const std::string payload = Name("m", i);
    world.hub.Publish(*world.workers[i % 3], TopicKind::kChannel, "a", payload);
    expected += "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\n" + payload + "\r\n";
  }
  for (Client* client : clients) CHECK(world.Received(*client) == expected);
  // Nothing waits any more: on the spot again.
  world.hub.Publish(*world.workers[1], TopicKind::kChannel, "a", "m9");
  CHECK(world.workers[1]->posted.empty());
  CHECK(world.workers[1]->received[clients[1]->id].ends_with("m9\r\n"));
}

// What each client should be subscribed to.
using Model = std::map<uint64_t, std::set<std::pair<TopicKind, std::string>>>;

size_t Expected(const Model& model, TopicKind kind, const std::string& channel,
                std::map<uint64_t, size_t>* per_client) {
  size_t receivers = 0;
  for (const auto& [id, topics] : model) {
    for (const auto& [topic_kind, name] : topics) {
      const bool pattern = kind == TopicKind::kChannel && topic_kind == TopicKind::kPattern;
      if (pattern ? !storage::GlobMatch(name, channel) : topic_kind != kind || name != channel) continue;
      ++receivers;
      ++(*per_client)[id];
    }
  }
  return receivers;
}

size_t CountMessages(const std::string& text) {
  size_t count = 0;
  for (size_t at = text.find('*'); at != std::string::npos; at = text.find('*', at + 1)) ++count;
  return count;
}

void RunHistory(size_t workers, uint32_t seed) {
  CAPTURE(workers);
  CAPTURE(seed);
  std::mt19937 random(seed);
  World world(workers);
  Model model;
  const auto any_client = [&]() -> Client& {
    auto at = world.clients.begin();
    std::advance(at, static_cast<long>(random() % world.clients.size()));
    return *at->second;
  };
  for (int step = 0; step < 20000; ++step) {
    const auto kind = static_cast<TopicKind>(random() % client::kTopicKinds);
    // Patterns are written without a star, which would be counted as a message.
    std::string name = Name("c", random() % 40);
    if (kind == TopicKind::kPattern && random() % 2 == 0) name = "c?";
    const auto action = random() % 20;
    if (world.clients.size() < 3 || (action == 0 && world.clients.size() < 60)) {
      world.NewClient(random() % workers);
    } else if (action == 1) {
      Client& client = any_client();
      world.hub.Leave(client);
      CHECK(client.kind() == client::KindOfClient::kNormal);
      model.erase(client.id);
      world.clients.erase(client.id);
    } else if (action == 2) {
      Client& client = any_client();
      std::set<std::string> left;
      world.hub.UnsubscribeAll(client, kind, [&](std::string_view topic) { left.emplace(topic); });
      std::set<std::string> wanted;
      for (const auto& [topic_kind, topic] : model[client.id]) {
        if (topic_kind == kind) wanted.insert(topic);
      }
      CHECK(left == wanted);
      for (const std::string& topic : wanted) model[client.id].erase({kind, topic});
    } else if (action < 10) {
      Client& client = any_client();
      CHECK(world.hub.Subscribe(client, kind, name) == model[client.id].emplace(kind, name).second);
      CHECK(client.subscriptions->total() == model[client.id].size());
    } else if (action < 15) {
      Client& client = any_client();
      CHECK(world.hub.Unsubscribe(client, kind, name) == (model[client.id].erase({kind, name}) != 0));
    } else {
      const TopicKind to = action < 18 ? TopicKind::kChannel : TopicKind::kShardChannel;
      std::map<uint64_t, size_t> per_client;
      const size_t receivers = Expected(model, to, name, &per_client);
      CHECK(world.hub.Publish(*world.workers[random() % workers], to, name, "m") == receivers);
      for (auto& [id, client] : world.clients)
        CHECK(CountMessages(world.Received(*client)) == per_client[id]);
    }
  }
  for (auto& [id, client] : world.clients) world.hub.Leave(*client);
  CHECK(world.hub.clients() == 0);
  for (TopicKind kind : {TopicKind::kChannel, TopicKind::kPattern, TopicKind::kShardChannel}) {
    CHECK(world.hub.topics(kind) == 0);
    CHECK(world.hub.Names(kind, "*").empty());
  }
}

TEST_CASE("random histories deliver what a model of sets says") {
  const auto seed = TestSeed();
  RunHistory(1, seed);
  RunHistory(3, seed);
}

TEST_CASE("one client with very many channels") {
  World world(1);
  Client& client = world.NewClient(0);
  for (int i = 0; i < 100000; ++i)
    world.hub.Subscribe(client, TopicKind::kChannel, Name("channel:", static_cast<uint64_t>(i)));
  CHECK(world.hub.topics(TopicKind::kChannel) == 100000);
  CHECK(world.hub.Names(TopicKind::kChannel, "channel:9999?").size() == 10);
  size_t left = 0;
  world.hub.UnsubscribeAll(client, TopicKind::kChannel, [&](std::string_view) { ++left; });
  CHECK(left == 100000);
  CHECK(client.subscriptions == nullptr);
}

TEST_CASE("one channel with very many clients, which leave in any order") {
  World world(1);
  std::vector<Client*> clients;
  for (int i = 0; i < 5000; ++i) {
    clients.push_back(&world.NewClient(0));
    world.hub.Subscribe(*clients.back(), TopicKind::kChannel, "a");
  }
  std::mt19937 random(5);
  std::shuffle(clients.begin(), clients.end(), random);
  for (size_t i = 0; i < clients.size(); ++i) {
    CHECK(world.hub.Subscribers(TopicKind::kChannel, "a") == clients.size() - i);
    world.hub.Leave(*clients[i]);
  }
  CHECK(world.hub.silent());
}

}  // namespace
}  // namespace corral::pubsub
