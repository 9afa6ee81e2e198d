// Keyspace events as messages: __keyspace@<db>__:<key> and __keyevent@<db>__:<event>.
#pragma once

#include <cstdint>
#include <string_view>

#include "server/command/event.h"
#include "server/config/settings.h"
#include "server/pubsub/hub.h"

namespace corral::pubsub {

class KeyspaceEvents {
 public:
  KeyspaceEvents(Hub& hub, const config::Settings& settings) : hub_(hub), settings_(settings) {}

  // Whether notify-keyspace-events asks for the class. A write costs only this test while no events are
  // wanted.
  bool Wanted(command::EventClass event_class) const {
    return (settings_.notify_keyspace_events & event_class) != 0;
  }
  // A wanted event. `here` is the worker of this thread.
  void Raise(client::ClientOwner& here, int database, std::string_view key, std::string_view event);

 private:
  Hub& hub_;
  const config::Settings& settings_;
};

}  // namespace corral::pubsub
