// The output queue against a plain string: what is gathered is what was appended, whatever way it came in.
#include "server/client/output_buffer.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>

#include "tests/unit/seed.h"

namespace corral::client {
namespace {

// At most `limit` bytes from the head, as one write would take them.
std::string Taken(const OutputBuffer& output, size_t limit) {
  std::array<net::Slice, 16> slices;
  std::string text;
  const size_t count = output.Gather(slices);
  for (size_t i = 0; i < count; ++i) text.append(slices[i].data, slices[i].size);
  return text.substr(0, limit);
}

TEST_CASE("random appends and writes") {
  const auto seed = TestSeed();
  CAPTURE(seed);
  std::mt19937 random(seed);
  ChunkPool pool;
  OutputBuffer output(pool);
  std::string model;
  char letter = 'a';
  for (int step = 0; step < 40000; ++step) {
    const bool filling = (step / 500) % 2 == 0;
    if (random() % 4 < (filling ? 3u : 1u)) {
      letter = letter == 'z' ? 'a' : static_cast<char>(letter + 1);
      const std::string bytes(random() % 10 == 0 ? random() % 20000 : random() % 100, letter);
      const auto way = random() % 3;
      if (way == 0) output.Append(bytes);
      if (way == 1) output.AppendShared(storage::SharedBytes::CopyOf(bytes));
      if (way == 2) output.AppendCommon(storage::SharedBytes::CopyOf(bytes));
      model += bytes;
    } else {
      const std::string taken = Taken(output, random() % 30000);
      REQUIRE(model.compare(0, taken.size(), taken) == 0);
      output.Consume(taken.size());
      model.erase(0, taken.size());
    }
    REQUIRE(output.pending_bytes() == model.size());
    output.CheckInvariants();
  }
}

TEST_CASE("what is taken back is what was appended last") {
  ChunkPool pool;
  OutputBuffer output(pool);
  output.Append("kept");
  const uint64_t mark = output.mark();
  output.AppendShared(storage::SharedBytes::CopyOf(std::string(OutputBuffer::kCopiedBytes + 1, 'x')));
  output.Append("more");
  output.TruncateTo(mark);
  CHECK(Taken(output, 100) == "kept");
}

TEST_CASE("what is taken back gives its memory back") {
  const auto large = storage::SharedBytes::CopyOf(std::string(OutputBuffer::kCopiedBytes + 1, 'x'));
  ChunkPool pool;
  OutputBuffer output(pool);
  for (int round = 0; round < 100; ++round) {
    for (int i = 0; i < 20; ++i) {
      output.Append(std::string(3000, 'a'));
      output.AppendShared(large);
    }
    output.TruncateTo(0);
    REQUIRE(output.empty());
    REQUIRE(output.pieces() == 0);
    REQUIRE(output.allocated_bytes() == 0);
    REQUIRE(large.unique());
  }
}

TEST_CASE("random amounts are taken back between appends and writes") {
  const auto seed = TestSeed();
  CAPTURE(seed);
  std::mt19937 random(seed);
  ChunkPool pool;
  OutputBuffer output(pool);
  std::string model;
  for (int step = 0; step < 20000; ++step) {
    const uint64_t mark = output.mark();
    const size_t before = model.size();
    for (auto left = random() % 4; left > 0; --left) {
      const std::string bytes(random() % 5 == 0 ? random() % 20000 : random() % 100,
                              static_cast<char>('a' + step % 26));
      if (random() % 2 == 0)
        output.Append(bytes);
      else
        output.AppendShared(storage::SharedBytes::CopyOf(bytes));
      model += bytes;
    }
    if (random() % 2 == 0) {
      const auto kept = random() % (model.size() - before + 1);
      output.TruncateTo(mark + kept);
      model.resize(before + kept);
    }
    if (random() % 3 == 0) {
      const std::string taken = Taken(output, random() % 40000);
      REQUIRE(model.compare(0, taken.size(), taken) == 0);
      output.Consume(taken.size());
      model.erase(0, taken.size());
    }
    REQUIRE(output.pending_bytes() == model.size());
    if (step % 50 == 0) REQUIRE(Taken(output, SIZE_MAX) == model.substr(0, Taken(output, SIZE_MAX).size()));
    output.CheckInvariants();
  }
}

TEST_CASE("a queue that was long leaves no room behind") {
  const auto large = storage::SharedBytes::CopyOf(std::string(OutputBuffer::kCopiedBytes + 1, 'x'));
  ChunkPool pool;
  OutputBuffer output(pool);
  for (int i = 0; i < 5000; ++i) output.AppendShared(large);
  output.Consume(5000 * large.size());
  CHECK(output.allocated_bytes() == 0);
}

TEST_CASE("common bytes take no chunk while they are few") {
  ChunkPool pool;
  OutputBuffer output(pool);
  const storage::SharedBytes common = storage::SharedBytes::CopyOf("message");
  output.AppendCommon(common);
  CHECK(output.allocated_bytes() < 1000);
  for (size_t i = 1; i < 100; ++i) output.AppendCommon(common);
  CHECK(output.pieces() <= OutputBuffer::kCommonPieces + 1);
  CHECK(output.pending_bytes() == 700);
}

TEST_CASE("a reader that is always behind does not make the queue grow") {
  ChunkPool pool;
  OutputBuffer output(pool);
  const storage::SharedBytes large =
      storage::SharedBytes::CopyOf(std::string(OutputBuffer::kCopiedBytes + 1, 'x'));
  output.AppendShared(large);
  output.AppendShared(large);
  for (int i = 0; i < 10000; ++i) {
    output.AppendShared(large);
    output.Consume(large.size());
  }
  CHECK(output.pieces() == 2);
  CHECK(output.allocated_bytes() < 50000);
}

TEST_CASE("a reader that is always behind keeps no room for the time when it was far behind") {
  ChunkPool pool;
  OutputBuffer output(pool);
  const storage::SharedBytes large =
      storage::SharedBytes::CopyOf(std::string(OutputBuffer::kCopiedBytes + 1, 'x'));
  for (int i = 0; i < 10'000; ++i) output.AppendShared(large);
  for (int i = 0; i < 9'998; ++i) output.Consume(large.size());
  output.Consume(1);
  CHECK(output.pieces() == 2);
  CHECK(output.own_bytes() < 10'000);
  output.CheckInvariants();
}

TEST_CASE("what a connection never read is freed on another thread") {
  storage::LazyFree lazy_free;
  const auto big = storage::SharedBytes::CopyOf(std::string(storage::LazyFree::kSlowBytes, 'x'));
  {
    ChunkPool pool(&lazy_free);
    OutputBuffer output(pool);
    for (size_t i = 0; i < OutputBuffer::kManyPieces; ++i) {
      output.Append("text");
      output.AppendShared(big);
    }
    REQUIRE(output.pieces() >= OutputBuffer::kManyPieces);
  }
  lazy_free.Drain();
  CHECK(big.unique());
  CHECK(lazy_free.freed_objects() == 0);  // nobody asked for it
}

TEST_CASE("the last use of a big buffer in a reply") {
  storage::LazyFree lazy_free;
  ChunkPool pool(&lazy_free);
  OutputBuffer output(pool);
  output.AppendShared(storage::SharedBytes::CopyOf(std::string(storage::LazyFree::kSlowBytes, 'x')));
  output.Consume(output.pending_bytes());
  CHECK(output.empty());
  lazy_free.Drain();
  output.CheckInvariants();
}

}  // namespace
}  // namespace corral::client
