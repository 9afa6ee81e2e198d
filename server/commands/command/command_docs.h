// The replies of COMMAND INFO and COMMAND DOCS for one command.
#pragma once

#include "protocol/reply_writer.h"
#include "server/command/table.h"

namespace corral::commands {

// One element of COMMAND and COMMAND INFO: ten fields, subcommands included.
void ReplyCommandInfo(protocol::ReplyWriter& reply, const command::Command& command);

// The map of COMMAND DOCS for one command, without its name, subcommands included.
void ReplyCommandDocs(protocol::ReplyWriter& reply, const command::Command& command);

// The set of flags of a key, as COMMAND INFO and GETKEYSANDFLAGS show it.
void ReplyKeyFlags(protocol::ReplyWriter& reply, uint16_t flags);

// The category's bit, in any case; 0 when there is none of that name.
uint32_t CategoryByName(std::string_view name);

}  // namespace corral::commands
