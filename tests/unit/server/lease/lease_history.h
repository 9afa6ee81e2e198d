// A random history of lease commands, writes, time and connections, played in the world and in the model.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "storage/base/clock.h"
#include "storage/base/random.h"
#include "tests/unit/server/lease/lease_model.h"
#include "tests/unit/server/lease/lease_world.h"

namespace corral::lease {

inline constexpr int64_t kHistoryStartMs = 1'700'000'000'000;

// Plays one history in both worlds.
class History {
 public:
  explicit History(uint64_t seed)
      : random_(seed), clock_(kHistoryStartMs), workers_(seed % 2 ? 3 : 1), world_(workers_, clock_, seed) {
    world_.settings.lease_max_waiters_per_key = model_.most_waiters = 4;
    model_.now_unix_ms = kHistoryStartMs;
    for (int i = 0; i < kClients; ++i) Connect(i);
  }

  // False when the worlds differ; `failure` says how.
  bool Step() {
    ++steps_;
    ForgetEnded();
    int client = Pick(kClients);
    // Who waits is mostly left alone.
    for (int tries = 0; tries < 4 && clients_[client]->blocked(); ++tries) client = Pick(kClients);
    switch (Pick(24)) {
      case 0:
      case 1:
      case 2:
      case 3:
      case 4:
      case 5:
      case 14:
        GetLease(client);
        break;
      case 6:
      case 7:
      case 8:
        SetLease(client);
        break;
      case 9:
        DelLease(client);
        break;
      case 10:
        TouchLease(client);
        break;
      case 11:
        SoftDel(client);
        break;
      case 12:
        Delete(client);
        break;
      case 13:
        Set(client);
        break;
      case 15:
        Edit(client);
        break;
      case 16:
        Move(client);
        break;
      case 17:
        Expire(client);
        break;
      case 18:
        Reconnect(client);
        break;
      case 19:
      case 20:
        Pass(Pick(8) == 0 ? Pick(300) : Pick(8));
        break;
      case 21:
        RunJobs();
        break;
      case 22:
        CheckValue(client);
        break;
      case 23:
        Rare(client);
        break;
    }
    if (model_.stale_stores != 0) failure = "a stale value was stored";
    if (failure.empty() && steps_ % 64 == 0) CheckState();
    return failure.empty();
  }

  std::string failure;
  uint64_t granted() { return world_.leases().counters().granted; }
  uint64_t promoted() { return world_.leases().counters().promoted; }
  uint64_t refused() { return world_.leases().counters().refused; }

 private:
  static constexpr int kClients = 12, kKeys = 3, kDatabases = 2;
  using Answer = LeaseModel::Answer;
  struct KnownToken {
    std::string text;
    int number;  // the model's
    LeaseModel::Place place;
  };

  size_t WorkerOf(int slot) const { return static_cast<size_t>(slot) % workers_; }
  int Pick(int n) { return static_cast<int>(random_.Below(static_cast<uint64_t>(n))); }
  std::string RandomWord(const std::vector<std::string>& words) { return words[random_.Below(words.size())]; }
  // Chooses a key of the database of the command to come.
  std::string Key() {
    place_ = {database_, std::string(1, static_cast<char>('a' + Pick(kKeys)))};
    return place_.second;
  }
  std::string Value() { return "v" + std::to_string(steps_); }

  void Connect(int slot) {
    clients_[slot] = world_.Connect(WorkerOf(slot));
    if (slot % 3 == 0) {  // that it watches leases changes nothing of the answers
      clients_[slot]->tracking = std::make_unique<client::TrackingMode>();
      clients_[slot]->tracking->on = true;
    }
    names_[slot] = ++last_name_;
  }

  // A waiting connection that sends something: its wait ends first.
  void Prepare(int client) {
    database_ = Pick(kDatabases);
    if (clients_[client]->blocked()) EndWait(client);
    clients_[client]->session.database = database_;
  }

  void EndWait(int client) {
    world_.EndWait(*clients_[client]);
    CheckAnswer(client, model_.EndWait(names_[client]));
    deadlines_.erase(client);
  }

  std::vector<std::string> Run(int client, const std::vector<std::string>& arguments) {
    world_.Run(*clients_[client], arguments);
    said_.clear();
    for (const std::string& argument : arguments) said_ += " " + argument;
    return PartsOf(world_.TakeReplies(*clients_[client]));
  }

  void Fail(const std::string& what) {
    if (failure.empty()) failure = "step " + std::to_string(steps_) + " after" + said_ + ": " + what;
  }

  // The model runs first, as an argument: it never answers what the world answers.
  void Expect(int client, const std::vector<std::string>& arguments, bool answer) {
    const auto parts = Run(client, arguments);
    if (parts != std::vector<std::string>{answer ? "1" : "0"})
      Fail("answered " + (parts.empty() ? "nothing" : parts[0]));
  }

