// Every family's rows, in one list.
#include "server/dispatch/families.h"

#include <span>

#include "server/commands/families.h"

namespace corral::dispatch {

std::unique_ptr<command::CommandTable> BuildCommandTable() {
  const std::span<const command::CommandSpec> families[] = {
      commands::StringCommands(),
      commands::ManyStringsCommands(),
      commands::ComparedStringCommands(),
      commands::SubstringCommands(),
      commands::DatabaseCommands(),
      commands::NumberCommands(),
      commands::BitmapCommands(),
      commands::BitFieldCommands(),
      commands::HyperLogLogCommands(),
      commands::ListEndCommands(),
      commands::ListElementCommands(),
      commands::KeyspaceCommands(),
      commands::DumpCommands(),
      commands::ExpireCommands(),
      commands::ScanCommands(),
      commands::ObjectCommands(),
      commands::SortCommands(),
      commands::ConnectionCommands(),
      commands::ClientCommands(),
      commands::ConfigCommands(),
      commands::CommandCommands(),
      commands::InfoCommands(),
      commands::SlowlogCommands(),
      commands::LatencyCommands(),
      commands::MonitorCommands(),
      commands::MemoryCommands(),
      commands::DebugCommands(),
      commands::ServerCommands(),
      commands::LeaseCommands(),
      commands::PubsubCommands(),
      commands::ZsetCommands(),
      commands::ZsetRangeCommands(),
      commands::ZsetPartCommands(),
      commands::ZsetPopCommands(),
      commands::ZsetWalkCommands(),
      commands::ZsetCombineCommands(),
      commands::HashCommands(),
      commands::HashWalkCommands(),
      commands::HashExpireCommands(),
      commands::SetCommands(),
      commands::SetRandomCommands(),
      commands::SetCombineCommands(),
      commands::GeoCommands(),
      commands::GeoSearchCommands(),
      commands::StreamAddCommands(),
      commands::StreamEntryCommands(),
      commands::StreamGroupCommands(),
      commands::StreamReadGroupCommands(),
      commands::StreamInfoCommands(),
      commands::StreamNewsCommands(),
      commands::StreamPendingCommands(),
      commands::StreamClaimCommands(),
      commands::StreamDeletionCommands(),
      commands::HashOptionCommands(),
      commands::TransactionCommands(),
  };
  return std::make_unique<command::CommandTable>(families);
}

}  // namespace corral::dispatch
