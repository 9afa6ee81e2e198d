// A key's value, opened for change.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "storage/database.h"
#include "storage/types/value.h"

namespace corral::storage {

// One look-up for a command that changes a value: it finds the key, lets the types work on the value where it
// lies, and when it closes erases a key that nothing is left to keep for, tells the table when the value's
// next deadline is another one, and counts what was written for recency. Under the lock of the key's shard,
// which stays held throughout; nothing else touches the key meanwhile. A value counts as used from here on,
// unless the client's writes do not touch.
class OpenValue final : public ValueSlot {
 public:
  // `database` outlives it.
  OpenValue(Database& database, const Key& key);
  ~OpenValue() { Close(); }
  OpenValue(const OpenValue&) = delete;
  OpenValue& operator=(const OpenValue&) = delete;

  bool exists() const { return record_ != nullptr; }
  ValueType type() const { return record_->type(); }  // requires exists(); a string is not to be changed here
  const Record& record() const { return *record_; }   // requires exists()

  // For an absent key: an empty value, which is created when something is written into it.
  void Begin(PackedForm form);
  void Become(PackedForm form, std::string_view bytes) override;
  void Become(std::unique_ptr<Object> object) override;
  // Erases the key with all that it holds, and leaves.
  void Erase(Reclaim reclaim);
  // Leaves before the end of the block. True when the key was there and is not any more.
  bool Close();

 private:
  void Resize(size_t size) override;
  void Store(Record::Value value);
  void Show();

  Database& database_;
  const Key key_;
  Record* record_;
  char empty_[8];                           // the bytes of a value that is not created yet
  int64_t deadline_before_ms_ = kNoExpiry;  // the value's next one when it was opened
  size_t written_bytes_ = 0;
  size_t object_bytes_before_ = 0;
  bool open_ = true;
};

}  // namespace corral::storage
