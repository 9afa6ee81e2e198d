// The rows of every family of commands; dispatch builds the table of all commands from them.
#pragma once

#include <span>

#include "server/command/spec.h"

namespace corral::commands {

// Each returns constant rows with static lifetime, defined at the end of the family's file.
std::span<const command::CommandSpec> StringCommands();
std::span<const command::CommandSpec> ManyStringsCommands();
std::span<const command::CommandSpec> ComparedStringCommands();
std::span<const command::CommandSpec> SubstringCommands();
std::span<const command::CommandSpec> NumberCommands();
std::span<const command::CommandSpec> BitmapCommands();
std::span<const command::CommandSpec> BitFieldCommands();
std::span<const command::CommandSpec> HyperLogLogCommands();
std::span<const command::CommandSpec> GeoCommands();
std::span<const command::CommandSpec> GeoSearchCommands();
std::span<const command::CommandSpec> ListEndCommands();
std::span<const command::CommandSpec> ListElementCommands();
std::span<const command::CommandSpec> KeyspaceCommands();
std::span<const command::CommandSpec> DatabaseCommands();
std::span<const command::CommandSpec> DumpCommands();
std::span<const command::CommandSpec> ExpireCommands();
std::span<const command::CommandSpec> ScanCommands();
std::span<const command::CommandSpec> ObjectCommands();
std::span<const command::CommandSpec> SortCommands();
std::span<const command::CommandSpec> ConnectionCommands();
std::span<const command::CommandSpec> ClientCommands();
std::span<const command::CommandSpec> ConfigCommands();
std::span<const command::CommandSpec> CommandCommands();
std::span<const command::CommandSpec> InfoCommands();
std::span<const command::CommandSpec> SlowlogCommands();
std::span<const command::CommandSpec> LatencyCommands();
std::span<const command::CommandSpec> MonitorCommands();
std::span<const command::CommandSpec> PubsubCommands();
std::span<const command::CommandSpec> MemoryCommands();
std::span<const command::CommandSpec> DebugCommands();
std::span<const command::CommandSpec> ServerCommands();
std::span<const command::CommandSpec> LeaseCommands();
std::span<const command::CommandSpec> ZsetCommands();
std::span<const command::CommandSpec> ZsetRangeCommands();
std::span<const command::CommandSpec> ZsetPartCommands();
std::span<const command::CommandSpec> ZsetPopCommands();
std::span<const command::CommandSpec> ZsetWalkCommands();
std::span<const command::CommandSpec> ZsetCombineCommands();
std::span<const command::CommandSpec> HashCommands();
std::span<const command::CommandSpec> HashWalkCommands();
std::span<const command::CommandSpec> HashExpireCommands();
std::span<const command::CommandSpec> HashOptionCommands();
std::span<const command::CommandSpec> SetCommands();
std::span<const command::CommandSpec> SetRandomCommands();
std::span<const command::CommandSpec> SetCombineCommands();
std::span<const command::CommandSpec> StreamAddCommands();
std::span<const command::CommandSpec> TransactionCommands();
std::span<const command::CommandSpec> StreamEntryCommands();
std::span<const command::CommandSpec> StreamGroupCommands();
std::span<const command::CommandSpec> StreamReadGroupCommands();
std::span<const command::CommandSpec> StreamInfoCommands();
std::span<const command::CommandSpec> StreamNewsCommands();
std::span<const command::CommandSpec> StreamPendingCommands();
std::span<const command::CommandSpec> StreamClaimCommands();
std::span<const command::CommandSpec> StreamDeletionCommands();

}  // namespace corral::commands