  void CheckAnswer(int client, const Answer& answer) {
    const auto parts = PartsOf(world_.TakeReplies(*clients_[client]));
    CompareAnswer(parts, answer, asked_[client]);
  }

  void CompareAnswer(const std::vector<std::string>& parts, const Answer& answer,
                     const LeaseModel::Place& asked) {
    if (parts.size() != 4) return Fail("no answer of four");
    if (parts[0] != answer.status) return Fail(parts[0] + " for " + answer.status);
    if (parts[1] != answer.value.value_or("-"))
      return Fail("value " + parts[1] + " for " + answer.value.value_or("-"));
    if ((parts[2] != "-") != (answer.token != 0)) return Fail("token " + parts[2]);
    if (answer.token != 0) {
      if (!known_.insert(parts[2]).second) return Fail("a token was given twice");
      tokens_.push_back({parts[2], answer.token, asked});
      if (tokens_.size() > 24) tokens_.erase(tokens_.begin());
    }
    const int64_t ms = std::stoll(parts[3]);
    const bool good = answer.ms == LeaseModel::kBusyMs ? ms >= 1 && ms <= 20000 : ms == answer.ms;
    if (!good) Fail("ms " + parts[3] + " for " + std::to_string(answer.ms));
  }

  void MGetLease(int client) {
    Prepare(client);
    LeaseModel::Ask ask;
    ask.may_wait = false;
    ask.lease_ms = 1 + Pick(60);
    const std::string first_key = Key();
    const LeaseModel::Place first = place_;
    const std::string second_key = Key();
    const auto answer = model_.GetLease(names_[client], first, ask);
    const auto second = model_.GetLease(names_[client], place_, ask);
    const auto parts =
        Run(client, {"mgetlease", "2", first_key, second_key, "lease", std::to_string(ask.lease_ms)});
    if (parts.size() != 8) return Fail("no two answers");
    CompareAnswer({parts.begin(), parts.begin() + 4}, *answer, first);
    CompareAnswer({parts.begin() + 4, parts.end()}, *second, place_);
  }

  void GetLease(int client) {
    if (Pick(12) == 0) return MGetLease(client);
    Prepare(client);
    LeaseModel::Ask ask;
    std::vector<std::string> arguments = {"getlease", Key()};
    if (Pick(2)) {
      ask.lease_ms = 1 + Pick(60);
      arguments.insert(arguments.end(), {"lease", std::to_string(ask.lease_ms)});
    }
    if (Pick(4) == 0) {
      ask.early_ms = Pick(100);
      arguments.insert(arguments.end(), {"early", std::to_string(ask.early_ms)});
    }
    if ((ask.fresh = Pick(3) == 0)) arguments.emplace_back("fresh");
    int64_t wait_ms = 1 + Pick(400);
    if (!(ask.may_wait = Pick(4) != 0)) {
      arguments.emplace_back("nowait");
    } else {
      arguments.insert(arguments.end(), {"wait", std::to_string(wait_ms)});
    }
    const auto answer = model_.GetLease(names_[client], place_, ask);
    const auto parts = Run(client, arguments);
    asked_[client] = place_;
    if (answer) return CompareAnswer(parts, *answer, place_);
    if (!parts.empty() || !clients_[client]->blocked()) return Fail("it does not wait");
    if (clients_[client]->wait_deadline_ms() != world_.leases().now_ms() + wait_ms) Fail("a wrong deadline");
    deadlines_[client] = clients_[client]->wait_deadline_ms();
  }

  // A token that somebody was given, mostly for its own key; now and then one that nobody was given. For a
  // command of `client` on place_.
  KnownToken AnyToken(int client) {
    KnownToken token{"0123456789abcdef01234567", 0, {}};
    if (!tokens_.empty() && Pick(50) != 0) {
      // The latest are the likeliest to be good.
      const size_t back = std::min<size_t>(tokens_.size() - 1, static_cast<size_t>(Pick(1 + Pick(24))));
      token = tokens_[tokens_.size() - 1 - back];
    }
    Prepare(client);
    Key();
    if (token.number != 0 && Pick(8) != 0) {
      place_ = token.place;
      clients_[client]->session.database = database_ = place_.first;
    }
    return token;
  }

  void SetLease(int client) {
    const KnownToken token = AnyToken(client);
    const std::string value = Value();
    std::vector<std::string> arguments = {"setlease", place_.second, token.text, value};
    int64_t expire_at = -1, fresh_until = -1;
    AddTime(&arguments, &expire_at, &fresh_until);
    Expect(client, arguments, model_.SetLease(place_, token.number, value, expire_at, fresh_until));
  }

