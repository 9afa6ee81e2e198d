// Counts what changed; the features that listen to writes hang here.
#include "server/dispatch/effects.h"

namespace corral::dispatch {

void WriteEffects::CountWrite() {
  if (concurrent_) {
    dirty_.fetch_add(1, std::memory_order_relaxed);
  } else {
    dirty_.store(dirty_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
}

void WriteEffects::KeyChanged(int, std::string_view, const command::Event&) { CountWrite(); }
void WriteEffects::DatabaseFlushed(int) { CountWrite(); }
void WriteEffects::DatabasesSwapped(int, int) { CountWrite(); }
void WriteEffects::OnExpired(int, std::string_view) { CountWrite(); }
void WriteEffects::OnEvicted(int, std::string_view) { CountWrite(); }

}  // namespace corral::dispatch
