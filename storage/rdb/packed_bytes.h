// Packed lists that come from outside.
#pragma once

#include <string_view>

#include "storage/types/packed_list.h"

namespace corral::storage::rdb {

// Whether every element lies in a valid list as this process would have written it; one that does not would
// not be found.
inline bool IsCanonical(PackedList list) {
  for (auto at = list.begin(); at != list.end(); at = list.Next(at)) {
    const PackedList::Element element = list[at];
    // No text of digits is as long as the integer that it reads as.
    const PackedElement own =
        element.is_integer ? PackedElement(element.integer) : PackedElement(element.text);
    if (own.size() != list.ElementBytes(at)) return false;
  }
  return true;
}

}  // namespace corral::storage::rdb
