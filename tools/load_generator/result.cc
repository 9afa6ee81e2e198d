#include "tools/load_generator/result.h"

#include <cmath>
#include <cstdio>

#include <fmt/format.h>

namespace corral::load_generator {
namespace {

constexpr double kNsPerUs = 1000;
constexpr int kCurveDecades = 6;  // up to the quantile 0.999999
constexpr int kPointsPerDecade = 10;

double Microseconds(std::uint64_t ns) { return static_cast<double>(ns) / kNsPerUs; }

double PerCommand(std::uint64_t ns, const Result& result) {
  return result.commands == 0 ? 0 : Microseconds(ns) / static_cast<double>(result.commands);
}

double Rate(const Result& result) {
  return result.seconds > 0 ? static_cast<double>(result.commands) / result.seconds : 0;
}

std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char byte : text) {
    if (byte == '"' || byte == '\\') {
      quoted += '\\';
      quoted += byte;
    } else if (byte >= ' ' && byte <= '~') {
      quoted += byte;
    } else {
      quoted += fmt::format("\\u{:04x}", static_cast<unsigned char>(byte));
    }
  }
  return quoted + '"';
}

std::string Curve(const Histogram& latency) {
  std::string curve;
  for (int point = 0; point <= kCurveDecades * kPointsPerDecade; ++point) {
    const double quantile = 1 - std::pow(10, -static_cast<double>(point) / kPointsPerDecade);
    curve += fmt::format("{}[{:.8f},{:.3f}]", point > 0 ? "," : "", quantile,
                         Microseconds(latency.ValueAt(quantile)));
  }
  return curve;
}

std::string Quantiles(const Histogram& histogram) {
  return fmt::format("\"p50\":{:.3f},\"p99\":{:.3f},\"p99.9\":{:.3f},\"max\":{:.3f}",
                     Microseconds(histogram.ValueAt(0.5)), Microseconds(histogram.ValueAt(0.99)),
                     Microseconds(histogram.ValueAt(0.999)), Microseconds(histogram.Max()));
}

}  // namespace

bool Result::IsGood(bool allow_misses) const {
  return failure.empty() && wrong_replies == 0 && (misses == 0 || allow_misses);
}

std::string ToJson(const Result& result, const Options& options) {
  std::string json = fmt::format(
      "{{\"good\":{},\"failure\":{},\"misses\":{},\"wrong_replies\":{},\"first_wrong_reply\":{},\"prefill_seconds\":{:.3f}",
      result.IsGood(options.allow_misses), Quoted(result.failure), result.misses, result.wrong_replies,
      Quoted(result.first_wrong_reply), result.prefill_seconds);
  if (result.seconds > 0) {
    json += fmt::format(
        ",\"seconds\":{:.6f},\"commands\":{},\"commands_per_second\":{:.1f},\"generator_cpu_us\":{:.4f},\"generator_busy\":{:.3f},\"samples\":{},{},\"lateness\":{{{}}},\"curve\":[{}]",
        result.seconds, result.commands, Rate(result), PerCommand(result.generator_cpu_ns, result),
        static_cast<double>(result.generator_cpu_ns) / 1e9 / result.seconds, result.latency.Count(),
        Quantiles(result.latency), Quantiles(result.lateness), Curve(result.latency));
    if (result.server_cpu_ns) {
      json += fmt::format(",\"server_cpu_us\":{:.4f}", PerCommand(*result.server_cpu_ns, result));
    }
  }
  return json + "}\n";
}

std::string ToText(const Result& result, const Options& options) {
  std::string text;
  if (options.prefill)
    text += fmt::format("filled {} keys in {:.2f} s\n", options.keys, result.prefill_seconds);
  if (result.seconds > 0) {
    text += fmt::format("{} commands in {:.2f} s: {:.0f} per second\n", result.commands, result.seconds,
                        Rate(result));
    text += fmt::format("latency in us, from the {}: p50 {:.1f}  p99 {:.1f}  p99.9 {:.1f}  max {:.1f}\n",
                        options.rate > 0 ? "schedule" : "write", Microseconds(result.latency.ValueAt(0.5)),
                        Microseconds(result.latency.ValueAt(0.99)),
                        Microseconds(result.latency.ValueAt(0.999)), Microseconds(result.latency.Max()));
    if (result.server_cpu_ns) {
      text += fmt::format("server CPU: {:.3f} us per command\n", PerCommand(*result.server_cpu_ns, result));
    }
    text +=
        fmt::format("generator CPU: {:.3f} us per command\n", PerCommand(result.generator_cpu_ns, result));
    if (options.rate > 0) {
      text += fmt::format("the generator itself was late by: p99.9 {:.1f} us  max {:.1f} us\n",
                          Microseconds(result.lateness.ValueAt(0.999)), Microseconds(result.lateness.Max()));
    }
  }
  if (result.misses > 0) text += fmt::format("{} keys were missing\n", result.misses);
  if (result.wrong_replies > 0) {
    text += fmt::format("{} wrong replies, the first: {}\n", result.wrong_replies, result.first_wrong_reply);
  }
  if (!result.failure.empty()) text += fmt::format("the run failed: {}\n", result.failure);
  return text;
}

}  // namespace corral::load_generator
