#include "storage/open_value.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "storage/types/packed_object.h"

namespace corral::storage {

// A packed value that left its record for being large returns when it is half as long.
constexpr size_t kReturns = kLargeValue / 2;

OpenValue::OpenValue(Database& database, const Key& key)
    : database_(database), key_(key), record_(database.Open(key)) {
  if (record_ == nullptr || record_->is_string()) return;
  Show();
  deadline_before_ms_ = value().next_deadline_ms();
}

void OpenValue::Begin(PackedForm form) {
  const std::string_view empty = EmptyOf(form);
  static_assert(sizeof empty_ >= 8);
  std::memcpy(empty_, empty.data(), empty.size());
  form_ = form;
  data_ = empty_;
  size_ = empty.size();
}

// What the record holds now is what the slot shows.
void OpenValue::Show() {
  PackedObject* packed = record_->packed_object();
  object_ = packed == nullptr ? record_->object() : nullptr;
  if (object_ != nullptr) {
    object_bytes_before_ = object_->allocated_bytes();
    return;
  }
  form_ = record_->value().form();
  data_ = packed != nullptr ? packed->buffer().data() : record_->packed_data();
  size_ = record_->value().bytes().size();
}

void OpenValue::Store(Record::Value value) {
  record_ = database_.Replace(key_, std::move(value));
  Show();
}

void OpenValue::Become(PackedForm form, std::string_view bytes) {
  written_bytes_ += bytes.size();
  Store(Record::Value::Of(form, bytes));
}

void OpenValue::Become(std::unique_ptr<Object> object) {
  written_bytes_ += object->allocated_bytes();
  Store(Record::Value::Of(std::move(object)));
}

void OpenValue::Resize(size_t size) {
  if (size > size_) written_bytes_ += size - size_;
  PackedObject* packed = record_ != nullptr ? record_->packed_object() : nullptr;
  if (packed != nullptr && size >= kReturns) {
    packed->buffer().Resize(size);
    Show();
  } else if (packed != nullptr) {
    Store(Record::Value::Of(form_, view().substr(0, size)));
  } else if (size >= kLargeValue) {
    auto large = std::make_unique<PackedObject>(form_, view());
    large->buffer().Resize(size);
    Store(Record::Value::Of(std::move(large)));
  } else if (record_ != nullptr) {
    record_ = database_.ResizePacked(key_, record_, size);
    data_ = record_->packed_data();
    size_ = size;
  } else {
    record_ = database_.CreatePacked(key_, form_, size);
    std::memcpy(record_->packed_data(), empty_, std::min(size_, size));
    data_ = record_->packed_data();
    size_ = size;
  }
}

void OpenValue::Erase(Reclaim reclaim) {
  open_ = false;
  database_.Erase(key_, reclaim);
}

bool OpenValue::Close() {
  if (!open_) return false;
  open_ = false;
  if (record_ == nullptr || record_->is_string()) return false;
  if (packed() ? IsEmpty(form_, view()) : !object_->keeps_key()) return database_.Erase(key_);
  if (value().next_deadline_ms() != deadline_before_ms_)
    database_.ValueDeadlineMoved(key_, deadline_before_ms_);
  const size_t object_bytes = packed() ? 0 : object_->allocated_bytes();
  if (object_bytes > object_bytes_before_) written_bytes_ += object_bytes - object_bytes_before_;
  database_.CountWritten(key_, written_bytes_);
  return false;
}

}  // namespace corral::storage
