// The registry of connections, and the pause that CLIENT PAUSE asks for.
#include "server/client/registry.h"

#include "server/client/client.h"
#include "server/net/event_loop.h"

namespace corral::client {

bool Registry::Admit(uint64_t most) {
  uint64_t admitted = admitted_.load(std::memory_order_relaxed);
  while (admitted < most) {
    if (admitted_.compare_exchange_weak(admitted, admitted + 1, std::memory_order_relaxed)) return true;
  }
  return false;
}

void Registry::GiveUp() { admitted_.fetch_sub(1, std::memory_order_relaxed); }

void Registry::Add(Client& client) {
  std::lock_guard lock(mutex_);
  clients_.emplace(client.id, &client);
  size_.store(clients_.size(), std::memory_order_relaxed);
}

void Registry::Remove(Client& client) {
  std::lock_guard lock(mutex_);
  clients_.erase(client.id);
  admitted_.fetch_sub(1, std::memory_order_relaxed);
  memory_.Forget(client);
  size_.store(clients_.size(), std::memory_order_relaxed);
}

std::vector<Client*> Registry::All() const {
  std::lock_guard lock(mutex_);
  std::vector<Client*> all;
  all.reserve(clients_.size());
  for (const auto& [id, client] : clients_) all.push_back(client);
  return all;
}

Client* Registry::Find(uint64_t id) const {
  std::lock_guard lock(mutex_);
  auto found = clients_.find(id);
  return found == clients_.end() ? nullptr : found->second;
}

ClientOwner* Registry::OwnerOf(uint64_t id) const {
  std::lock_guard lock(mutex_);
  auto found = clients_.find(id);
  return found == clients_.end() ? nullptr : &found->second->owner();
}

void Registry::Kill(Client& client, const Client* caller) {
  if (&client == caller) {
    client.CloseAfterReply();
    return;
  }
  client.CloseNow();
  client.owner().Revisit(client.id);
}

bool Registry::Unblock(Client& client, bool with_error) {
  if (!client.blocked() || client.requested_wait_end != WaitEnd::kNone) return false;
  client.requested_wait_end = with_error ? WaitEnd::kError : WaitEnd::kTimeout;
  client.owner().Revisit(client.id);
  return true;
}

PauseMode Registry::UnexpiredPauseMode() const {
  if (net::EventLoop::MonotonicMs() >= pause_deadline_ms()) return PauseMode::kNone;
  return pause_mode_.load(std::memory_order_relaxed);
}

void Registry::Pause(PauseMode mode, int64_t deadline_ms) {
  const PauseMode before = pause_mode_.load(std::memory_order_relaxed);
  const bool less = before == PauseMode::kAll && mode != PauseMode::kAll;
  pause_mode_.store(mode, std::memory_order_relaxed);
  pause_deadline_ms_.store(deadline_ms, std::memory_order_relaxed);
  if (less && on_unpause) on_unpause();
}

void Registry::Unpause() {
  pause_mode_.store(PauseMode::kNone, std::memory_order_relaxed);
  pause_deadline_ms_.store(0, std::memory_order_relaxed);
  if (on_unpause) on_unpause();
}

}  // namespace corral::client
