// What the list commands share: which end they mean, and elements as replies.
#pragma once

#include <algorithm>
#include <cstdint>

#include "server/commands/list_limit.h"
#include "server/commands/lookup.h"
#include "storage/types/list.h"
#include "storage/types/list_cursor.h"

namespace corral::commands {

enum class ListEnd : uint8_t { kLeft, kRight };

// LEFT or RIGHT at an argument; answers a syntax error otherwise.
inline bool ReadListEnd(command::Context& ctx, size_t i, ListEnd* end) {
  if (ctx.Is(i, "LEFT")) {
    *end = ListEnd::kLeft;
  } else if (ctx.Is(i, "RIGHT")) {
    *end = ListEnd::kRight;
  } else {
    ctx.ReplySyntaxError();
    return false;
  }
  return true;
}

// The elements that two indexes enclose, of which negative ones count from the end.
struct ListRange {
  uint64_t first = 0;
  uint64_t count = 0;

  static ListRange Of(int64_t start, int64_t stop, uint64_t size) {
    const auto elements = static_cast<int64_t>(size);
    if (start < 0) start = std::max<int64_t>(start + elements, 0);
    if (stop < 0) stop += elements;
    stop = std::min(stop, elements - 1);
    if (start > stop) return {};
    return {static_cast<uint64_t>(start), static_cast<uint64_t>(stop - start) + 1};
  }
};

// A large element goes out by reference.
inline void ReplyElement(protocol::ReplyWriter& reply, const storage::ListElement& element) {
  if (element.large != nullptr) return reply.Bulk(*element.large);
  ReplyElement(reply, element.packed);
}

// An array of the first `count` elements, or of the last ones, the last first.
inline void ReplyFromEnd(protocol::ReplyWriter& reply, const storage::ValueView& list, ListEnd end,
                         uint64_t count) {
  reply.Array(count);
  if (count == 0) return;
  storage::ListCursor cursor(list, end == ListEnd::kLeft ? 0 : list.size() - 1);
  for (; count > 0; --count) {
    ReplyElement(reply, *cursor);
    end == ListEnd::kLeft ? cursor.Next() : cursor.Previous();
  }
}

// Says that `count` elements were taken from an end, and whether the key is gone with the last of them.
inline void ReportPop(command::Context& ctx, const storage::Key& key, ListEnd end, uint64_t count,
                      bool emptied) {
  ctx.Changed(key, (end == ListEnd::kLeft ? command::events::kLpop : command::events::kRpop).Times(count));
  if (emptied) ctx.Changed(key, command::events::kDelOfEmpty);
}

inline void ReportPush(command::Context& ctx, const storage::Key& key, ListEnd end, uint64_t count) {
  ctx.Changed(key, (end == ListEnd::kLeft ? command::events::kLpush : command::events::kRpush).Times(count));
}

// Where the first element from an end is. Requires one.
inline uint64_t IndexAt(ListEnd end, const storage::List& list) {
  return end == ListEnd::kLeft ? 0 : list.size() - 1;
}

// Puts one element at an end.
inline void PushTo(storage::List& list, ListEnd end, std::string_view element) {
  list.Insert(end == ListEnd::kLeft ? 0 : list.size(), element);
}

}  // namespace corral::commands
