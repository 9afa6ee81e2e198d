// SIGTERM and SIGINT from the start of the process to its end, also while no thread of the daemon listens.
#pragma once

namespace corral::process {

// Calls come from the main thread, in the order of the declarations.

// Holds signals back until the next call, while there are no handlers yet or they are being removed. Threads
// that are started now never receive one.
void HoldStops();

// Puts a handler in front of those that the two signals have now: it notes the wish to stop, then calls them.
// A second SIGINT ends the process at once with status 1, as in Redis, however busy its threads are, and says
// so on standard output.
void WatchStops();

// After HoldStops, and when those handlers are gone: the process is ending. A SIGTERM changes nothing any
// more, and a SIGINT ends the process at once.
void OutliveStops();

// Whether a signal has asked for the end.
bool StopWanted();
// Takes the wish back; false when there is none.
bool ForgetStop();

}  // namespace corral::process
