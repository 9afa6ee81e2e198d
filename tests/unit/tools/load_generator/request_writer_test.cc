// The bytes of requests, and that the mix follows its weights.
#include "tools/load_generator/request_writer.h"

#include <doctest/doctest.h>

namespace corral::load_generator {
namespace {

Options SmallOptions(Protocol protocol, OperationKind kind) {
  Options options;
  options.protocol = protocol;
  options.mix = {{kind, 1}};
  options.keys = 1;
  options.key_bytes = 8;
  options.mget_keys = 2;
  options.ttl_seconds = 60;
  REQUIRE(options.values.Parse("3") == "");
  return options;
}

std::string Rendered(Protocol protocol, OperationKind kind) {
  std::string out;
  const Operation operation = RequestWriter(SmallOptions(protocol, kind)).AppendNext(&out);
  CHECK(operation.kind == kind);
  CHECK(operation.keys == (kind == OperationKind::kMget ? 2 : 1));
  // The value is three random letters.
  const std::size_t value = out.find("3\r\n", out.find("key:0000") + 8);
  if (kind == OperationKind::kSet || kind == OperationKind::kSetEx) out.replace(value + 3, 3, "abc");
  return out;
}

TEST_CASE("RESP requests") {
  CHECK(Rendered(Protocol::kResp, OperationKind::kGet) == "*2\r\n$3\r\nGET\r\n$8\r\nkey:0000\r\n");
  CHECK(Rendered(Protocol::kResp, OperationKind::kGetLease) == "*2\r\n$8\r\nGETLEASE\r\n$8\r\nkey:0000\r\n");
  CHECK(Rendered(Protocol::kResp, OperationKind::kSet) ==
        "*3\r\n$3\r\nSET\r\n$8\r\nkey:0000\r\n$3\r\nabc\r\n");
  CHECK(Rendered(Protocol::kResp, OperationKind::kSetEx) ==
        "*5\r\n$3\r\nSET\r\n$8\r\nkey:0000\r\n$3\r\nabc\r\n$2\r\nEX\r\n$2\r\n60\r\n");
  CHECK(Rendered(Protocol::kResp, OperationKind::kMget) ==
        "*3\r\n$4\r\nMGET\r\n$8\r\nkey:0000\r\n$8\r\nkey:0000\r\n");
}

TEST_CASE("memcached requests") {
  CHECK(Rendered(Protocol::kMemcached, OperationKind::kGet) == "get key:0000\r\n");
  CHECK(Rendered(Protocol::kMemcached, OperationKind::kSet) == "set key:0000 0 0 3\r\nabc\r\n");
  CHECK(Rendered(Protocol::kMemcached, OperationKind::kSetEx) == "set key:0000 0 60 3\r\nabc\r\n");
  CHECK(Rendered(Protocol::kMemcached, OperationKind::kMget) == "get key:0000 key:0000\r\n");
}

TEST_CASE("keys are padded to their length, whatever their number") {
  for (const std::uint64_t keys : {1ULL, 10ULL, 11ULL, 1'000'000ULL, 1'234'567ULL}) {
    CAPTURE(keys);
    Options options;
    options.protocol = Protocol::kMemcached;
    options.keys = keys;
    RequestWriter writer(options);
    for (const std::uint64_t key : {std::uint64_t{0}, keys / 3, keys - 1}) {
      std::string out;
      writer.AppendSet(key, &out);
      const std::string digits = std::to_string(key);
      CHECK(out.substr(0, 20) == "set key:" + std::string(12 - digits.size(), '0') + digits);
    }
  }
}

TEST_CASE("a key may be as short as its digits") {
  Options options;
  options.protocol = Protocol::kMemcached;
  options.keys = 1000;
  options.key_bytes = 3;
  std::string out;
  RequestWriter(options).AppendSet(42, &out);
  CHECK(out.starts_with("set 042 "));
}

TEST_CASE("the mix follows its weights") {
  Options options;
  options.mix = {{OperationKind::kGet, 10}, {OperationKind::kSet, 1}};
  RequestWriter writer(options);
  std::string out;
  int sets = 0;
  for (int draw = 0; draw < 110'000; ++draw) {
    out.clear();
    if (writer.AppendNext(&out).kind == OperationKind::kSet) ++sets;
  }
  CHECK(sets == doctest::Approx(10'000).epsilon(0.05));
}

}  // namespace
}  // namespace corral::load_generator
