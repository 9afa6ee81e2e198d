#include "storage/types/packed_object.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "storage/base/allocation.h"

namespace corral::storage {

HeapBuffer::HeapBuffer(std::string_view bytes) {
  Resize(bytes.size());
  std::memcpy(data_, bytes.data(), bytes.size());
}

HeapBuffer::~HeapBuffer() { FreeSized(data_, capacity_); }

void HeapBuffer::Resize(size_t size) {
  const size_t capacity = SizeClass(size);
  if (capacity != capacity_) {
    auto* moved = static_cast<char*>(::operator new(capacity));
    if (data_ != nullptr) {
      std::memcpy(moved, data_, std::min(size_, size));
      FreeSized(data_, capacity_);
    }
    data_ = moved;
    capacity_ = capacity;
  }
  size_ = size;
}

size_t PackedObject::allocated_bytes() const { return sizeof *this + buffer_.allocated_bytes(); }

std::unique_ptr<Object> PackedObject::Clone() const {
  return std::make_unique<PackedObject>(form_, buffer_.view());
}

DetachedValue::DetachedValue(PackedForm form) : buffer_(EmptyOf(form)) {
  form_ = form;
  Show();
}

DetachedValue::DetachedValue(std::unique_ptr<Object> object)
    : buffer_(EmptyOf(PackedForm::kList)), owned_(std::move(object)) {
  object_ = owned_.get();
}

void DetachedValue::Become(PackedForm form, std::string_view bytes) {
  buffer_.Resize(bytes.size());
  std::memcpy(buffer_.data(), bytes.data(), bytes.size());
  form_ = form;
  owned_.reset();
  object_ = nullptr;
  Show();
}

void DetachedValue::Become(std::unique_ptr<Object> object) {
  owned_ = std::move(object);
  object_ = owned_.get();
  buffer_.Resize(0);
}

std::unique_ptr<Object> DetachedValue::ReleaseObject() {
  object_ = nullptr;
  return std::move(owned_);
}

void DetachedValue::Resize(size_t size) {
  buffer_.Resize(size);
  Show();
}

void DetachedValue::Show() {
  data_ = buffer_.data();
  size_ = buffer_.size();
}

}  // namespace corral::storage
