// Packed lists that come from outside.
#pragma once

#include <string_view>

#include "storage/types/packed_list.h"

namespace corral::storage::rdb {

// Whether every element lies in a valid list as this process would have written it: no text that reads as an
// integer, which would not be found.
inline bool IsCanonical(PackedList list) {
  for (auto at = list.begin(); at != list.end(); at = list.Next(at)) {
    const PackedList::Element element = list[at];
    if (!element.is_integer && PackedList::Element::Of(element.text).is_integer) return false;
  }
  return true;
}

}  // namespace corral::storage::rdb
