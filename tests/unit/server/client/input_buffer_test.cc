// The bytes of a request that waits, against a plain string: whatever is dropped from the front and read at
// the end.
#include "server/client/input_buffer.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <string>
#include <utility>

#include "tests/unit/seed.h"

namespace corral::client {
namespace {

TEST_CASE("input buffer: random reads and drops") {
  const auto seed = TestSeed();
  CAPTURE(seed);
  std::mt19937 random(seed);
  InputBuffer input;
  std::string model;
  for (int step = 0; step < 20000; ++step) {
    const auto what = random() % 8;
    if (what < 3) {
      const size_t wanted = random() % 3 == 0 ? model.size() + random() % 100'000 : 0;
      const std::span<char> tail = input.Tail(wanted);
      REQUIRE(!tail.empty());
      const size_t bytes = std::min<size_t>(tail.size(), random() % 5000);
      for (size_t i = 0; i < bytes; ++i) {
        tail[i] = static_cast<char>('a' + random() % 26);
        model += tail[i];
      }
      input.Commit(bytes);
    } else if (what == 7) {  // from elsewhere
      model.assign(random() % 3000, static_cast<char>('A' + random() % 26));
      input.Assign(model);
    } else {
      const size_t dropped = random() % (model.size() + 1);
      input.Assign(input.view().substr(dropped));
      model.erase(0, dropped);
    }
    REQUIRE(input.view() == model);
    REQUIRE(input.empty() == model.empty());
    if (model.size() > 200'000) {
      input.Assign({});
      model.clear();
      REQUIRE(input.capacity() == 0);
    }
  }
}

TEST_CASE("input buffer: the read after the first takes a line of 80 KB to its end") {
  InputBuffer input;
  input.Assign(std::string(32 * 1024, 'x'));
  CHECK(input.Tail(0).size() >= 48 * 1024);
}

TEST_CASE("input buffer: dropping from the front moves nothing") {
  InputBuffer input;
  input.Assign(std::string(100'000, 'x'));
  const char* at = input.view().data();
  input.Assign(input.view().substr(60'000));
  CHECK(input.view().data() == at + 60'000);
  InputBuffer moved(std::move(input));
  CHECK(moved.size() == 40'000);
  CHECK(input.empty());
  CHECK(input.capacity() == 0);
}

}  // namespace
}  // namespace corral::client
