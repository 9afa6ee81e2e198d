// What a handler gets: its arguments, its database, its reply, and the parts of the server it may ask.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

#include "protocol/reply_writer.h"
#include "protocol/wire_error.h"
#include "server/command/effect_log.h"
#include "server/command/event.h"
#include "server/command/pending_effects.h"
#include "server/command/table.h"
#include "storage/database.h"
#include "storage/keyspace.h"

namespace corral::client {
class Client;
class Registry;
}  // namespace corral::client
namespace corral::config {
class Config;
struct Settings;
}  // namespace corral::config
namespace corral::lease {
class Leases;
}
namespace corral::pubsub {
class Hub;
}
namespace corral::tracking {
class Tracking;
}
namespace corral::transaction {
class Watches;
}
namespace corral::telemetry {
class Telemetry;
struct WorkerStats;
}  // namespace corral::telemetry

namespace corral::command {

struct DebugSwitches;

// Where the consequences of a write happen (dispatch implements it): handlers only say what changed.
class Effects {
 public:
  virtual ~Effects() = default;
  // `database` as the command sees it, at its time.
  virtual void KeyChanged(const storage::Database& database, const storage::Key& key, const Event& event) = 0;
  // A command deleted a key that does not exist. Nothing changed, but a value that a client is fetching for
  // the key is outdated.
  virtual void AbsentKeyDeleted(const storage::Database& database, const storage::Key& key) = 0;
  // A command that reads found no such key.
  virtual void KeyMissed(const storage::Database& /*database*/, const storage::Key& /*key*/) {}
  // `database` -1: all of them; `keys` were in them. `now_ms`: the command's time.
  virtual void DatabaseFlushed(int database, uint64_t keys, int64_t now_ms) = 0;
  // `other` may be the same one: a change all the same, as Redis counts.
  virtual void DatabasesSwapped(int database, int other, int64_t now_ms) = 0;
  // Changes that clients made since the start, as INFO's rdb_changes_since_last_save counts them.
  virtual uint64_t dirty() const = 0;
};

// Ends the process in order; implemented by main's server.
class Lifecycle {
 public:
  virtual ~Lifecycle() = default;
  virtual void RequestShutdown() = 0;
  // Takes back a shutdown that was asked for and has not begun; false when there is none. Any worker.
  virtual bool AbortShutdown() = 0;
};

// The parts of the server that handlers reach; every reference outlives every command.
struct Services {
  config::Config& config;
  const config::Settings& settings;
  storage::Keyspace& keyspace;
  storage::LazyFree& lazy_free;
  const CommandTable& commands;
  client::Registry& clients;
  telemetry::Telemetry& telemetry;
  Effects& effects;
  lease::Leases& leases;
  pubsub::Hub& pubsub;
  tracking::Tracking& tracking;
  transaction::Watches& watches;
  Lifecycle& lifecycle;
  DebugSwitches& debug;
  // Null: nobody listens. Changed by whoever has the world; outlives the command that changes it.
  EffectLog* effect_log = nullptr;
};

// One running command, on its worker's thread. The locks of its keys are held; when its row says kExclusive,
// no other worker runs. Arguments are valid until the handler returns.
class Context {
 public:
  Context(Services& services, client::Client& client, telemetry::WorkerStats& stats, const Command& command,
          std::span<const std::string_view> arguments, protocol::ReplyWriter& reply,
          storage::Database database)
      : services(services),
        client(client),
        stats(stats),
        command(command),
        reply(reply),
        db(database),
        arguments_(arguments) {}

  Services& services;
  client::Client& client;
  telemetry::WorkerStats& stats;
  const Command& command;
  protocol::ReplyWriter& reply;
  // Whether the command may block its client. Where its reply is part of another one (MULTI, scripts) it
  // answers at once, as if the wait were over.
  bool may_wait = true;
  storage::Database db;  // the client's selected database, at this command's time

  size_t size() const { return arguments_.size(); }
  std::string_view operator[](size_t i) const { return arguments_[i]; }
  std::span<const std::string_view> arguments() const { return arguments_; }
  // Case-insensitive comparison with an upper-case option word.
  bool Is(size_t i, std::string_view word) const;

  int64_t now_ms() const { return db.now_ms(); }
  storage::Key Key(size_t i) const {
    return i == 1 && has_first_key_ ? first_key_ : services.keyspace.MakeKey(arguments_[i]);
  }
  storage::Database Database(int index) const { return services.keyspace.database(index, now_ms()); }

  // The one way in which a handler reports a write; once per changed key. The command goes to the log of
  // effects then, as it came.
  void Changed(const storage::Key& key, const Event& event) { Changed(db, key, event); }
  void Changed(const storage::Database& database, const storage::Key& key, const Event& event) {
    changed_ = true;
    services.effects.KeyChanged(database, key, event);
  }
  // The same for whole databases, empty ones too. The arguments are those of Effects.
  void Flushed(int database, uint64_t keys);
  void Swapped(int database, int other);

  // Says what goes to the log of effects instead of the command as it came, for a handler whose command would
  // do something else when it is run again: later (relative times), or by chance. Several calls are a group,
  // in their order; a call without arguments says that nothing goes there. It is run in `db`.
  void PropagateAs(std::initializer_list<EffectArgument> arguments) {
    PropagateAs(std::span(arguments.begin(), arguments.size()));
  }
  void PropagateAs(std::span<const EffectArgument> arguments) {
    if (propagates()) [[unlikely]]
      ReplaceEffect(arguments);
  }
  // Whether anybody listens: for handlers that have to gather the arguments first.
  bool propagates() const { return services.effect_log != nullptr; }
  // For whoever runs the handler.
  bool propagates_as_it_came() const { return changed_ && !replaced_; }

  // Readers of numeric arguments: on a mistake they answer the client and return false.
  bool ReadInteger(size_t i, int64_t* value, std::string_view error = protocol::wire::kNotInteger);
  bool ReadIntegerInRange(size_t i, int64_t low, int64_t high, int64_t* value, std::string_view error);
  bool ReadLongDouble(size_t i, long double* value);
  // SELECT, MOVE, COPY, SWAPDB.
  bool ReadDatabaseIndex(size_t i, int* index, std::string_view error_text);

  void ReplySyntaxError() { reply.Error(protocol::wire::kSyntax); }
  // The reply of a container's HELP: its name line, the lines given, and HELP itself, as Redis lays them out.
  void ReplyHelp(std::span<const std::string_view> lines);
  // The reply for a subcommand that exists with other arguments only.
  void ReplySubcommandSyntax();

  void set_first_key(const storage::Key& key) {
    first_key_ = key;
    has_first_key_ = true;
  }

 private:
  void ReplaceEffect(std::span<const EffectArgument> arguments);

  std::span<const std::string_view> arguments_;
  storage::Key first_key_{};
  bool has_first_key_ = false;
  bool changed_ = false;
  bool replaced_ = false;  // by PropagateAs
};

}  // namespace corral::command
