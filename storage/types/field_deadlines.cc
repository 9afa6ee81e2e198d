#include "storage/types/field_deadlines.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "storage/base/allocation.h"
#include "storage/base/invariant.h"
#include "storage/base/prefetch.h"

namespace corral::storage {
namespace {

constexpr size_t kLeastPlaces = 8;

}  // namespace

char* FieldDeadlines::NewBlock(size_t places) {
  return static_cast<char*>(::operator new(SizeClass(places * kPlaceBytes)));
}

void FieldDeadlines::FreeBlock(char* block, size_t places) {
  FreeSized(block, SizeClass(places * kPlaceBytes));
}

FieldDeadlines::~FieldDeadlines() {
  for (size_t i = 0; i < blocks_.size(); ++i) {
    FreeBlock(blocks_[i], i + 1 < blocks_.size() ? kBlockPlaces : block_places_);
  }
}

void FieldDeadlines::Add(HashField* field) {
  if (size_ == blocks_.size() * kBlockPlaces || (blocks_.size() == 1 && size_ == block_places_)) Grow();
  Settle(size_++, field);
}

void FieldDeadlines::Remove(uint32_t place) {
  HashField* last = At(--size_);
  if (place != size_) Settle(place, last);
  Shrink();
}

void FieldDeadlines::Replace(uint32_t place, HashField* field) { Settle(place, field); }

void FieldDeadlines::Settle(size_t place, HashField* field) {
  const int64_t expire_at_ms = field->expire_at_ms();
  while (place > 0) {
    const size_t parent = (place - 1) / kFanOut;
    if (At(parent)->expire_at_ms() <= expire_at_ms) break;
    Put(place, At(parent));
    place = parent;
  }
  for (;;) {
    const size_t first = place * kFanOut + 1;
    if (first >= size_) break;
    const size_t end = std::min(first + kFanOut, size_);
    for (size_t child = first; child < end; ++child) Prefetch(At(child));
    size_t earliest = first;
    for (size_t child = first + 1; child < end; ++child) {
      if (At(child)->expire_at_ms() < At(earliest)->expire_at_ms()) earliest = child;
    }
    if (At(earliest)->expire_at_ms() >= expire_at_ms) break;
    Put(place, At(earliest));
    place = earliest;
  }
  Put(place, field);
}

size_t FieldDeadlines::CountBefore(size_t place, int64_t now_ms) const {
  if (At(place)->expire_at_ms() >= now_ms) return 0;
  size_t count = 1;
  const size_t first = place * kFanOut + 1;
  const size_t end = std::min(first + kFanOut, size_);
  for (size_t child = first; child < end; ++child) count += CountBefore(child, now_ms);
  return count;
}

void FieldDeadlines::Grow() {
  if (blocks_.empty()) {
    blocks_.push_back(NewBlock(kLeastPlaces));
    block_places_ = kLeastPlaces;
  } else if (block_places_ < kBlockPlaces) {
    ResizeBlock(std::min(block_places_ * 2, kBlockPlaces));
  } else {
    blocks_.push_back(NewBlock(kBlockPlaces));
  }
}

// Half a block stays in reserve, so that coming and going at its edge does not allocate each time.
void FieldDeadlines::Shrink() {
  if (blocks_.size() > 1) {
    if (size_ + kBlockPlaces / 2 > (blocks_.size() - 1) * kBlockPlaces) return;
    FreeBlock(blocks_.back(), kBlockPlaces);
    blocks_.pop_back();
  } else if (block_places_ > kLeastPlaces && size_ <= block_places_ / 4) {
    ResizeBlock(block_places_ / 2);
  }
}

void FieldDeadlines::ResizeBlock(size_t places) {
  char* block = NewBlock(places);
  std::memcpy(block, blocks_[0], size_ * kPlaceBytes);
  FreeBlock(blocks_[0], block_places_);
  blocks_[0] = block;
  block_places_ = places;
}

size_t FieldDeadlines::allocated_bytes() const {
  if (blocks_.empty()) return sizeof *this;
  return sizeof *this + (blocks_.size() - 1) * SizeClass(kBlockPlaces * kPlaceBytes) +
         SizeClass(block_places_ * kPlaceBytes) + blocks_.capacity() * sizeof(char*);
}

void FieldDeadlines::CheckInvariants() const {
  for (size_t place = 0; place < size_; ++place) {
    Require(At(place)->expires() && At(place)->place() == place, "field deadlines: a field's place is wrong");
    Require(place == 0 || At((place - 1) / kFanOut)->expire_at_ms() <= At(place)->expire_at_ms(),
            "field deadlines: a field ends before its parent");
  }
  const size_t places = blocks_.empty() ? 0 : (blocks_.size() - 1) * kBlockPlaces + block_places_;
  Require(size_ <= places, "field deadlines: too few places");
}

}  // namespace corral::storage
