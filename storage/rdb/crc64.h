// The checksum of Redis's files and DUMP payloads: CRC-64 with Jones's polynomial.
#pragma once

#include <cstdint>
#include <string_view>

namespace corral::storage {

// The checksum of what `crc` is the checksum of, followed by `bytes`; 0 for nothing yet. Reflected,
// polynomial 0xad93d23594c935a9, no final exclusive or. Source: Redis's RDB file format, version 5 and later.
uint64_t Crc64(uint64_t crc, std::string_view bytes);

}  // namespace corral::storage
