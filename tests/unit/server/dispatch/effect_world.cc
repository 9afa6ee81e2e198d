#include "tests/unit/server/dispatch/effect_world.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace corral::dispatch {

void KeepingLog::Append(std::span<const command::Effect> effects) {
  KeptGroup group;
  for (const command::Effect& effect : effects) {
    group.push_back({effect.database, {effect.arguments.begin(), effect.arguments.end()}});
  }
  const std::lock_guard guard(mutex_);
  groups.push_back(std::move(group));
}

EffectWorld::EffectWorld(size_t workers)
    : keyspace({.databases = kDatabases, .shards = 16, .concurrent = workers > 1, .seed = 7}, &writes_,
               &lazy_free_),
      leases_(keyspace, config.settings(), system_clock_, 7),
      pubsub_(workers, 7),
      events_(pubsub_, config.settings()),
      tracking_(keyspace, lazy_free_, config.settings(), workers, 7),
      watches_(keyspace),
      table(BuildCommandTable()),
      services{config, config.settings(), keyspace, lazy_free_, *table,   clients_, telemetry_,
               *this,  leases_,           pubsub_,  tracking_,  watches_, *this,    debug_},
      gate_(workers) {
  // Its clients have no connection whose address the slow log could name.
  Configure("slowlog-log-slower-than", "-1");
  services.effect_log = &log;
  writes_.set_concurrent(workers > 1);
  writes_.set_leases(leases_);
  writes_.set_events(events_);
  writes_.set_tracking(tracking_);
  writes_.set_watches(watches_);
  writes_.set_services(services);
}

void EffectWorld::Configure(std::string_view name, std::string_view value) {
  const std::pair<std::string_view, std::string_view> change[] = {{name, value}};
  REQUIRE(config.Set(change, true).ok());
}

EffectWorld::Lane::Lane(EffectWorld& world, size_t worker)
    : world_(world),
      worker_(worker),
      stats_(world.table->all().size()),
      executor_(world.services, stats_, world.gate_, worker, world.ticks_, world),
      client_(world.clients_.NextId(), world, net::Stream::Handle{}, pool_, 0) {}

std::string EffectWorld::Lane::Run(const std::vector<std::string>& words) {
  const command::Command* command = world_.table->Find(words[0]);
  REQUIRE(command != nullptr);
  if (!command->subcommands.empty()) command = command->Subcommand(words[1]);
  return Run(*command, words);
}

std::string EffectWorld::Lane::Run(const command::Command& command, const std::vector<std::string>& words) {
  const std::vector<std::string_view> arguments(words.begin(), words.end());
  Request request;
  request.client = &client_;
  request.command = &command;
  request.arguments = arguments;
  request.has_key = command.first_key == 1 && arguments.size() > 1;
  if (request.has_key) request.first_key = world_.keyspace.MakeKey(arguments[1]);
  world_.gate_.Enter(worker_);
  executor_.clock().Refresh();
  executor_.Run(request);
  world_.gate_.Leave(worker_);
  return DispatchWorld::TakeReplies(client_);
}

void EffectWorld::Lane::ExpireDue(int64_t later_ms) {
  world_.gate_.Enter(worker_);
  executor_.clock().Refresh();
  world_.keyspace.ExpireDue(0, 1, now_ms() + later_ms, 1'000'000);
  world_.gate_.Leave(worker_);
}

void EffectWorld::Replay(const std::vector<KeptGroup>& groups) {
  telemetry::WorkerStats stats(table->all().size());
  client::ChunkPool pool;
  client::Client client(clients_.NextId(), *this, net::Stream::Handle{}, pool, 0);
  for (const KeptGroup& group : groups) {
    for (const KeptEffect& effect : group) {
      const std::vector<std::string_view> arguments(effect.arguments.begin(), effect.arguments.end());
      const command::Command* command = table->Find(arguments[0]);
      REQUIRE(command != nullptr);
      if (!command->subcommands.empty()) command = command->Subcommand(arguments[1]);
      client.session.database = effect.database;
      client.reply.ResetErrors();
      command::Context ctx(services, client, stats, *command, arguments, client.reply,
                           keyspace.database(effect.database, kReplayMs));
      command->spec->handler(ctx);
      REQUIRE(client.reply.errors() == 0);
      DispatchWorld::TakeReplies(client);
    }
  }
}

std::vector<std::string> EffectWorld::Contents(int64_t now_ms, int64_t stale_ms) {
  std::vector<std::string> contents;
  for (int i = 0; i < kDatabases; ++i) {
    keyspace.database(i, now_ms).ForEach([&](const storage::Record& record) {
      storage::IntegerText scratch;
      std::string line = std::to_string(i) + " " + std::string(record.key()) + " = ";
      line += record.is_string() ? std::string(record.String(scratch)) : "(other)";
      line += " until " + std::to_string(record.expire_at_ms());
      const int64_t fresh_ms = record.fresh_until_ms();
      const bool stale = fresh_ms != storage::kAlwaysFresh && fresh_ms <= stale_ms;
      contents.push_back(line + (stale ? " stale" : " fresh until " + std::to_string(fresh_ms)));
    });
  }
  std::sort(contents.begin(), contents.end());
  return contents;
}

}  // namespace corral::dispatch
