// How the commands of sorted sets, and of points in them, reach a value, report a change, and reply with
// members.
#pragma once

#include <optional>
#include <string_view>
#include <utility>

#include "server/commands/lookup.h"
#include "server/config/settings.h"
#include "storage/open_value.h"
#include "storage/types/packed_object.h"
#include "storage/types/zset.h"

namespace corral::commands {

inline storage::ZsetLimits ZsetLimitsOf(const command::Context& ctx) {
  const config::Settings& settings = ctx.services.settings;
  return {settings.zset_max_listpack_entries, settings.zset_max_listpack_value};
}

// A sorted set to be read. After a value of another type `failed` is set, and the client has its answer.
struct ZsetToRead {
  ZsetToRead(command::Context& ctx, const storage::Key& key) {
    const storage::Record* record = FindForRead(ctx, key);
    failed = !ExpectType(ctx, record, storage::ValueType::kZset);
    if (!failed && record != nullptr) zset.emplace(record->value());
  }

  bool failed;
  std::optional<storage::ZsetReader> zset;  // none: the key is absent
};

// A sorted set to be changed. After a value of another type `failed` is set, and the client has its answer.
class ZsetToChange {
 public:
  ZsetToChange(command::Context& ctx, const storage::Key& key)
      : ctx_(ctx),
        key_(key),
        value_(ctx.db, key),
        writer_(value_, ZsetLimitsOf(ctx)),
        failed_(!ExpectType(ctx, value_, storage::ValueType::kZset)) {}

  bool failed() const { return failed_; }
  bool exists() const { return value_.exists(); }
  // For an absent key: a set without members, which comes into being with the first.
  void Begin() { value_.Begin(storage::PackedForm::kZset); }
  storage::ZsetWriter& operator*() { return writer_; }
  storage::ZsetWriter* operator->() { return &writer_; }
  // Reports the change; with the last member the key goes.
  void Changed(const command::Event& event) { ReportRemoval(ctx_, key_, event, value_); }

 private:
  command::Context& ctx_;
  storage::Key key_;
  storage::OpenValue value_;
  storage::ZsetWriter writer_;
  bool failed_;
};

// Members as a reply: with scores they are pairs in RESP3, and flat in RESP2. Announces `count` of them; each
// call writes one.
class MembersReply {
 public:
  MembersReply(protocol::ReplyWriter& reply, size_t count, bool with_scores, bool pairs)
      : reply_(reply), with_scores_(with_scores), pairs_(with_scores && pairs) {
    reply.Array(with_scores && !pairs_ ? 2 * count : count);
  }
  MembersReply(protocol::ReplyWriter& reply, size_t count, bool with_scores)
      : MembersReply(reply, count, with_scores, reply.version() == protocol::Version::kResp3) {}

  void operator()(std::string_view member, double score) const {
    if (pairs_) reply_.Array(2);
    reply_.Bulk(member);
    if (with_scores_) reply_.Double(score);
  }

 private:
  protocol::ReplyWriter& reply_;
  bool with_scores_;
  bool pairs_;
};

}  // namespace corral::commands
