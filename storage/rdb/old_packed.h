// The forms in which Redis before version 7 packed small values, made into packed lists.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace corral::storage::rdb {

// The elements of a ziplist as a packed list. None: the bytes are no ziplist that can be read both ways.
//
//   | bytes 4 | offset of the last entry 4 | entries 2 | entry ... | 0xff |     little-endian; 65535: count
//   them entry: | size of the entry before, 1, or 254 and 4 | encoding | data |
std::optional<std::string> PackedOfZiplist(std::string_view ziplist);

// The fields and values of a zipmap, as one that alternate. None: the bytes are no zipmap.
//
//   | pairs 1 | size of field | field | size of value | unused bytes 1 | value | unused ... | 0xff |
//   a size takes 1 byte, or 254 and 4, little-endian
std::optional<std::string> PackedOfZipmap(std::string_view zipmap);

}  // namespace corral::storage::rdb
