// A lock for a few instructions that is taken last of all and is none with one thread.
#pragma once

#include "storage/shard_lock.h"

namespace corral::waiting {

class LeafLock {
 public:
  explicit LeafLock(bool concurrent) : concurrent_(concurrent) {}
  void lock() {
    if (concurrent_) lock_.Lock();
  }
  void unlock() {
    if (concurrent_) lock_.Unlock();
  }

 private:
  const bool concurrent_;
  storage::ShardLock lock_;
};

}  // namespace corral::waiting
