// Any pattern on any text: the same answer as the recursive definition, where that one can be afforded.
#include "storage/base/glob.h"

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "tests/unit/storage/base/reference_glob.h"

// Input: a byte of flags, a byte with the pattern's length, the pattern, the text.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  bool nocase = (data[0] & 1) != 0;
  std::string_view rest(reinterpret_cast<const char*>(data) + 2, size - 2);
  std::string_view pattern = rest.substr(0, data[1]);
  std::string_view text = rest.substr(pattern.size());
  bool match = corral::storage::GlobMatch(pattern, text, nocase);
  if (text.empty()) {
    // Redis does not look at the pattern then, not even at a star.
    if (match != pattern.empty()) abort();
    return 0;
  }
  int steps = 20000;
  bool expected = corral::storage::ReferenceGlob(pattern, text, nocase, &steps);
  if (steps > 0 && match != expected) abort();
  return 0;
}
