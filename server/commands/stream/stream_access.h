// How the commands of streams reach a value and reply with entries.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
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

// At most `most` of the entries between two ids, as an array. A first walk counts them: a reply announces its
// length.
void ReplyRange(protocol::ReplyWriter& reply, const storage::StreamObject& stream, storage::StreamId first,
                storage::StreamId last, storage::StreamDirection direction, uint64_t most);

// A name as Redis's error texts have it: they end at a zero byte.
inline std::string NameInError(std::string_view name) { return std::string(name.substr(0, name.find('\0'))); }

// NOGROUP for a key without a stream, or a group that the stream does not have.
void ReplyNoSuchKeyOrGroup(command::Context& ctx, std::string_view key, std::string_view group);
// NOGROUP for a group that the stream does not have.
void ReplyNoSuchGroup(command::Context& ctx, std::string_view group, std::string_view key);

}  // namespace corral::commands
