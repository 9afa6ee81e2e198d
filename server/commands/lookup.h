// What families share: how a command looks a key up, refuses a value of another type, and replies with a
// string.
#pragma once

#include <string_view>

#include "server/client/client.h"
#include "server/command/context.h"
#include "server/command/string_reply.h"
#include "server/config/settings.h"
#include "storage/open_value.h"
#include "storage/types/packed_list.h"

namespace corral::commands {

using command::ReplyString;

// All require the key's shard lock, as the calls of storage::Database that they stand for.

// Says that a command which reads met no key.
inline const storage::Record* Announced(command::Context& ctx, const storage::Key& key,
                                        const storage::Record* record) {
  if (record == nullptr) [[unlikely]]
    ctx.services.effects.KeyMissed(ctx.db, key);
  return record;
}

// For commands that read a value: counts a hit or a miss; marks the key as used unless CLIENT NO-TOUCH is on.
inline const storage::Record* FindForRead(command::Context& ctx, const storage::Key& key) {
  return Announced(ctx, key, ctx.db.Find(key, !ctx.client.session.no_touch));
}

// For commands that ask about a key and not for its value: counts a hit or a miss, and does not mark the key
// as used.
inline const storage::Record* FindForInspection(command::Context& ctx, const storage::Key& key) {
  return Announced(ctx, key, ctx.db.Find(key, false));
}

// For commands that read a value in order to change it: counts nothing.
inline const storage::Record* FindForWrite(command::Context& ctx, const storage::Key& key) {
  return ctx.db.FindQuietly(key, !ctx.client.session.no_touch);
}

// True for a value of this type and for an absent key; answers WRONGTYPE otherwise.
inline bool ExpectType(command::Context& ctx, const storage::Record* record, storage::ValueType type) {
  if (record == nullptr || record->type() == type) return true;
  ctx.reply.Error(protocol::wire::kWrongType);
  return false;
}
inline bool ExpectType(command::Context& ctx, const storage::OpenValue& value, storage::ValueType type) {
  return ExpectType(ctx, value.exists() ? &value.record() : nullptr, type);
}
inline bool ExpectString(command::Context& ctx, const storage::Record* record) {
  return ExpectType(ctx, record, storage::ValueType::kString);
}

// The text of a string, empty for an absent key; valid as long as the record and the scratch space.
inline std::string_view TextOf(const storage::Record* record, storage::IntegerText& scratch) {
  return record == nullptr ? std::string_view() : record->String(scratch);
}

// An element of a collection as a bulk reply.
inline void ReplyElement(protocol::ReplyWriter& reply, const storage::PackedList::Element& element) {
  if (element.is_integer) return reply.BulkInteger(element.integer);
  reply.Bulk(element.text);
}

// Closes the value and reports a change that may have taken its last element, and with it the key.
inline void ReportRemoval(command::Context& ctx, const storage::Key& key, const command::Event& event,
                          storage::OpenValue& value) {
  const bool gone = value.Close();
  ctx.Changed(key, event);
  if (gone) ctx.Changed(key, command::events::kDelOfEmpty);
}

// How a deletion that the client asked for gives its memory back.
inline storage::Reclaim ReclaimWhen(bool lazy) {
  return lazy ? storage::Reclaim::kInBackground : storage::Reclaim::kNow;
}

// A client gave the key an expiry that has passed already: it is deleted, and the log of effects hears of a
// deletion.
inline void EraseAsExpired(command::Context& ctx, const storage::Key& key) {
  const bool lazy = ctx.services.settings.lazyfree_lazy_expire;
  ctx.db.Erase(key, ReclaimWhen(lazy));
  ctx.Changed(key, command::events::kDel);
  ctx.PropagateAs({command::DeletionName(lazy), key.name});
}

}  // namespace corral::commands
