// LATENCY GRAPH: a series of spikes as a drawing in text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "server/telemetry/latency_monitor.h"

namespace corral::telemetry {

// A head line, and rows of 80 columns, each column one sample labelled with its age. Empty series draw
// nothing.
std::string DrawLatency(std::string_view event, const LatencyMonitor::Series& series,
                        int64_t now_unix_seconds);

}  // namespace corral::telemetry
