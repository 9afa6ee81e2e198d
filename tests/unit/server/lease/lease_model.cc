#include "tests/unit/server/lease/lease_model.h"

#include <algorithm>

namespace corral::lease {

LeaseModel::Value* LeaseModel::Live(const Place& place) {
  auto found = values_.find(place);
  if (found == values_.end()) return nullptr;
  if (found->second.expire_at == -1 || found->second.expire_at >= now_unix_ms) return &found->second;
  values_.erase(found);
  return nullptr;
}

LeaseModel::Lease* LeaseModel::Holding(const Place& place, int token) {
  auto found = leases_.find(place);
  return found != leases_.end() && token != 0 && found->second.token == token ? &found->second : nullptr;
}

void LeaseModel::ForgetEnded(const std::function<bool(const Place&)>& known) {
  std::erase_if(leases_, [&](const auto& entry) {
    const auto& [place, lease] = entry;
    const int64_t late_ms = lease.token != 0 ? std::max<int64_t>(lease.end_ms - lease.granted_ms, 10'000) : 0;
    return lease.waiters.empty() && now_ms >= lease.end_ms + late_ms && !known(place);
  });
}

int LeaseModel::Grant(const Place& place, int client, int64_t lease_ms) {
  Lease& lease = leases_[place];
  lease.token = ++tokens_;
  lease.granted_ms = now_ms;
  lease.end_ms = now_ms + lease_ms;
  lease.leader = client;
  granted_at_[lease.token] = changes_;
  return lease.token;
}

void LeaseModel::Promote(const Place& place) {
  Lease& lease = leases_[place];
  const Waiter next = lease.waiters.front();
  lease.waiters.pop_front();
  waits_.erase(next.client);
  const int token = Grant(place, next.client, next.lease_ms);
  Answer answer{"LEASE", std::nullopt, token, next.lease_ms};
  if (const Value* value = Live(place)) {
    answer = {Stale(*value) ? "STALE" : "HIT", value->bytes, token, Left(*value)};
  }
  answers_[next.client] = {place, answer};
}

void LeaseModel::PromoteOrForget(const Place& place) {
  auto found = leases_.find(place);
  if (found == leases_.end()) return;
  if (found->second.waiters.empty()) {
    leases_.erase(found);
  } else {
    Promote(place);
  }
}

void LeaseModel::TellAll(const Place& place, const Answer& answer) {
  Lease& lease = leases_[place];
  for (const Waiter& waiter : lease.waiters) {
    waits_.erase(waiter.client);
    answers_[waiter.client] = {place, answer};
  }
  lease.waiters.clear();
}

void LeaseModel::Settle(const Place& place) {
  last_change_[place] = ++changes_;
  if (leases_.count(place) == 0) return;
  const Value* value = Live(place);
  if (value == nullptr) return PromoteOrForget(place);
  TellAll(place, {"HIT", value->bytes, 0, Left(*value)});
  leases_.erase(place);
}

std::optional<LeaseModel::Answer> LeaseModel::GetLease(int client, const Place& place, const Ask& ask) {
  const Value* value = Live(place);
  const bool stale = value && Stale(*value);
  bool due = false;
  if (value && !stale) {
    const auto ends_early = [&](int64_t at) { return at != -1 && at - now_unix_ms < ask.early_ms; };
    due = ends_early(value->fresh_until) || ends_early(value->expire_at);
    if (!due) return Answer{"HIT", value->bytes, 0, Left(*value)};
  }
  auto found = leases_.find(place);
  if (found != leases_.end() && found->second.token != 0 && found->second.end_ms <= now_ms &&
      !found->second.waiters.empty()) {
    Promote(place);
  }
  const bool open = found == leases_.end() || found->second.end_ms <= now_ms;
  const bool backoff = !open && found->second.token == 0;
  const int token = open ? Grant(place, client, ask.lease_ms) : 0;
  if (due) return Answer{"HIT", value->bytes, token, Left(*value)};
  if (stale && (open || backoff || !ask.fresh)) return Answer{"STALE", value->bytes, token, Left(*value)};
  if (open) return Answer{"LEASE", std::nullopt, token, ask.lease_ms};
  if (backoff) return Answer{"FAIL", found->second.text, 0, found->second.end_ms - now_ms};
  if (!ask.may_wait || found->second.waiters.size() >= most_waiters)
    return Answer{"BUSY", std::nullopt, 0, kBusyMs};
  found->second.waiters.push_back({client, ask.lease_ms});
  waits_[client] = place;
  return std::nullopt;
}

bool LeaseModel::SetLease(const Place& place, int token, const std::string& value, int64_t expire_at,
                          int64_t fresh_until) {
  if (Holding(place, token) == nullptr) return false;
  stale_stores += last_change_.count(place) != 0 && last_change_[place] > granted_at_[token];
  Write(place, value, expire_at, fresh_until);
  return true;
}

bool LeaseModel::DelLease(const Place& place, int token, int64_t backoff_ms, const std::string& text) {
  Lease* lease = Holding(place, token);
  if (lease == nullptr) return false;
  if (backoff_ms == 0) {
    PromoteOrForget(place);
    return true;
  }
  const Value* value = Live(place);
  TellAll(place,
          value ? Answer{"STALE", value->bytes, 0, Left(*value)} : Answer{"FAIL", text, 0, backoff_ms});
  *lease = {};
  lease->end_ms = now_ms + backoff_ms;
  lease->text = text;
  return true;
}

bool LeaseModel::TouchLease(const Place& place, int token, int64_t lease_ms) {
  Lease* lease = Holding(place, token);
  if (lease != nullptr) lease->end_ms = now_ms + lease_ms;
  return lease != nullptr;
}

bool LeaseModel::SoftDel(const Place& place) {
  Value* value = Live(place);
  if (value && !Stale(*value)) value->fresh_until = now_unix_ms;
  last_change_[place] = ++changes_;
  PromoteOrForget(place);
  return value != nullptr;
}

bool LeaseModel::Delete(const Place& place) {
  const bool present = Live(place) != nullptr;
  values_.erase(place);
  Settle(place);
  return present;
}

void LeaseModel::Write(const Place& place, const std::string& value, int64_t expire_at, int64_t fresh_until) {
  values_[place] = {value, expire_at, fresh_until};
  Settle(place);
}

void LeaseModel::Edit(const Place& place, const std::function<void(std::string&)>& edit) {
  if (Live(place) == nullptr) values_[place] = {};
  edit(values_[place].bytes);
  Settle(place);
}

bool LeaseModel::Rename(const Place& from, const Place& to, bool keep_source) {
  const Value* source = Live(from);
  if (source == nullptr || from == to) return false;
  values_[to] = *source;
  if (!keep_source) {
    values_.erase(from);
    Settle(from);
  }
  Settle(to);
  return true;
}

bool LeaseModel::SetExpiry(const Place& place, int64_t expire_at) {
  Value* value = Live(place);
  if (value) value->expire_at = expire_at;
  return value != nullptr;
}

bool LeaseModel::Persist(const Place& place) {
  Value* value = Live(place);
  return value && std::exchange(value->expire_at, -1) != -1;
}

void LeaseModel::SettleAll(int database) {
  std::vector<Place> touched;
  for (const auto& [place, lease] : leases_) {
    if (database == -1 || place.first == database) touched.push_back(place);
  }
  for (const Place& place : touched) Settle(place);
}

void LeaseModel::Flush(int database) {
  std::erase_if(values_, [&](const auto& entry) { return database == -1 || entry.first.first == database; });
  SettleAll(database);
}

void LeaseModel::Swap(int database, int other) {
  if (database == other) return;
  std::map<Place, Value> swapped;
  for (auto& [place, value] : values_) {
    const int home = place.first == database ? other : place.first == other ? database : place.first;
    swapped[{home, place.second}] = value;
  }
  values_ = std::move(swapped);
  SettleAll(database);
  SettleAll(other);
}

void LeaseModel::EndLeases() {
  std::vector<Place> ended;
  for (const auto& [place, lease] : leases_) {
    if (lease.token != 0 && lease.end_ms <= now_ms && !lease.waiters.empty()) ended.push_back(place);
  }
  for (const Place& place : ended) Promote(place);
}

LeaseModel::Answer LeaseModel::EndWait(int client) {
  if (answered(client)) return Deliver(client);
  Lease& lease = leases_[waits_[client]];
  std::erase_if(lease.waiters, [&](const Waiter& waiter) { return waiter.client == client; });
  waits_.erase(client);
  return {"BUSY", std::nullopt, 0, kBusyMs};
}

LeaseModel::Answer LeaseModel::Deliver(int client) {
  Answer answer = answers_[client].second;
  answers_.erase(client);
  return answer;
}

void LeaseModel::Close(int client) {
  if (answered(client)) {
    const auto [place, answer] = answers_[client];
    answers_.erase(client);
    // Nobody was told of this lease: it cannot be filled.
    if (Holding(place, answer.token)) PromoteOrForget(place);
  } else if (waits(client)) {
    EndWait(client);
  }
  for (auto& [place, lease] : leases_) {
    if (lease.token == 0 || lease.leader != client) continue;
    lease.leader = 0;
    if (!lease.waiters.empty()) Promote(place);
  }
}

}  // namespace corral::lease
