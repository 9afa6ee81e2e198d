#include "tests/unit/server/commands/command_run.h"

#include "server/commands/families.h"

namespace corral::commands {
namespace {

command::CommandTable Table() {
  const std::span<const command::CommandSpec> families[] = {
      StringCommands(),      ManyStringsCommands(), ComparedStringCommands(), SubstringCommands(),
      NumberCommands(),      KeyspaceCommands(),    DatabaseCommands(),       ExpireCommands(),
      ScanCommands(),        ObjectCommands(),      BitmapCommands(),         BitFieldCommands(),
      HyperLogLogCommands(), GeoCommands(),         GeoSearchCommands(),      SortCommands(),
      HashCommands(),        HashWalkCommands(),    HashExpireCommands(),     HashOptionCommands(),
      DumpCommands()};
  return command::CommandTable(families);
}

}  // namespace

CommandRun::CommandRun()
    : keyspace_({.databases = 16, .shards = 16, .concurrent = false, .seed = 7}, nullptr, &lazy_free_),
      leases_(keyspace_, config_.settings(), clock_, 7),
      tracking_(keyspace_, lazy_free_, config_.settings(), 1, 1),
      watches_(keyspace_),
      table_(Table()),
      stats_(table_.all().size()),
      services_{config_,   config_.settings(), keyspace_, lazy_free_, table_,
                clients_,  telemetry_,         *this,     leases_,    pubsub_,
                tracking_, watches_,           *this,     debug_},
      client_(1, *this, {}, pool_, now_ms),
      reply_(sink_, protocol::Version::kResp2) {}

std::string CommandRun::operator()(std::vector<std::string_view> arguments) {
  const command::Command* command = table_.Find(arguments[0]);
  if (!command->subcommands.empty()) command = command->Subcommand(arguments[1]);
  command::Context ctx = Make(*command, arguments);
  command->spec->handler(ctx);
  return sink_.Take();
}

void CommandRun::KeyChanged(const storage::Database& database, const storage::Key& key,
                            const command::Event& event) {
  events_.push_back(std::string(event.name) + " " + std::to_string(database.index()) + " " +
                    std::string(key.name));
}

void CommandRun::AbsentKeyDeleted(const storage::Database&, const storage::Key&) {}

void CommandRun::DatabaseFlushed(int database, uint64_t /*keys*/, int64_t /*now_ms*/) {
  events_.push_back("flushed " + std::to_string(database));
}

void CommandRun::DatabasesSwapped(int database, int other, int64_t /*now_ms*/) {
  events_.push_back("swapped " + std::to_string(database) + " " + std::to_string(other));
}

}  // namespace corral::commands
