// A value that is no string, wherever it lives: packed into few bytes, or an object of its own. The types are
// written against this and know neither keys nor tables.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "storage/types/object.h"
#include "storage/types/packed_buffer.h"

namespace corral::storage {

// How the bytes of a packed value are to be read. All but the set of integers (IntSet) are a PackedList.
enum class PackedForm : uint8_t {
  kList,    // elements
  kHash,    // field, value
  kHashEx,  // field, value, expiry in Unix ms or 0; by expiry, those without one last
  kSet,     // members
  kIntSet,  // members
  kZset     // member, score; ascending by score, then by member
};

ValueType TypeOf(PackedForm form);
Encoding EncodingOf(PackedForm form);
std::string_view EmptyOf(PackedForm form);  // the bytes of a value without elements
bool IsEmpty(PackedForm form, std::string_view bytes);
size_t SizeOf(PackedForm form, std::string_view bytes);  // elements; O(1) below 65535
// The first Unix ms at which an element ends by itself; kNoExpiry: none does. O(1).
int64_t NextDeadline(PackedForm form, std::string_view bytes);
void Save(PackedForm form, std::string_view bytes, ValueSink& sink);
// Whether bytes from outside are such a value: readable, whole, without an element twice, in order. O(n log
// n).
bool Valid(PackedForm form, std::string_view bytes);

// A value to be read; valid until its key changes, under the lock of the key's shard.
class ValueView {
 public:
  ValueView(PackedForm form, std::string_view bytes) : form_(form), bytes_(bytes) {}
  explicit ValueView(const Object& object) : object_(&object) {}

  ValueType type() const { return packed() ? TypeOf(form_) : object_->type(); }
  Encoding encoding() const { return packed() ? EncodingOf(form_) : object_->encoding(); }
  size_t size() const { return packed() ? SizeOf(form_, bytes_) : object_->size(); }
  int64_t next_deadline_ms() const {
    return packed() ? NextDeadline(form_, bytes_) : object_->next_deadline_ms();
  }
  void Save(ValueSink& sink) const {
    if (packed()) return storage::Save(form_, bytes_, sink);
    object_->Save(sink);
  }

  bool packed() const { return object_ == nullptr; }
  PackedForm form() const { return form_; }          // requires packed()
  std::string_view bytes() const { return bytes_; }  // requires packed()
  const Object& object() const { return *object_; }  // requires !packed()
  // The object as the class that its type and encoding say.
  template <class Type>
  const Type& as() const {
    return static_cast<const Type&>(*object_);
  }

 private:
  PackedForm form_ = PackedForm::kList;
  std::string_view bytes_;
  const Object* object_ = nullptr;
};

// A value opened for change. While it is packed it is the buffer of its bytes; where they lie, and that
// they may have to move, is the business of who derives from it.
class ValueSlot : public PackedBuffer {
 public:
  bool packed() const { return object_ == nullptr; }
  PackedForm form() const { return form_; }   // requires packed()
  Object* object() const { return object_; }  // null while packed
  template <class Type>
  Type& as() const {
    return static_cast<Type&>(*object_);
  }
  ValueView value() const { return packed() ? ValueView(form_, view()) : ValueView(*object_); }

  // The value is this one from here on, in place of what it was. The bytes must not be the slot's own.
  virtual void Become(PackedForm form, std::string_view bytes) = 0;
  virtual void Become(std::unique_ptr<Object> object) = 0;

 protected:
  ValueSlot() = default;
  ~ValueSlot() = default;

  PackedForm form_ = PackedForm::kList;
  Object* object_ = nullptr;  // data_ and size_ are void with it
};

}  // namespace corral::storage
