// The eviction policies by Redis's names.
#pragma once

#include <cstdint>
#include <string_view>

namespace corral::storage {

enum class EvictionPolicy : uint8_t {
  kNoEviction,
  kAllKeysLru,
  kVolatileLru,
  kAllKeysLfu,
  kVolatileLfu,
  kAllKeysRandom,
  kVolatileRandom,
  kVolatileTtl,
};

// maxmemory-policy's spelling ("allkeys-lru").
std::string_view EvictionPolicyName(EvictionPolicy policy);
// Case-insensitive, as Redis's configuration is. False, and `policy` untouched, for anything else.
bool ParseEvictionPolicy(std::string_view name, EvictionPolicy* policy);

// Only keys with an expiry may go.
constexpr bool OnlyVolatile(EvictionPolicy policy) {
  return policy == EvictionPolicy::kVolatileLru || policy == EvictionPolicy::kVolatileLfu ||
         policy == EvictionPolicy::kVolatileRandom || policy == EvictionPolicy::kVolatileTtl;
}

// Stamps hold a frequency (OBJECT FREQ answers, OBJECT IDLETIME does not).
constexpr bool CountsFrequency(EvictionPolicy policy) {
  return policy == EvictionPolicy::kAllKeysLfu || policy == EvictionPolicy::kVolatileLfu;
}

}  // namespace corral::storage
