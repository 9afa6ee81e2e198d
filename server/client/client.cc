// A connection's life and its blocking.
#include "server/client/client.h"

#include <utility>

#include "server/net/stream.h"

namespace corral::client {

Client::Client(uint64_t id, ClientOwner& owner, net::Stream::Handle stream, ChunkPool& pool, int64_t now_ms)
    : id(id),
      created_ms(now_ms),
      output(pool),
      reply(output, protocol::Version::kResp2),
      owner_(&owner),
      stream_(std::move(stream)) {
  traffic.last_active_ms = now_ms;
}

Client::~Client() = default;

void Client::Block(std::unique_ptr<Wait> wait, int64_t deadline_ms) {
  wait_ = std::move(wait);
  wait_deadline_ms_ = deadline_ms;
}

size_t Client::MemoryBytes() const {
  return OwnMemoryBytes() + output.allocated_bytes() - output.own_bytes();
}

size_t Client::OwnMemoryBytes() const {
  return sizeof(*this) + (stream_ ? stream_->allocated_bytes() : 0) + pending_input.capacity() +
         reader.detached_capacity() + output.own_bytes() +
         (subscriptions ? subscriptions->allocated_bytes() : 0) +
         (transaction ? sizeof(Transaction) + transaction->queue.allocated_bytes() : 0) +
         (tracking ? sizeof(TrackingMode) + tracking->prefix_bytes : 0) + session.name.capacity() +
         library_name.capacity() + library_version.capacity();
}

}  // namespace corral::client
