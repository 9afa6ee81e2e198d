// The file limit and the OOM score.
#include "server/process/limits.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <iterator>

namespace corral::process {
namespace {

// A system that grants up to `most` descriptors.
struct FakeSystem {
  uint64_t soft;
  uint64_t most;
  int attempts = 0;

  FileLimit Limit() {
    return {.get =
                [this](uint64_t* value) {
                  *value = soft;
                  return true;
                },
            .set =
                [this](uint64_t value) {
                  ++attempts;
                  if (value > most) {
                    errno = EPERM;
                    return false;
                  }
                  soft = value;
                  return true;
                }};
  }
};

TEST_CASE("file limit: enough, raised, or clients reduced to what fits") {
  FakeSystem enough{.soft = 20000, .most = 20000};
  CHECK(RaiseFileLimit(10000, 4, enough.Limit()) == 10000);
  CHECK(enough.attempts == 0);

  FakeSystem raised{.soft = 1024, .most = 20000};
  CHECK(RaiseFileLimit(10000, 4, raised.Limit()) == 10000);
  CHECK(raised.soft == 10043);

  FakeSystem reduced{.soft = 1024, .most = 4096};
  CHECK(RaiseFileLimit(10000, 4, reduced.Limit()) == 4096 - 43);
  CHECK(reduced.soft == 4096);

  FakeSystem huge{.soft = 1024, .most = 20000};
  CHECK(RaiseFileLimit(4294967295u, 4, huge.Limit()) == 20000 - 43);
  CHECK(huge.attempts < 40);

  FakeSystem tiny{.soft = 20, .most = 43};
  CHECK(RaiseFileLimit(100, 4, tiny.Limit()) == 0);
  FakeSystem small{.soft = 20, .most = 44};
  CHECK(RaiseFileLimit(100, 4, small.Limit()) == 1);

  const FileLimit unknown{.get = [](uint64_t*) { return false; }, .set = [](uint64_t) { return false; }};
  CHECK(RaiseFileLimit(10000, 4, unknown) == 1024 - 43);
  CHECK(RaiseFileLimit(10, 4, unknown) == 10);
}

TEST_CASE("file limit: each worker's loop takes descriptors too") {
  CHECK(ReservedDescriptors(1) == 32);
  CHECK(ReservedDescriptors(8) == 63);
  FakeSystem many{.soft = 1024, .most = 1024};
  CHECK(RaiseFileLimit(10000, 64, many.Limit()) == 1024 - 23 - 64 * 5);
  FakeSystem tiny{.soft = 40, .most = 40};
  CHECK(RaiseFileLimit(10000, 16, tiny.Limit()) == 0);
  const FileLimit unknown{.get = [](uint64_t*) { return false; }, .set = [](uint64_t) { return false; }};
  CHECK(RaiseFileLimit(10000, 256, unknown) == 0);
}

TEST_CASE("file limit: of this process") { CHECK(RaiseFileLimit(1, 1) == 1); }

TEST_CASE("oom score: absolute, relative, and back") {
  char path[] = "/tmp/corral-oom-XXXXXX";
  const int descriptor = mkstemp(path);
  REQUIRE(descriptor >= 0);
  REQUIRE(write(descriptor, "100\n", 4) == 4);
  close(descriptor);
  const auto score = [&] {
    int value = 0;
    std::ifstream(path) >> value;
    return value;
  };
  OomScore oom(path);
  CHECK(oom.Apply(OomScoreAdjust::kNo, 5));
  CHECK(score() == 100);
  CHECK(oom.Apply(OomScoreAdjust::kRelative, 50));
  CHECK(score() == 150);
  CHECK(oom.Apply(OomScoreAdjust::kAbsolute, 2000));
  CHECK(score() == 1000);
  CHECK(oom.Apply(OomScoreAdjust::kNo, 5));
  CHECK(score() == 100);
  unlink(path);
  CHECK_FALSE(oom.Apply(OomScoreAdjust::kAbsolute, 1));
}

}  // namespace
}  // namespace corral::process
