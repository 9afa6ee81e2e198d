// Ids are two numbers with a minus between them.
#include "server/commands/stream/stream_id_argument.h"

#include <cerrno>
#include <cstdlib>
#include <optional>

#include "storage/base/number.h"

namespace corral::commands {
namespace {

using command::Context;
using storage::StreamId;

// Redis reads no longer ones.
constexpr size_t kMaxIdBytes = 127;

// Strict decimal digits, or else what strtoull makes of it: leading space, a sign, leading zeros.
bool ParseNumber(const std::string& text, uint64_t* number) {
  int64_t strict = 0;
  if (storage::ParseInt64(text, &strict)) {
    if (strict < 0) return false;
    *number = static_cast<uint64_t>(strict);
    return true;
  }
  char* end = nullptr;
  errno = 0;
  const unsigned long long loose = std::strtoull(text.c_str(), &end, 10);
  if (text.empty() || errno != 0 || *end != '\0' || end == text.c_str()) return false;
  *number = loose;
  return true;
}

// `any_seq` is null where "ms-*" is a mistake.
bool ParseId(std::string_view argument, uint64_t missing_seq, StreamId* id, bool* any_seq) {
  if (argument.size() > kMaxIdBytes) return false;
  const std::string_view text = argument.substr(0, argument.find('\0'));
  const size_t minus = text.find('-');
  id->seq = missing_seq;
  if (!ParseNumber(std::string(text.substr(0, minus)), &id->ms)) return false;
  if (minus == std::string_view::npos) return true;
  const std::string_view seq = text.substr(minus + 1);
  if (any_seq != nullptr && seq == "*") {
    *any_seq = true;
    id->seq = 0;
    return true;
  }
  return ParseNumber(std::string(seq), &id->seq);
}

bool Refuse(Context& ctx, std::string_view error = kBadStreamId) {
  ctx.reply.Error(error);
  return false;
}

// Sets `exclusive` if a "(" stands in front.
bool ReadRangeId(Context& ctx, size_t i, uint64_t missing_seq, StreamId* id, bool* exclusive) {
  const std::string_view text = ctx[i];
  *exclusive = text.size() > 1 && text.front() == '(';
  if (*exclusive) return ParseId(text.substr(1), missing_seq, id, nullptr) || Refuse(ctx);
  return ReadStreamIdOrEnd(ctx, i, missing_seq, id);
}

}  // namespace

bool ReadStreamId(Context& ctx, size_t i, uint64_t missing_seq, StreamId* id) {
  return ParseId(ctx[i], missing_seq, id, nullptr) || Refuse(ctx);
}

bool IsStreamId(std::string_view text, StreamId* id) { return ParseId(text, 0, id, nullptr); }

bool ReadStreamIdOrEnd(Context& ctx, size_t i, uint64_t missing_seq, StreamId* id) {
  if (ctx[i] != "-" && ctx[i] != "+") return ReadStreamId(ctx, i, missing_seq, id);
  *id = ctx[i] == "-" ? StreamId{} : storage::kMaxStreamId;
  return true;
}

bool ReadNewStreamId(Context& ctx, size_t i, NewStreamId* id) {
  if (ctx[i] == "*") {
    id->form = NewStreamId::Form::kNext;
    return true;
  }
  bool any_seq = false;
  if (!ParseId(ctx[i], 0, &id->id, &any_seq)) return Refuse(ctx);
  id->form = any_seq ? NewStreamId::Form::kNextWithin : NewStreamId::Form::kFixed;
  return true;
}

bool ReadRangeStart(Context& ctx, size_t i, StreamId* id) {
  bool exclusive = false;
  if (!ReadRangeId(ctx, i, 0, id, &exclusive)) return false;
  if (!exclusive) return true;
  const std::optional<StreamId> next = id->Next();
  if (!next) return Refuse(ctx, "ERR invalid start ID for the interval");
  *id = *next;
  return true;
}

bool ReadRangeEnd(Context& ctx, size_t i, StreamId* id) {
  bool exclusive = false;
  if (!ReadRangeId(ctx, i, UINT64_MAX, id, &exclusive)) return false;
  if (!exclusive) return true;
  const std::optional<StreamId> previous = id->Previous();
  if (!previous) return Refuse(ctx, "ERR invalid end ID for the interval");
  *id = *previous;
  return true;
}

std::string TextOf(StreamId id) { return std::to_string(id.ms) + "-" + std::to_string(id.seq); }

}  // namespace corral::commands
