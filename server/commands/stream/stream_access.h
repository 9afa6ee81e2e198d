// How the commands of streams reach a value and reply with entries.
#pragma once

#include <memory>
#include <utility>

#include "server/commands/lookup.h"
#include "server/commands/stream/stream_id_argument.h"
#include "storage/open_value.h"
#include "storage/types/stream/stream_object.h"
#include "storage/types/stream/stream_range.h"

namespace corral::commands {

// A stream to be read. After a value of another type `failed` is set, and the client has its answer.
struct StreamToRead {
  StreamToRead(command::Context& ctx, const storage::Key& key) {
    const storage::Record* record = FindForRead(ctx, key);
    failed = !ExpectType(ctx, record, storage::ValueType::kStream);
    if (!failed && record != nullptr) stream = &record->value().as<storage::StreamObject>();
  }

  bool failed;
  const storage::StreamObject* stream = nullptr;  // null: the key is absent
};

// A stream to be changed. After a value of another type `failed` is set, and the client has its answer.
class StreamToChange {
 public:
  StreamToChange(command::Context& ctx, const storage::Key& key)
      : value_(ctx.db, key), failed_(!ExpectType(ctx, value_, storage::ValueType::kStream)) {}

  bool failed() const { return failed_; }
  bool exists() const { return value_.exists(); }
  storage::StreamObject& operator*() { return value_.as<storage::StreamObject>(); }  // requires exists()
  storage::StreamObject* operator->() { return &**this; }
  // For an absent key: it holds this stream from here on.
  void Create(std::unique_ptr<storage::StreamObject> stream) { value_.Become(std::move(stream)); }
  // Nothing is changed any more: to be called before the change is reported.
  void Close() { value_.Close(); }

 private:
  storage::OpenValue value_;
  bool failed_;
};

// [id, [field, value, field, value ...]]
inline void ReplyEntry(protocol::ReplyWriter& reply, const storage::StreamRange& at) {
  reply.Array(2);
  ReplyStreamId(reply, at.id());
  reply.Array(2 * at.entry().fields);
  at.ForEachField([&](storage::PackedList::Element field, storage::PackedList::Element value) {
    ReplyElement(reply, field);
    ReplyElement(reply, value);
  });
}

}  // namespace corral::commands