  void AddTime(std::vector<std::string>* arguments, int64_t* expire_at, int64_t* fresh_until) {
    if (Pick(2)) return;
    const int fresh_ms = 1 + Pick(80);
    *expire_at = model_.now_unix_ms + fresh_ms;
    arguments->insert(arguments->end(), {"px", std::to_string(fresh_ms)});
    if (Pick(2)) return;
    const int stale_ms = 1 + Pick(80);
    *fresh_until = *expire_at;
    *expire_at += stale_ms;
    arguments->insert(arguments->end(), {"pswr", std::to_string(stale_ms)});
  }

  void Set(int client) {
    Prepare(client);
    const std::string value = Value();
    std::vector<std::string> arguments = {"set", Key(), value};
    int64_t expire_at = -1, fresh_until = -1;
    AddTime(&arguments, &expire_at, &fresh_until);
    model_.Write(place_, value, expire_at, fresh_until);
    Run(client, arguments);
  }

  void DelLease(int client) {
    const KnownToken token = AnyToken(client);
    std::vector<std::string> arguments = {"dellease", place_.second, token.text};
    const int64_t backoff_ms = Pick(2) ? 1 + Pick(40) : 0;
    const std::string reason = "failed " + std::to_string(steps_);
    if (backoff_ms != 0) arguments.insert(arguments.end(), {"px", std::to_string(backoff_ms), reason});
    Expect(client, arguments, model_.DelLease(place_, token.number, backoff_ms, reason));
  }

  void TouchLease(int client) {
    const KnownToken token = AnyToken(client);
    const int64_t lease_ms = 1 + Pick(60);
    Expect(client, {"touchlease", place_.second, token.text, std::to_string(lease_ms)},
           model_.TouchLease(place_, token.number, lease_ms));
  }

  void SoftDel(int client) {
    Prepare(client);
    const std::string key = Key();
    Expect(client, {"softdel", key}, model_.SoftDel(place_));
  }

  void Delete(int client) {
    Prepare(client);
    const std::string key = Key();
    Expect(client, {RandomWord({"del", "unlink"}), key}, model_.Delete(place_));
  }

  // What changes a value in place, and what replaces it.
  void Edit(int client) {
    Prepare(client);
    const std::string key = Key(), value = Value();
    switch (Pick(7)) {
      case 0:
        model_.Edit(place_, [](std::string& bytes) { bytes += "+"; });
        Run(client, {"append", key, "+"});
        break;
      case 1:
        model_.Edit(place_, [](std::string& bytes) { bytes.replace(0, 1, "x"); });
        Run(client, {"setrange", key, "0", "x"});
        break;
      case 2: {
        const std::string before = model_.Get(place_).value_or("0");
        const bool counts = before.find_first_not_of("0123456789") == std::string::npos;
        if (counts) {
          model_.Edit(place_, [&](std::string& bytes) { bytes = std::to_string(std::stoll(before) + 1); });
        }
        Run(client, {"incr", key});
        break;
      }
      case 3:
        model_.Write(place_, value, -1, -1);
        Run(client, {"getset", key, value});
        break;
      case 4: {
        const bool absent = !model_.Get(place_);
        if (absent) model_.Write(place_, value, -1, -1);
        Expect(client, {"setnx", key, value}, absent);
        break;
      }
      case 5: {
        model_.Write(place_, value, -1, -1);
        const std::string second = Key();
        model_.Write(place_, value, -1, -1);
        Run(client, {"mset", key, value, second, value});
        break;
      }
      case 6:
        model_.Delete(place_);
        Run(client, {"getdel", key});
        break;
    }
  }

  void Move(int client) {
    Prepare(client);
    const std::string from_key = Key();
    const LeaseModel::Place from = place_;
    const std::string to_key = Key();
    switch (Pick(4)) {
      case 0:
        if (!model_.Get(from)) return;
        model_.Rename(from, place_, false);
        Run(client, {"rename", from_key, to_key});
        return;
      case 3: {
        if (!model_.Get(from)) return;
        const bool free = !model_.Get(place_);
        if (free) model_.Rename(from, place_, false);
        Expect(client, {"renamenx", from_key, to_key}, free);
        return;
      }
      case 1:
        if (from == place_) return;
        Expect(client, {"copy", from_key, to_key, "replace"}, model_.Rename(from, place_, true));
        return;
      default: {
        const LeaseModel::Place there = {1 - database_, from_key};
        const bool moves = model_.Get(from) && !model_.Get(there);
        if (moves) model_.Rename(from, there, false);
        Expect(client, {"move", from_key, std::to_string(1 - database_)}, moves);
      }
    }
  }

