// A message to very many connections, and what is left of it.
#include "server/tracking/courier.h"

#include <doctest/doctest.h>

#include <functional>
#include <utility>
#include <vector>

#include "storage/base/capacity.h"
#include "storage/memory_meter.h"

namespace corral::tracking {
namespace {

// A worker all of whose connections are gone by the time that a message comes.
struct EmptyWorker final : client::ClientOwner {
  explicit EmptyWorker(size_t index) { worker_index = index; }
  void Visit(uint64_t, std::function<void(client::Client&)>) override {}
  void WaitAnswered(client::Client&) override {}
  void Post(std::function<void()> work) override { posted.push_back(std::move(work)); }

  std::vector<std::function<void()>> posted;
};

TEST_CASE("courier: a message to very many connections leaves no memory behind on any worker") {
  EmptyWorker here(0), there(1);
  Courier courier(2);
  const int64_t before = storage::MemoryMeter::UsedBytes();
  for (uint64_t id = 1; id <= 20'000; ++id) {
    Tracker tracker{};
    tracker.client_id = id;
    tracker.owner = id % 2 == 0 ? &here : &there;
    courier.Address(here, tracker);
  }
  courier.Send(here, Invalidation());
  REQUIRE(there.posted.size() == 1);
  there.posted[0]();
  std::vector<std::function<void()>>().swap(there.posted);
  CHECK(storage::MemoryMeter::UsedBytes() - before <= 2 * int64_t{storage::kKeptBytes});
}

}  // namespace
}  // namespace corral::tracking
