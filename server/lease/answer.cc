#include "server/lease/answer.h"

#include "protocol/wire_error.h"
#include "server/command/string_reply.h"

namespace corral::lease {
namespace {

// An array of four, and its first element. Whole, as most answers are hits and count against GET's.
std::string_view HeadOf(Status status) {
  switch (status) {
    case Status::kHit:
      return "*4\r\n$3\r\nHIT\r\n";
    case Status::kStale:
      return "*4\r\n$5\r\nSTALE\r\n";
    case Status::kLease:
      return "*4\r\n$5\r\nLEASE\r\n";
    case Status::kBusy:
      return "*4\r\n$4\r\nBUSY\r\n";
    case Status::kFail:
      return "*4\r\n$4\r\nFAIL\r\n";
    case Status::kWrongType:
      break;
  }
  __builtin_unreachable();
}

void Begin(protocol::ReplyWriter& reply, Status status) { reply.Raw(HeadOf(status)); }

void End(protocol::ReplyWriter& reply, Token token, int64_t ms) {
  if (token) {
    char text[Token::kTextBytes];
    token.Format(text);
    reply.Bulk(std::string_view(text, sizeof text));
  } else {
    reply.Null();
  }
  reply.Integer(ms);
}

}  // namespace

void WriteAnswer(protocol::ReplyWriter& reply, const Outcome& outcome, Token token) {
  if (outcome.status == Status::kWrongType) return reply.Error(protocol::wire::kWrongType);
  Begin(reply, outcome.status);
  if (outcome.status == Status::kFail) {
    reply.Bulk(std::string_view(outcome.text));
  } else if (outcome.status != Status::kHit && outcome.status != Status::kStale) {
    reply.Null();
  } else if (outcome.value) {
    reply.Bulk(outcome.value);
  } else {
    reply.Bulk(std::string_view());
  }
  End(reply, token, outcome.ms);
}

void WriteAnswer(protocol::ReplyWriter& reply, Status status, const storage::Record& record, Token token,
                 int64_t ms) {
  Begin(reply, status);
  command::ReplyString(reply, record);
  End(reply, token, ms);
}

void WriteAnswer(protocol::ReplyWriter& reply, Status status, Token token, int64_t ms) {
  Begin(reply, status);
  reply.Null();
  End(reply, token, ms);
}

bool IsStale(const storage::Record& record, int64_t now_ms) {
  const int64_t fresh_until_ms = record.fresh_until_ms();
  return fresh_until_ms != storage::kAlwaysFresh && fresh_until_ms <= now_ms;
}

int64_t LeftToLive(const storage::Record& record, int64_t now_ms) {
  const int64_t expire_at_ms = record.expire_at_ms();
  return expire_at_ms == storage::kNoExpiry ? -1 : expire_at_ms - now_ms;
}

}  // namespace corral::lease
