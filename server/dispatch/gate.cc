// Readers announce themselves in slots of their own; a writer raises a flag and waits for the slots.
#include "server/dispatch/gate.h"

namespace corral::dispatch {

Gate::Gate(size_t workers)
    : workers_(workers), concurrent_(workers > 1), slots_(std::make_unique<Slot[]>(workers)) {}

void Gate::Enter(size_t worker) {
  if (!concurrent_) return;
  std::atomic<uint32_t>& inside = slots_[worker].inside;
  for (;;) {
    inside.store(1, std::memory_order_seq_cst);
    if (writer_.load(std::memory_order_seq_cst) == 0) return;
    inside.store(0, std::memory_order_seq_cst);
    inside.notify_all();
    writer_.wait(1, std::memory_order_seq_cst);
  }
}

void Gate::Leave(size_t worker) {
  if (!concurrent_) return;
  std::atomic<uint32_t>& inside = slots_[worker].inside;
  inside.store(0, std::memory_order_seq_cst);
  if (writer_.load(std::memory_order_seq_cst) != 0) inside.notify_all();
}

Gate::Exclusive::Exclusive(Gate& gate, size_t worker) : gate_(gate), worker_(worker) {
  if (!gate_.concurrent_) return;
  gate_.Leave(worker_);
  gate_.writers_.lock();
  gate_.writer_.store(1, std::memory_order_seq_cst);
  for (size_t other = 0; other < gate_.workers_; ++other) {
    gate_.slots_[other].inside.wait(1, std::memory_order_seq_cst);
  }
}

Gate::Exclusive::~Exclusive() {
  if (!gate_.concurrent_) return;
  gate_.writer_.store(0, std::memory_order_seq_cst);
  gate_.writer_.notify_all();
  gate_.writers_.unlock();
  gate_.Enter(worker_);
}

}  // namespace corral::dispatch
