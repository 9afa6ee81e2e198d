// The version of Corral, and the version of Redis whose clients it serves.
#pragma once

namespace corral::process {

inline constexpr char kVersion[] = "0.1.0";  // as in CMakeLists.txt; a unit test compares them

// What INFO and HELLO report as redis_version: the newest Redis whose commands, as far as clients test for
// them, are all there.
inline constexpr char kCompatibleVersion[] = "7.4.1";

}  // namespace corral::process
