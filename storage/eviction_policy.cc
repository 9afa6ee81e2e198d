#include "storage/eviction_policy.h"

#include <strings.h>

#include <array>
#include <cstddef>

namespace corral::storage {

namespace {

// In the order of the enumeration.
constexpr std::array<std::string_view, 8> kNames = {
    "noeviction",   "allkeys-lru",    "volatile-lru",    "allkeys-lfu",
    "volatile-lfu", "allkeys-random", "volatile-random", "volatile-ttl",
};

}  // namespace

std::string_view EvictionPolicyName(EvictionPolicy policy) { return kNames[static_cast<size_t>(policy)]; }

bool ParseEvictionPolicy(std::string_view name, EvictionPolicy* policy) {
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (name.size() != kNames[i].size() || strncasecmp(name.data(), kNames[i].data(), name.size()) != 0)
      continue;
    *policy = static_cast<EvictionPolicy>(i);
    return true;
  }
  return false;
}

}  // namespace corral::storage
