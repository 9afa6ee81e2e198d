// What changes of consumer groups are called: what server/command/event.h holds for other families.
#pragma once

#include "server/command/event.h"

namespace corral::command::events {

inline constexpr Event kXgroupCreate{kEventStream, "xgroup-create"};
inline constexpr Event kXgroupSetId{kEventStream, "xgroup-setid"};
inline constexpr Event kXgroupDestroy{kEventStream, "xgroup-destroy"};
inline constexpr Event kXgroupCreateConsumer{kEventStream, "xgroup-createconsumer"};
inline constexpr Event kXgroupDelConsumer{kEventStream, "xgroup-delconsumer"};
inline constexpr Event kXreadGroup{kEventUntold, "xreadgroup"};
inline constexpr Event kXack{kEventUntold, "xack"};
inline constexpr Event kXclaim{kEventUntold, "xclaim"};

}  // namespace corral::command::events
