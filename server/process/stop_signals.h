// SIGTERM and SIGINT from the start of the process to its end, also while no thread of the daemon listens.
#pragma once

namespace corral::process {

// Calls come from the main thread, in the order of the declarations.

// While there are no handlers, or they are being taken away: a signal waits for the next call. Threads that
// are made now never receive one.
void HoldStops();

// Goes in front of the handlers that these two signals have now: notes the wish to stop, and calls them. A
// SIGINT when that is noted already ends the process at once with status 1, as in Redis, however busy its
// threads are, and says so on standard output.
void WatchStops();

// After HoldStops, and when those handlers are gone: the process is ending. A SIGTERM changes nothing any
// more, and a SIGINT ends the process at once.
void OutliveStops();

// Whether a signal has asked for the end.
bool StopWanted();
// Takes the wish back; false when there is none.
bool ForgetStop();

}  // namespace corral::process
