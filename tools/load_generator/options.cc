#include "tools/load_generator/options.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <string_view>

#include <fmt/format.h>

#include "tools/load_generator/argument_text.h"
#include "tools/load_generator/key_distribution.h"

namespace corral::load_generator {
namespace {

// Stores the argument; answers what is wrong with it, or nothing.
using Store = std::function<std::string(std::string_view, Options*)>;

struct OptionRow {
  std::string_view name;
  std::string_view argument;  // empty for a flag
  std::string_view help;
  Store store;
};

template <typename Number>
Store WholeNumber(Number Options::*member, std::uint64_t low, std::uint64_t high) {
  return [=](std::string_view text, Options* options) -> std::string {
    std::uint64_t number = 0;
    if (!ParseNumber(text, &number) || number < low || number > high) {
      return fmt::format("must be a whole number from {} to {}", low, high);
    }
    options->*member = static_cast<Number>(number);
    return {};
  };
}

Store Decimal(double Options::*member, double high) {
  return [=](std::string_view text, Options* options) -> std::string {
    double number = 0;
    if (!ParseNumber(text, &number) || !(number >= 0 && number <= high)) {
      return fmt::format("must be a number from 0 to {}", high);
    }
    options->*member = number;
    return {};
  };
}

Store Flag(bool Options::*member) {
  return [=](std::string_view, Options* options) -> std::string {
    options->*member = true;
    return {};
  };
}

std::string StoreProtocol(std::string_view text, Options* options) {
  if (text != "resp" && text != "memcached") return "must be resp or memcached";
  options->protocol = text == "resp" ? Protocol::kResp : Protocol::kMemcached;
  return {};
}

std::string StoreArrivals(std::string_view text, Options* options) {
  if (text != "even" && text != "poisson") return "must be even or poisson";
  options->poisson = text == "poisson";
  return {};
}

std::string StoreMix(std::string_view text, Options* options) {
  constexpr std::string_view kNames[] = {"get", "set", "setex", "mget", "getlease"};
  std::vector<MixPart> mix;
  for (const std::string_view item : Split(text, ',')) {
    const auto [name, weight_text] = Cut(item, ':');
    const auto* found = std::ranges::find(kNames, name);
    MixPart part{static_cast<OperationKind>(found - std::begin(kNames)), 1};
    const bool has_weight = item.size() > name.size();
    if (found == std::end(kNames) || (has_weight && !ParseNumber(weight_text, &part.weight)) ||
        part.weight < 1 || part.weight > 1'000'000) {
      return "must be a list of get, set, setex, mget or getlease with weights, for example get:10,set:1";
    }
    mix.push_back(part);
  }
  options->mix = std::move(mix);
  return {};
}

const std::vector<OptionRow>& Rows() {
  using O = Options;
  static const std::vector<OptionRow> rows = {
      {"--port", "N", "the server's port on 127.0.0.1 (required)", WholeNumber(&O::port, 1, 65535)},
      {"--protocol", "NAME", "resp or memcached (resp)", StoreProtocol},
      {"--connections", "N", "(50)", WholeNumber(&O::connections, 1, 50000)},
      {"--pipeline", "N", "requests per write (1)", WholeNumber(&O::pipeline, 1, 100000)},
      {"--mix", "LIST", "get, set, setex, mget, getlease with weights, for example get:10,set:1 (get)",
       StoreMix},
      {"--mget-keys", "N", "keys in an mget (10)", WholeNumber(&O::mget_keys, 1, 1000)},
      {"--ttl-seconds", "N", "time to live of a setex (3600)", WholeNumber(&O::ttl_seconds, 1, 2'000'000)},
      {"--keys", "N", "number of keys (1000000)", WholeNumber(&O::keys, 1, 10'000'000'000)},
      {"--key-bytes", "N", "length of a key (16)", WholeNumber(&O::key_bytes, 1, 250)},
      {"--distribution", "NAME", "uniform or zipf:SKEW (uniform)",
       [](std::string_view text, O* options) { return ParseDistribution(text, &options->skew); }},
      {"--values", "MIX", "bytes per value: 32 or 1-4096 or 32:90,1024:9,65536:1 (32)",
       [](std::string_view text, O* options) { return options->values.Parse(text); }},
      {"--seconds", "S", "length of the measurement; 0 only fills (5)", Decimal(&O::seconds, 86400)},
      {"--warmup-seconds", "S", "load before the measurement (0.5)", Decimal(&O::warmup_seconds, 3600)},
      {"--rate", "R", "open loop: requests a second, timed from their schedule; 0 is closed loop (0)",
       Decimal(&O::rate, 1e9)},
      {"--arrivals", "NAME", "open loop: even or poisson (even)", StoreArrivals},
      {"--prefill", "", "first set every key once", Flag(&O::prefill)},
      {"--allow-misses", "", "a missing key is no error", Flag(&O::allow_misses)},
      {"--idle-connections", "N", "connections that send nothing (0)",
       WholeNumber(&O::idle_connections, 0, 50000)},
      {"--also-slow-reader", "N", "connections that ask for 64 MB each and read nothing (0)",
       WholeNumber(&O::slow_readers, 0, 1000)},
      {"--server-pid", "PID", "measure this process's CPU time", WholeNumber(&O::server_pid, 1, 1 << 30)},
      {"--seed", "N", "of keys, sizes and arrivals (1)", WholeNumber(&O::seed, 0, UINT64_MAX)},
      {"--check", "", "only check the arguments", Flag(&O::check_only)},
      {"--json", "", "print the result as one JSON object", Flag(&O::json)},
  };
  return rows;
}

std::string CheckTogether(const Options& options) {
  if (options.port == 0) return "--port is required";
  const std::size_t digits = fmt::formatted_size("{}", options.keys - 1);
  if (options.key_bytes < digits) {
    return fmt::format("--key-bytes {} is too short for --keys {}: at least {}", options.key_bytes,
                       options.keys, digits);
  }
  const bool leases =
      std::ranges::find(options.mix, OperationKind::kGetLease, &MixPart::kind) != options.mix.end();
  if (leases && options.protocol != Protocol::kResp) return "--mix getlease needs --protocol resp";
  if (options.seconds == 0 && !options.prefill) return "--seconds 0 does nothing without --prefill";
  constexpr std::uint64_t kMostBatchBytes = std::uint64_t{1} << 30;
  if (options.pipeline * std::max<std::uint64_t>(1, options.values.Largest()) > kMostBatchBytes) {
    return "--pipeline times the largest of --values is over 1 GiB";
  }
  const bool mgets =
      std::ranges::find(options.mix, OperationKind::kMget, &MixPart::kind) != options.mix.end();
  if (mgets && options.pipeline * options.mget_keys * options.key_bytes > kMostBatchBytes) {
    return "--pipeline times --mget-keys times --key-bytes is over 1 GiB";
  }
  return {};
}

}  // namespace

std::string ParseOptions(std::span<const char* const> arguments, Options* options) {
  for (std::size_t at = 0; at < arguments.size(); ++at) {
    const std::string_view name = arguments[at];
    const auto row = std::ranges::find(Rows(), name, &OptionRow::name);
    if (row == Rows().end()) return fmt::format("unknown argument '{}'", name);
    std::string_view argument;
    if (!row->argument.empty()) {
      if (++at == arguments.size()) return fmt::format("{} needs an argument: {}", name, row->help);
      argument = arguments[at];
    }
    const std::string problem = row->store(argument, options);
    if (!problem.empty()) return fmt::format("{} {}: {}", name, argument, problem);
  }
  return CheckTogether(*options);
}

std::string OptionsHelp() {
  std::string help;
  for (const OptionRow& row : Rows()) {
    help += fmt::format("  {:<26}{}\n", fmt::format("{} {}", row.name, row.argument), row.help);
  }
  return help;
}

}  // namespace corral::load_generator
