// The `user default` line: taken when it says what holds anyway, as the lines do that CONFIG REWRITE of Redis
// writes.
#pragma once

#include <string>
#include <vector>

#include "server/config/result.h"
#include "server/config/settings.h"

namespace corral::config {

// Whether the words behind `user` describe the only user that there is: on, with every key, channel and
// command, and with the password of `requirepass`, or none when that is empty. The error is the bare reason.
Result CheckUser(const std::vector<std::string>& words, const Settings& settings);

// The words behind `user` that describe it, for CONFIG REWRITE. The password stands there as its hash.
std::string DescribeUser(const Settings& settings);

}  // namespace corral::config
