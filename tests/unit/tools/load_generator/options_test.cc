// The generator's arguments: what they set, and that wrong ones explain themselves.
#include "tools/load_generator/options.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tools/load_generator/random.h"

namespace corral::load_generator {
namespace {

std::string Parse(const std::vector<const char*>& arguments, Options* options) {
  return ParseOptions(arguments, options);
}

TEST_CASE("every kind of argument is read") {
  Options options;
  REQUIRE(Parse({"--port",
                 "7000",
                 "--protocol",
                 "memcached",
                 "--mix",
                 "get:10,setex",
                 "--pipeline",
                 "16",
                 "--distribution",
                 "zipf:1.2",
                 "--values",
                 "1-8",
                 "--rate",
                 "2500.5",
                 "--arrivals",
                 "poisson",
                 "--prefill",
                 "--also-slow-reader",
                 "2",
                 "--idle-connections",
                 "3",
                 "--json"},
                &options) == "");
  CHECK(options.port == 7000);
  CHECK(options.protocol == Protocol::kMemcached);
  REQUIRE(options.mix.size() == 2);
  CHECK(options.mix[0].weight == 10);
  CHECK(options.mix[1].kind == OperationKind::kSetEx);
  CHECK(options.mix[1].weight == 1);
  CHECK(options.skew == 1.2);
  CHECK(options.values.Largest() == 8);
  CHECK(options.rate == 2500.5);
  CHECK(options.poisson);
  CHECK(options.prefill);
  CHECK(options.slow_readers == 2);
  CHECK(options.idle_connections == 3);
  CHECK(options.json);
}

TEST_CASE("wrong arguments are named, with what is allowed") {
  const auto problem = [](std::vector<const char*> arguments) {
    Options options;
    arguments.insert(arguments.begin(), {"--port", "7000"});
    return Parse(arguments, &options);
  };
  Options options;
  CHECK(Parse({}, &options) == "--port is required");
  CHECK(problem({"--bogus"}) == "unknown argument '--bogus'");
  CHECK(problem({"--connections"}).starts_with("--connections needs an argument"));
  CHECK(problem({"--connections", "0"}) == "--connections 0: must be a whole number from 1 to 50000");
  CHECK(problem({"--seconds", "-1"}).starts_with("--seconds -1: must be a number from 0"));
  CHECK(problem({"--seconds", "nan"}).starts_with("--seconds nan: must be a number"));
  CHECK(problem({"--protocol", "http"}) == "--protocol http: must be resp or memcached");
  CHECK(problem({"--mix", "get:0"}).starts_with("--mix get:0: must be a list"));
  CHECK(problem({"--mix", "get:1,"}).starts_with("--mix get:1,: must be a list"));
  CHECK(problem({"--values", "8-1"}).find("is not SIZE") != std::string::npos);
  CHECK(problem({"--key-bytes", "3"}) == "--key-bytes 3 is too short for --keys 1000000: at least 6");
  CHECK(problem({"--pipeline", "100000", "--values", "20000"}).ends_with("is over 1 GiB"));
  CHECK(problem({"--pipeline", "100000", "--mix", "get,mget", "--mget-keys", "1000"})
            .ends_with("is over 1 GiB"));
  CHECK(problem({"--pipeline", "100000", "--mget-keys", "1000"}).empty());
  CHECK(problem({"--seconds", "0"}) == "--seconds 0 does nothing without --prefill");
}

TEST_CASE("value sizes follow their weights and stay in their ranges") {
  ValueSizes sizes;
  REQUIRE(sizes.Parse("32:90,1024-1027:9,65536:1") == "");
  CHECK(sizes.Smallest() == 32);
  CHECK(sizes.Largest() == 65536);
  constexpr int kDraws = 100'000;
  Random random(5);
  int small = 0;
  int large = 0;
  int of_range[4] = {};
  for (int draw = 0; draw < kDraws; ++draw) {
    const std::uint64_t size = sizes.Next(random);
    if (size == 32) {
      ++small;
    } else if (size == 65536) {
      ++large;
    } else {
      REQUIRE(size >= 1024);
      REQUIRE(size <= 1027);
      ++of_range[size - 1024];
    }
  }
  // Five standard deviations of each count.
  CHECK(small == doctest::Approx(90'000).epsilon(0.006));
  CHECK(large == doctest::Approx(1'000).epsilon(0.16));
  for (const int count : of_range) CHECK(count == doctest::Approx(2'250).epsilon(0.11));
}

TEST_CASE("a wrong value size leaves the mix as it was") {
  ValueSizes sizes;
  for (const char* wrong : {"", ",", "32,", "a", "1-", "-1", "3-2", "32:0", "32:", "32:x", "99999999999"}) {
    CAPTURE(wrong);
    CHECK(!sizes.Parse(wrong).empty());
  }
  CHECK(sizes.Largest() == 32);
}

}  // namespace
}  // namespace corral::load_generator
