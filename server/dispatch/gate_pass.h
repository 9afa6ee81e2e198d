// A worker's stay inside the gate, and how it lets a writer in between two steps of a turn.
#pragma once

#include <cstddef>

#include "server/dispatch/gate.h"

namespace corral::dispatch {

// A turn is many steps: reads, commands, writes. Between any two of them the worker's connections are whole,
// so a writer need not wait for the turn's end: it waits for one step, and each step that is a system call
// offers it the gate first. What the offer costs while nobody wants it is one load. The worker's thread.
class GatePass {
 public:
  GatePass(Gate& gate, size_t worker) : gate_(gate), worker_(worker) {}
  GatePass(const GatePass&) = delete;
  GatePass& operator=(const GatePass&) = delete;

  bool inside() const { return inside_; }
  // False when it is inside already.
  bool Enter() {
    if (inside_) return false;
    inside_ = true;
    gate_.Enter(worker_);
    return true;
  }
  void Leave() {
    if (!inside_) return;
    inside_ = false;
    gate_.Leave(worker_);
  }
  // Inside, with no shard's lock held. True when a writer was let in: time has passed, settings may be
  // others, and any client may have been told to close or to end its wait.
  bool GiveWay() {
    if (!gate_.WriterWaits()) [[likely]]
      return false;
    gate_.Leave(worker_);
    gate_.Enter(worker_);
    return true;
  }

 private:
  Gate& gate_;
  const size_t worker_;
  bool inside_ = false;
};

}  // namespace corral::dispatch
