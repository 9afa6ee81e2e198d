// Places in a vector that the streams themselves remember.
#include "server/net/reread_list.h"

#include "server/net/stream.h"
#include "storage/base/capacity.h"

namespace corral::net {

void RereadList::Add(Stream& stream) {
  if (stream.reread_place_ != 0) return;
  streams_.push_back(&stream);
  stream.reread_place_ = static_cast<uint32_t>(streams_.size());
}

void RereadList::Remove(Stream& stream) {
  if (stream.reread_place_ == 0) return;
  streams_[stream.reread_place_ - 1] = nullptr;
  stream.reread_place_ = 0;
}

void RereadList::Run() {
  for (size_t i = 0; i < due_; ++i) {
    Stream* stream = streams_[i];
    if (stream == nullptr) continue;
    Remove(*stream);
    // It exists until the loop's next turn, even if its owner closes it now.
    stream->Reread();
    if (stream->HasBuffered() && stream->reading() && !stream->closed()) Add(*stream);
  }
  streams_.erase(streams_.begin(), streams_.begin() + static_cast<ptrdiff_t>(due_));
  storage::GiveBack(streams_);
  due_ = 0;
  for (size_t i = 0; i < streams_.size(); ++i) {
    if (streams_[i] != nullptr) streams_[i]->reread_place_ = static_cast<uint32_t>(i + 1);
  }
}

}  // namespace corral::net
