// LATENCY DOCTOR: what the recorded spikes say, in sentences.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "server/config/settings.h"
#include "server/telemetry/latency_monitor.h"

namespace corral::telemetry {

std::string LatencyReport(const std::map<std::string, LatencyMonitor::Series, std::less<>>& all,
                          const config::Settings& settings);

}  // namespace corral::telemetry
