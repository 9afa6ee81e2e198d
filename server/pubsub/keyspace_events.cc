// The channels of keyspace events.
#include "server/pubsub/keyspace_events.h"

#include <string>

namespace corral::pubsub {
namespace {

std::string Channel(std::string_view kind, int database, std::string_view rest) {
  std::string channel = "__";
  channel += kind;
  channel += '@';
  channel += std::to_string(database);
  channel += "__:";
  channel += rest;
  return channel;
}

}  // namespace

void KeyspaceEvents::Raise(client::ClientOwner& here, int database, std::string_view key,
                           std::string_view event) {
  if (hub_.silent()) return;
  const uint32_t kinds = settings_.notify_keyspace_events;
  if ((kinds & config::kNotifyKeyspace) != 0) {
    hub_.Publish(here, TopicKind::kChannel, Channel("keyspace", database, key), event);
  }
  if ((kinds & config::kNotifyKeyevent) != 0) {
    hub_.Publish(here, TopicKind::kChannel, Channel("keyevent", database, event), key);
  }
}

}  // namespace corral::pubsub
