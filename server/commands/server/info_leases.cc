// INFO's section of leases.
#include <fmt/format.h>

#include <iterator>

#include "server/commands/server/info_sections.h"
#include "server/lease/leases.h"

namespace corral::commands {

void AppendLeasesInfo(command::Context& ctx, std::string* out) {
  const lease::Leases& leases = ctx.services.leases;
  const lease::Counters counters = leases.counters();
  fmt::format_to(
      std::back_inserter(*out),
      "# Leases\r\nleases_active:{}\r\nleases_waiting:{}\r\nleases_granted:{}\r\nleases_coalesced:{}\r\n"
      "leases_promoted:{}\r\nleases_expired:{}\r\nleases_refused:{}\r\nleases_stale_served:{}\r\n"
      "leases_early_refreshes:{}\r\n",
      leases.active(), leases.waiting(), counters.granted, counters.coalesced, counters.promoted,
      counters.expired, counters.refused, counters.stale_served, counters.early_refreshes);
}

}  // namespace corral::commands
