#include "server/log/banner.h"

#include <fmt/format.h>

namespace corral::log {

std::string BannerText(const Banner& banner) {
  return fmt::format(
      "\n"
      "    ,      ,      ,      ,\n"
      "   | |    | |    | |    | |\n"
      "  =| |====| |====| |====| |=      Corral {} {} bit, compatible with Redis {}\n"
      "   | |    | |    | |    | |       Running in standalone mode\n"
      "  =| |====| |====| |====| |=      Port: {}\n"
      "   | |    | |    | |    | |       PID: {}\n"
      "  ~~~~~~~~~~~~~~~~~~~~~~~~~~~\n"
      "\n",
      banner.version, sizeof(void*) * 8, banner.compatible_version, banner.port, banner.pid);
}

}  // namespace corral::log
