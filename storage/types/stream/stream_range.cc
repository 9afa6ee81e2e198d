#include "storage/types/stream/stream_range.h"

#include "storage/types/stream/stream_object.h"

namespace corral::storage {

StreamRange::StreamRange(const StreamObject& stream, StreamId first, StreamId last, StreamDirection direction)
    : nodes_(stream.nodes()), first_(first), last_(last), forwards_(direction == StreamDirection::kForwards) {
  const StreamNode* node = nodes_.Floor(forwards_ ? first : last);
  if (node == nullptr && forwards_) node = nodes_.First();
  Open(node);
}

void StreamRange::Open(const StreamNode* node) {
  node_ = node;
  entered_ = false;
  if (node != nullptr) reader_.emplace(*node);
}

bool StreamRange::Step() {
  if (entered_) return forwards_ ? reader_->Next(&entry_) : reader_->Previous(&entry_);
  entered_ = true;
  return forwards_ ? reader_->First(&entry_) : reader_->Last(&entry_);
}

bool StreamRange::Next() {
  while (node_ != nullptr) {
    if (!Step()) {
      Open(forwards_ ? nodes_.After(node_) : nodes_.Before(node_));
      continue;
    }
    if (entry_.deleted || IsBefore()) continue;
    if (!IsBeyond()) return true;
    Open(nullptr);
  }
  return false;
}

}  // namespace corral::storage
