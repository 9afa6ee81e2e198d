// Any bytes as a packed list and as a set of integers: what passes for one can be walked both ways, and found
// if it is such as a value holds.
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "storage/rdb/packed_bytes.h"
#include "storage/types/int_set.h"
#include "storage/types/packed_list.h"

namespace {

using corral::storage::IntSet;
using corral::storage::PackedList;

void WalkList(std::string_view bytes) {
  const PackedList list(bytes);
  std::vector<PackedList::Position> positions;
  for (auto at = list.begin(); at != list.end(); at = list.Next(at)) positions.push_back(at);
  if (positions.size() != list.count()) abort();
  const bool canonical = corral::storage::rdb::IsCanonical(list);
  auto at = list.end();
  for (size_t i = positions.size(); i-- > 0;) {
    at = list.Previous(at);
    if (at != positions[i]) abort();
    const auto element = list[at];
    corral::storage::IntegerText scratch;
    const auto text = element.Text(scratch);
    if (!canonical) continue;
    if (list.Find(text, list.begin()) > at) abort();
    if (list.FindName(text, 1) == list.end()) abort();
  }
  if (at != list.begin()) abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (PackedList::Valid(bytes)) WalkList(bytes);
  if (IntSet::Valid(bytes)) {
    const IntSet set(bytes);
    for (size_t i = 0; i < set.count(); ++i) {
      if (set.LowerBound(set[i]) != i) abort();
    }
  }
  return 0;
}
