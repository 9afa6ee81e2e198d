// Numbers and prefixes of the connections that track, and the way of a message to them.
#include "server/tracking/trackers.h"

#include <doctest/doctest.h>

#include <functional>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/tracking/courier.h"

namespace corral::tracking {
namespace {

using client::Client;

// Keeps what is posted until it is run.
class FakeWorker final : public client::ClientOwner {
 public:
  explicit FakeWorker(size_t index) { worker_index = index; }
  void Visit(uint64_t, std::function<void(Client&)>) override {}
  void WaitAnswered(Client&) override {}
  void Post(std::function<void()> work) override { posted.push_back(std::move(work)); }
  Client* Find(uint64_t id) override {
    auto found = clients.find(id);
    return found == clients.end() ? nullptr : found->second;
  }
  void Push(Client& client, const client::PushedMessage& message) override {
    received[client.id] += message.common_head != nullptr ? message.common_head->view() : message.head;
  }
  void RunPosted() {
    for (auto& work : std::exchange(posted, {})) work();
  }

  std::vector<std::function<void()>> posted;
  std::map<uint64_t, Client*> clients;
  std::map<uint64_t, std::string> received;
};

class TestClient : public Client {
 public:
  TestClient(uint64_t id, FakeWorker& worker, client::ChunkPool& pool)
      : Client(id, worker, net::Stream::Handle(), pool, 0), worker_(worker) {
    reply.set_version(protocol::Version::kResp3);
    worker.clients[id] = this;
  }
  ~TestClient() { worker_.clients.erase(id); }

 private:
  FakeWorker& worker_;
};

std::vector<uint64_t> On(const Trackers& trackers, std::string_view prefix) {
  std::vector<uint64_t> ids;
  const auto reading = trackers.Read();
  trackers.ForEachOn(prefix, [&](const Tracker& tracker) { ids.push_back(tracker.client_id); });
  return ids;
}

TEST_CASE("trackers: a number lasts from the first time on until the connection goes") {
  FakeWorker worker(0);
  client::ChunkPool pool;
  Trackers trackers(true);
  TestClient client(7, worker, pool), other(8, worker, pool);
  trackers.Disable(client);  // nothing to turn off
  trackers.Remove(client);
  CHECK(trackers.departures() == 0);

  trackers.Enable(client, {});
  const uint32_t number = client.tracking->number;
  REQUIRE(trackers.Find(number) != nullptr);
  CHECK(trackers.Find(number)->client_id == 7);
  CHECK(trackers.Find(number)->by_key);
  CHECK(trackers.tracking() == 1);

  trackers.Disable(client);
  REQUIRE(trackers.Find(number) != nullptr);
  CHECK_FALSE(trackers.Find(number)->on);
  CHECK(trackers.tracking() == 0);
  size_t on = 0;
  trackers.ForEach([&](const Tracker&) { ++on; });
  CHECK(on == 0);

  trackers.Enable(client, {.no_loop = true});
  CHECK(client.tracking->number == number);
  trackers.Remove(client);
  CHECK(trackers.Find(number) == nullptr);
  CHECK(trackers.departures() == 1);
  trackers.Enable(other, {});
  CHECK(other.tracking->number != number);
}

TEST_CASE("trackers: a key's prefixes are found by their lengths, and gone with the last who has them") {
  FakeWorker worker(0);
  client::ChunkPool pool;
  Trackers trackers(false);
  TestClient all(1, worker, pool), users(2, worker, pool), both(3, worker, pool);
  trackers.Enable(all, {.broadcast = true});
  trackers.Enable(users, {.broadcast = true, .prefixes = {"user:"}});
  trackers.Enable(both, {.broadcast = true, .prefixes = {"user:", "user:1", "zoo", "user:"}});
  CHECK(trackers.prefixes() == 4);
  CHECK(trackers.broadcasting() == 3);
  std::vector<std::string> found;
  const auto note = [&](const std::string& prefix) { found.push_back(prefix); };
  trackers.ForEachPrefixOf("user:12", note);
  CHECK(found == std::vector<std::string>{"", "user:", "user:1"});
  found.clear();
  trackers.ForEachPrefixOf("us", note);
  CHECK(found == std::vector<std::string>{""});
  CHECK(On(trackers, "user:") == std::vector<uint64_t>{2, 3});
  trackers.Disable(both);
  CHECK(both.tracking->prefix_bytes == 0);
  CHECK(On(trackers, "user:") == std::vector<uint64_t>{2});
  CHECK(On(trackers, "zoo").empty());
  trackers.Remove(users);
  trackers.Remove(all);
  CHECK(trackers.prefixes() == 0);
  CHECK(trackers.broadcasting() == 0);
}

TEST_CASE("courier: one post for a worker, however many of its connections get the message") {
  FakeWorker first(0), second(1);
  client::ChunkPool pool;
  Trackers trackers(true);
  Courier courier(2);
  TestClient here(1, first, pool), there(2, second, pool), there_too(3, second, pool);
  for (Client* client : std::initializer_list<Client*>{&here, &there, &there_too}) {
    trackers.Enable(*client, {});
    courier.Address(first, *trackers.Find(client->tracking->number));
  }
  const std::string_view keys[] = {"k"};
  courier.Send(first, Invalidation(keys));
  const std::string message = ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n";
  CHECK(first.received[1] == message);
  CHECK(second.received.empty());
  REQUIRE(second.posted.size() == 1);
  second.RunPosted();
  CHECK(second.received[2] == message);
  CHECK(second.received[3] == message);
  courier.Send(first, Invalidation(keys));  // addressed to nobody
  CHECK(first.received[1] == message);
  CHECK(second.posted.empty());
}

TEST_CASE("courier: who redirects to a connection that is gone is told so on its own worker") {
  FakeWorker first(0), second(1);
  client::ChunkPool pool;
  Trackers trackers(true);
  Courier courier(2);
  TestClient client(1, second, pool);
  trackers.Enable(client, {.redirect_id = 99, .redirect_owner = &first});
  courier.Address(first, *trackers.Find(client.tracking->number));
  courier.Send(first, Invalidation());
  CHECK_FALSE(client.tracking->broken_redirect);
  second.RunPosted();
  CHECK(client.tracking->broken_redirect);
  CHECK(second.received[1] == RedirectBroken(99));
}

}  // namespace
}  // namespace corral::tracking