  void Expire(int client) {
    Prepare(client);
    const std::string key = Key();
    const int ms = Pick(80) - 5;
    if (Pick(4) == 0) {
      Expect(client, {"persist", key}, model_.Persist(place_));
    } else if (ms > 0 && Pick(4) == 0) {
      model_.SetExpiry(place_, model_.now_unix_ms + ms);
      Run(client, {"getex", key, "px", std::to_string(ms)});
    } else if (ms > 0) {
      Expect(client, {"pexpire", key, std::to_string(ms)}, model_.SetExpiry(place_, model_.now_unix_ms + ms));
    } else if (model_.Get(place_)) {
      model_.Delete(place_);
      Expect(client, {"pexpire", key, std::to_string(ms)}, true);
    }
  }

  void CheckValue(int client) {
    Prepare(client);
    const std::string key = Key();
    const auto value = model_.Get(place_);
    const auto parts = Run(client, {"get", key});
    if (parts != std::vector<std::string>{value.value_or("-")}) Fail("a wrong value");
  }

  void Reconnect(int client) {
    said_ = " a close";
    model_.Close(names_[client]);
    deadlines_.erase(client);
    world_.Close(std::move(clients_[client]));
    Connect(client);
  }

  void Rare(int client) {
    if (Pick(8) != 0) return;
    Prepare(client);
    switch (Pick(6)) {
      case 0:
        model_.Flush(-1);
        Run(client, {"flushall"});
        break;
      case 1:
        model_.Flush(database_);
        Run(client, {"flushdb"});
        break;
      case 2:
        model_.Swap(0, 1);
        Run(client, {"swapdb", "0", "1"});
        break;
      case 3:
        said_ = " eviction";
        model_.EvictAll();
        world_.keyspace().SetEvictionPolicy(storage::EvictionPolicy::kAllKeysRandom);
        world_.keyspace().MakeRoom(1, 0, clock_.unix_ms());
        break;
      case 4:
        said_ = " active expiry";
        world_.keyspace().ExpireDue(0, 1, clock_.unix_ms(), 1'000'000);
        break;
      case 5: {
        const int64_t jump = Pick(100);
        clock_.Jump(jump);
        model_.now_unix_ms += jump;
        break;
      }
    }
  }

  // As the worker's timer: waits that are over, then leases that are.
  void Pass(int64_t ms) {
    said_ = " time";
    clock_.Advance(ms);
    model_.now_ms += ms;
    model_.now_unix_ms += ms;
    const int64_t now = world_.leases().now_ms();
    for (int client = 0; client < kClients; ++client) {
      if (deadlines_.count(client) != 0 && deadlines_[client] <= now) EndWait(client);
    }
    model_.EndLeases();
    if (world_.leases().next_due_ms() <= now) world_.leases().RunDue();
    ForgetEnded();
  }

  void ForgetEnded() {
    model_.ForgetEnded([this](const LeaseModel::Place& place) {
      return world_.leases().Find(place.first, world_.keyspace().MakeKey(place.second)) != nullptr;
    });
  }

  void RunJobs() {
    said_ = " jobs";
    const auto worker = static_cast<size_t>(Pick(static_cast<int>(workers_)));
    while (world_.worker(worker).RunJobs()) {
    }
    for (int client = 0; client < kClients; ++client) {
      if (WorkerOf(client) != worker || !model_.answered(names_[client])) continue;
      CheckAnswer(client, model_.Deliver(names_[client]));
      deadlines_.erase(client);
      if (clients_[client]->blocked()) Fail("a client waits on");
    }
  }

  void CheckState() {
    world_.leases().CheckInvariants();
    if (world_.leases().waiting() != model_.waiting()) Fail("the number of waiters");
    ForgetEnded();
    if (world_.leases().remembered() != model_.leases()) Fail("the number of leases");
    for (int client = 0; client < kClients; ++client) {
      const bool waits = model_.waits(names_[client]) || model_.answered(names_[client]);
      if (clients_[client]->blocked() != waits) Fail("who waits");
    }
  }

  storage::Random random_;
  storage::ManualClock clock_;
  const size_t workers_;
  LeaseWorld world_;
  LeaseModel model_;
  std::unique_ptr<client::Client> clients_[kClients];
  int names_[kClients] = {};
  int last_name_ = 0;
  int database_ = 0;
  LeaseModel::Place place_;
  std::map<int, int64_t> deadlines_;
  std::vector<KnownToken> tokens_;          // the latest
  std::map<int, LeaseModel::Place> asked_;  // by client: the place of its last GETLEASE
  std::set<std::string> known_;
  uint64_t steps_ = 0;
  std::string said_;
};

}  // namespace corral::lease
