// Sharing, growing and handing over of reference-counted buffers.
#include "storage/base/shared_bytes.h"

#include <doctest/doctest.h>

#include <cstring>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace corral::storage {
namespace {

TEST_CASE("shared bytes: copies share, the last one frees") {
  SharedBytes empty;
  CHECK(!empty);
  SharedBytes first = SharedBytes::CopyOf("hello");
  CHECK(first.view() == "hello");
  CHECK(first.unique());
  CHECK(first.capacity() >= 5);
  CHECK(first.allocated_bytes() >= first.capacity());
  SharedBytes second = first;
  CHECK(second.data() == first.data());
  CHECK(!first.unique());
  SharedBytes third = std::move(second);
  CHECK(!second);  // NOLINT: a moved-from handle is empty by contract
  first = SharedBytes();
  CHECK(third.unique());
  CHECK(third.view() == "hello");
  CHECK(SharedBytes::CopyOf("").view().empty());
}

TEST_CASE("shared bytes: reserve keeps the bytes and leaves other holders alone") {
  SharedBytes bytes;
  bytes.Reserve(10);
  CHECK(bytes.size() == 0);
  CHECK(bytes.capacity() >= 10);
  std::string model = "0123456789";
  memcpy(bytes.data(), model.data(), model.size());
  bytes.SetSize(model.size());
  SharedBytes reader = bytes;
  bytes.Reserve(20);
  CHECK(bytes.unique());
  CHECK(bytes.data() != reader.data());
  memcpy(bytes.data(), "x", 1);
  CHECK(bytes.view() == "x123456789");
  CHECK(reader.view() == model);
  bytes.Reserve(5 << 20);
  CHECK(bytes.capacity() >= 5 << 20);
  CHECK(bytes.view() == "x123456789");
  const char* place = bytes.data();
  bytes.Reserve(100);
  CHECK(bytes.data() == place);
  SharedBytes other = bytes;
  bytes.Reserve(4);
  CHECK(bytes.view() == "x123");
  CHECK(other.view() == "x123456789");
}

TEST_CASE("shared bytes: the whole capacity may be written") {
  for (size_t size : {0, 1, 7, 40, 1000, 5000, 100000}) {
    SharedBytes bytes = SharedBytes::Allocate(size);
    REQUIRE(bytes.capacity() >= size);
    memset(bytes.data(), 'x', bytes.capacity());
    bytes.SetSize(bytes.capacity());
    CHECK(bytes.view() == std::string(bytes.capacity(), 'x'));
  }
}

TEST_CASE("shared bytes: a reference survives as raw bytes") {
  SharedBytes bytes = SharedBytes::CopyOf("raw");
  SharedBytes other = bytes;
  void* raw = bytes.Release();
  CHECK(!bytes);
  CHECK(!other.unique());
  bytes = SharedBytes::Adopt(raw);
  CHECK(bytes.view() == "raw");
  other = SharedBytes();
  CHECK(bytes.unique());
}

TEST_CASE("shared bytes: handles dropped on several threads") {
  for (int round = 0; round < 50; ++round) {
    SharedBytes bytes = SharedBytes::CopyOf("many");
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([copy = bytes]() mutable {
        for (int j = 0; j < 100; ++j) {
          SharedBytes again = copy;
          if (again.view() != "many") abort();
        }
        copy = SharedBytes();
      });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(bytes.unique());
  }
}

}  // namespace
}  // namespace corral::storage
