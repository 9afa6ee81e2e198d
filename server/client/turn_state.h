// Where a client stands in the turns of its worker.
#pragma once

#include <cstddef>

namespace corral::client {

// Written by the worker's parts (server/dispatch), each of which says in which of its lists the client is;
// sent_messages also by tracking, which sends messages at the end of a turn.
struct TurnState {
  bool ready = false;         // Batch: it has input to run
  bool flush_queued = false;  // Outbox: it is sent to at the end of the turn
  bool ended = false;         // Connections: it waits to be closed
  // It has had its share of this turn. requests_wait: it has more requests, in pending_input. output_waits:
  // it has more output. Nothing is read from it until the next turns have done the rest.
  bool requests_wait = false, output_waits = false;
  bool input_ended = false;  // the peer sends no more; its output is sent while the socket takes it at once
  bool paused = false;       // held back by CLIENT PAUSE
  // sent_messages: since requests of it were last read, its commands have sent messages to other workers.
  // held_back: it waits until fewer of them are in transit.
  bool sent_messages = false, held_back = false;
  size_t pushed_bytes = 0;  // of messages that others queued for it since the last flush
};

}  // namespace corral::client
