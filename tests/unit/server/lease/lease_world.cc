#include "tests/unit/server/lease/lease_world.h"

#include <algorithm>
#include <span>

#include "server/commands/families.h"

namespace corral::lease {
namespace {

command::CommandTable Table() {
  const std::span<const command::CommandSpec> families[] = {
      commands::StringCommands(),   commands::ManyStringsCommands(), commands::SubstringCommands(),
      commands::NumberCommands(),   commands::KeyspaceCommands(),    commands::ExpireCommands(),
      commands::DatabaseCommands(), commands::LeaseCommands()};
  return command::CommandTable(families);
}

}  // namespace

std::vector<std::string> PartsOf(const std::string& replies) {
  std::vector<std::string> parts;
  for (size_t at = 0; at < replies.size();) {
    const size_t end = replies.find("\r\n", at);
    const std::string line = replies.substr(at + 1, end - at - 1);
    const char type = replies[at];
    at = end + 2;
    if (type == '*') continue;
    if (type != '$') {
      parts.push_back(line);
    } else if (line == "-1") {
      parts.emplace_back("-");
    } else {
      const size_t size = std::stoul(line);
      parts.push_back(replies.substr(at, size));
      at += size + 2;
    }
  }
  return parts;
}

void PaperWorker::Post(std::function<void()> job) {
  std::lock_guard guard(mutex_);
  jobs_.push_back(std::move(job));
}

bool PaperWorker::RunJobs() {
  std::vector<std::function<void()>> jobs;
  {
    std::lock_guard guard(mutex_);
    jobs.swap(jobs_);
  }
  for (auto& job : jobs) job();
  return !jobs.empty();
}

LeaseWorld::LeaseWorld(size_t workers, const storage::Clock& clock, uint64_t seed)
    : clock_(clock),
      keyspace_({.databases = 4, .shards = 16, .concurrent = workers > 1, .seed = seed, .clock = &clock},
                this, &lazy_free_),
      leases_((settings.threads = static_cast<int>(workers), keyspace_), settings, clock, seed),
      table_(Table()),
      hub_(workers, seed),
      tracking_(keyspace_, lazy_free_, settings, workers, seed),
      watches_(keyspace_),
      services_{.config = config_,
                .settings = settings,
                .keyspace = keyspace_,
                .lazy_free = lazy_free_,
                .commands = table_,
                .clients = clients_,
                .telemetry = telemetry_,
                .effects = *this,
                .leases = leases_,
                .pubsub = hub_,
                .tracking = tracking_,
                .watches = watches_,
                .lifecycle = *this,
                .debug = debug_} {
  for (size_t i = 0; i < workers; ++i) {
    workers_.push_back(std::make_unique<PaperWorker>(workers > 1));
    leases_.AddMailbox(workers_.back().get(), workers_.back()->mailbox());
    telemetry_.AddWorker(table_.all().size());
  }
}

LeaseWorld::~LeaseWorld() = default;

std::unique_ptr<client::Client> LeaseWorld::Connect(size_t worker) {
  PaperWorker& owner = *workers_[worker];
  return std::make_unique<client::Client>(clients_.NextId(), owner, net::Stream::Handle(), owner.chunks,
                                          clock_.unix_ms());
}

void LeaseWorld::Run(client::Client& client, const std::vector<std::string>& arguments) {
  const command::Command& command = *table_.Find(arguments[0]);
  const std::vector<std::string_view> views(arguments.begin(), arguments.end());
  command::Context context(services_, client, *telemetry_.workers()[0], command, views, client.reply,
                           keyspace_.database(client.session.database, clock_.unix_ms()));
  context.may_wait = may_wait;
  std::vector<command::KeyPosition> positions;
  std::vector<uint32_t> shards;
  if (!command.Is(command::kExclusive) && FindKeys(command, views, &positions)) {
    for (const auto& position : positions) {
      shards.push_back(keyspace_.ShardOf(keyspace_.MakeKey(views[position.index]).hash));
    }
    std::sort(shards.begin(), shards.end());
    shards.erase(std::unique(shards.begin(), shards.end()), shards.end());
  }
  for (uint32_t shard : shards) keyspace_.Lock(shard);
  command.spec->handler(context);
  for (uint32_t shard : shards) keyspace_.Unlock(shard);
}

void LeaseWorld::EndWait(client::Client& client) {
  client.wait()->ReplyTimeout(client.reply);
  client.Unblock();
}

void LeaseWorld::Close(std::unique_ptr<client::Client> client) {
  if (client->blocked()) client->Unblock();
  if (client->leader) leases_.LeaderGone(static_cast<Leader&>(*client->leader));
}

std::string LeaseWorld::TakeReplies(client::Client& client) {
  std::string text;
  while (!client.output.empty()) {
    net::Slice slices[16];
    size_t bytes = 0;
    const size_t count = client.output.Gather(slices);
    for (size_t i = 0; i < count; ++i) {
      text.append(slices[i].data, slices[i].size);
      bytes += slices[i].size;
    }
    client.output.Consume(bytes);
  }
  return text;
}

void LeaseWorld::KeyChanged(const storage::Database& database, const storage::Key& key,
                            const command::Event& event) {
  if (!leases_.empty()) leases_.KeyChanged(database, key, event);
}
void LeaseWorld::AbsentKeyDeleted(const storage::Database& database, const storage::Key& key) {
  leases_.Invalidate(database, key);
}
void LeaseWorld::DatabaseFlushed(int database, uint64_t /*keys*/, int64_t now_ms) {
  leases_.DatabaseFlushed(database, now_ms);
}
void LeaseWorld::DatabasesSwapped(int database, int other, int64_t now_ms) {
  leases_.DatabasesSwapped(database, other, now_ms);
}

}  // namespace corral::lease
