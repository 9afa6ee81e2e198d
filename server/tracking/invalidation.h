// The message that keys are stale, in the forms that connections of either protocol get.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "server/client/push.h"
#include "storage/base/shared_bytes.h"

namespace corral::tracking {

// Built once for all who get it; the forms are made when the first one asks. One thread.
class Invalidation {
 public:
  // No keys: everything is stale.
  Invalidation() = default;
  explicit Invalidation(std::span<const std::string_view> keys);

  // A push for RESP3, a message of the channel __redis__:invalidate for RESP2. Valid while this object is.
  // `common`: many connections get it.
  client::PushedMessage For(bool resp3, bool common);

  // What a copy of it takes, about.
  size_t size_bytes() const { return sizeof(*this) + keys_.size(); }

 private:
  std::string keys_;  // as an array of bulks; empty: everything
  std::string forms_[2];
  storage::SharedBytes common_[2];
};

// The message that the connection which invalidations are redirected to is gone.
std::string RedirectBroken(uint64_t redirect_id);

}  // namespace corral::tracking
