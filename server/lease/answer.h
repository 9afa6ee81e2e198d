// The answer of GETLEASE: status, value, token, ms.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/reply_writer.h"
#include "server/lease/token.h"
#include "storage/base/shared_bytes.h"
#include "storage/record.h"

namespace corral::lease {

enum class Status : uint8_t { kHit, kStale, kLease, kBusy, kFail, kWrongType };

// What callers of one key are told, apart from the token: exists once for all that get it, with one copy of
// the value.
struct Outcome {
  Status status = Status::kBusy;
  storage::SharedBytes value;  // kHit, kStale; null stands for the empty string
  std::string text;            // kFail
  // kHit and kStale: what is left to live, -1 without end; kLease: of the lease; kBusy: when to ask again;
  // kFail: of the back-off.
  int64_t ms = 0;
};

// One reply: an array of four, or the error of kWrongType.
void WriteAnswer(protocol::ReplyWriter& reply, const Outcome& outcome, Token token);
// The same for a value that lies in a record, without a copy on the way. `status`: kHit or kStale.
void WriteAnswer(protocol::ReplyWriter& reply, Status status, const storage::Record& record, Token token,
                 int64_t ms);
// The same without a value.
void WriteAnswer(protocol::ReplyWriter& reply, Status status, Token token, int64_t ms);

// Whether the value's fresh time is over at `now_ms` (Unix time).
bool IsStale(const storage::Record& record, int64_t now_ms);
// What is left to live at `now_ms` (Unix time), as PTTL says it.
int64_t LeftToLive(const storage::Record& record, int64_t now_ms);

}  // namespace corral::lease
