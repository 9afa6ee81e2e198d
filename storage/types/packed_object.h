// Packed bytes that are too many for a record.
#pragma once

#include <memory>
#include <string_view>

#include "storage/types/packed_buffer.h"
#include "storage/types/value.h"

namespace corral::storage {

// Bytes in a block of their own.
class HeapBuffer final : public PackedBuffer {
 public:
  explicit HeapBuffer(std::string_view bytes);
  ~HeapBuffer();
  HeapBuffer(const HeapBuffer&) = delete;
  HeapBuffer& operator=(const HeapBuffer&) = delete;

  void Resize(size_t size) override;
  size_t allocated_bytes() const { return capacity_; }

 private:
  size_t capacity_ = 0;
};

class PackedObject final : public Object {
 public:
  PackedObject(PackedForm form, std::string_view bytes) : form_(form), buffer_(bytes) {}

  ValueType type() const override { return TypeOf(form_); }
  Encoding encoding() const override { return EncodingOf(form_); }
  size_t size() const override { return SizeOf(form_, buffer_.view()); }
  size_t allocated_bytes() const override;
  size_t effort_to_free() const override { return 1; }
  int64_t next_deadline_ms() const override { return NextDeadline(form_, buffer_.view()); }
  std::unique_ptr<Object> Clone() const override;
  void Save(ValueSink& sink) const override { storage::Save(form_, buffer_.view(), sink); }

  PackedForm form() const { return form_; }
  HeapBuffer& buffer() { return buffer_; }
  ValueView value() const { return {form_, buffer_.view()}; }

 private:
  const PackedForm form_;
  HeapBuffer buffer_;
};

// A value of no key: what a command builds before it puts it somewhere, and what comes out of a file.
class DetachedValue final : public ValueSlot {
 public:
  explicit DetachedValue(PackedForm form);
  explicit DetachedValue(std::unique_ptr<Object> object);

  void Become(PackedForm form, std::string_view bytes) override;
  void Become(std::unique_ptr<Object> object) override;
  // Gives the object up; the value is void then. Requires !packed().
  std::unique_ptr<Object> ReleaseObject();

 private:
  void Resize(size_t size) override;
  void Show();

  HeapBuffer buffer_;
  std::unique_ptr<Object> owned_;
};

}  // namespace corral::storage
