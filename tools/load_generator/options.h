// The command line of the load generator.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tools/load_generator/value_sizes.h"

namespace corral::load_generator {

enum class Protocol { kResp, kMemcached };

enum class OperationKind : std::uint8_t { kGet, kSet, kSetEx, kMget, kGetLease };

// A kind of request and how often it comes, relative to the others.
struct MixPart {
  OperationKind kind;
  std::uint64_t weight;
};

struct Options {
  int port = 0;
  Protocol protocol = Protocol::kResp;
  std::uint64_t connections = 50;
  std::uint64_t pipeline = 1;
  std::vector<MixPart> mix = {{OperationKind::kGet, 1}};
  std::uint64_t mget_keys = 10;
  std::uint64_t ttl_seconds = 3600;
  std::uint64_t keys = 1'000'000;
  std::uint64_t key_bytes = 16;
  double skew = 0;
  ValueSizes values;
  double seconds = 5;
  double warmup_seconds = 0.5;
  double rate = 0;  // requests a second; 0 is closed loop
  bool poisson = false;
  bool prefill = false;
  bool allow_misses = false;
  std::uint64_t idle_connections = 0;
  std::uint64_t slow_readers = 0;
  int server_pid = 0;
  std::uint64_t seed = 1;
  bool check_only = false;
  bool json = false;
};

// Reads the arguments after the program's name. Answers what is wrong and what is allowed, or nothing.
[[nodiscard]] std::string ParseOptions(std::span<const char* const> arguments, Options* options);

// One line per option with its default.
std::string OptionsHelp();

}  // namespace corral::load_generator
