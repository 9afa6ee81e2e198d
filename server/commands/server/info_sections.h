// The sections of INFO, each a text of lines that end in CRLF.
#pragma once

#include <string>

#include "server/command/context.h"

namespace corral::commands {

// Each appends "# Title\r\n" and its lines. Gate held as writer.
void AppendServerInfo(command::Context& ctx, std::string* out);
void AppendClientsInfo(command::Context& ctx, std::string* out);
void AppendMemoryInfo(command::Context& ctx, std::string* out);
void AppendPersistenceInfo(command::Context& ctx, std::string* out);
void AppendStatsInfo(command::Context& ctx, std::string* out);
void AppendReplicationInfo(command::Context& ctx, std::string* out);
void AppendCpuInfo(command::Context& ctx, std::string* out);
void AppendModulesInfo(command::Context& ctx, std::string* out);
void AppendCommandStatsInfo(command::Context& ctx, std::string* out);
void AppendErrorStatsInfo(command::Context& ctx, std::string* out);
void AppendLatencyStatsInfo(command::Context& ctx, std::string* out);
void AppendLeasesInfo(command::Context& ctx, std::string* out);
void AppendClusterInfo(command::Context& ctx, std::string* out);
void AppendKeyspaceInfo(command::Context& ctx, std::string* out);

}  // namespace corral::commands
