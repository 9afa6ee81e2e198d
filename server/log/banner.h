// What the log says first: who starts here, and where it will listen.
#pragma once

#include <string>

namespace corral::log {

struct Banner {
  std::string version;             // of Corral
  std::string compatible_version;  // of Redis
  int port = 0;
  int pid = 0;
};

// Several lines without the prefix of the log's lines. "PID: n" and "Port: n" are worded as Redis words them:
// scripts wait for them.
std::string BannerText(const Banner& banner);

}  // namespace corral::log
