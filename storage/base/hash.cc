#include "storage/base/hash.h"

#include "storage/base/random.h"

namespace corral::storage {

KeyHasher KeyHasher::Unpredictable() {
  thread_local Random seeds(SystemSeed());
  return KeyHasher(seeds.Next());
}

}  // namespace corral::storage
