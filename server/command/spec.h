// The description of a command: one row that COMMAND, COMMAND DOCS, ACL, routing and dispatch all read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace corral::command {

class Context;
using Handler = void (*)(Context&);

// Flags as COMMAND INFO shows them, in its order; the last ones are for dispatch alone.
enum Flag : uint32_t {
  kWrite = 1u << 0,
  kReadonly = 1u << 1,
  kDenyOom = 1u << 2,
  kModule = 1u << 3,
  kAdmin = 1u << 4,
  kPubsub = 1u << 5,
  kNoScript = 1u << 6,
  kBlocking = 1u << 7,
  kLoading = 1u << 8,
  kStale = 1u << 9,
  kSkipMonitor = 1u << 10,
  kSkipSlowlog = 1u << 11,
  kAsking = 1u << 12,
  kFast = 1u << 13,
  kNoAuth = 1u << 14,
  kMayReplicate = 1u << 15,
  kNoMandatoryKeys = 1u << 16,
  kNoAsyncLoading = 1u << 17,
  kMovableKeys = 1u << 18,
  kNoMulti = 1u << 19,
  kAllowBusy = 1u << 20,
  kShownFlags = (1u << 21) - 1,

  // Runs while no other worker runs a command, because it reads or changes more than the shards of its keys.
  kExclusive = 1u << 24,
  // Allowed on a RESP2 connection that is subscribed.
  kWhileSubscribed = 1u << 25,
  // Its replies are pushes: CLIENT REPLY does not hold them back.
  kRepliesPush = 1u << 26,
  // CLIENT PAUSE WRITE holds it back although it is no write.
  kHeldWithWrites = 1u << 27,
  // Runs at once between MULTI and EXEC, where others are queued.
  kRunsInMulti = 1u << 28,
  // EXEC: what the connection has queued runs behind its handler.
  kRunsQueue = 1u << 29,
};

// ACL categories, in the order of ACL CAT and COMMAND INFO.
enum Category : uint32_t {
  kCatKeyspace = 1u << 0,
  kCatRead = 1u << 1,
  kCatWrite = 1u << 2,
  kCatSet = 1u << 3,
  kCatSortedSet = 1u << 4,
  kCatList = 1u << 5,
  kCatHash = 1u << 6,
  kCatString = 1u << 7,
  kCatBitmap = 1u << 8,
  kCatHyperLogLog = 1u << 9,
  kCatGeo = 1u << 10,
  kCatStream = 1u << 11,
  kCatPubsub = 1u << 12,
  kCatAdmin = 1u << 13,
  kCatFast = 1u << 14,
  kCatSlow = 1u << 15,
  kCatBlocking = 1u << 16,
  kCatDangerous = 1u << 17,
  kCatConnection = 1u << 18,
  kCatTransaction = 1u << 19,
  kCatScripting = 1u << 20,
};

// What is done to the keys that a KeySpec finds (https://redis.io/docs/reference/key-specs/).
enum KeyFlag : uint16_t {
  kKeyRo = 1 << 0,
  kKeyRw = 1 << 1,
  kKeyOw = 1 << 2,
  kKeyRm = 1 << 3,
  kKeyAccess = 1 << 4,
  kKeyUpdate = 1 << 5,
  kKeyInsert = 1 << 6,
  kKeyDelete = 1 << 7,
  kKeyNotKey = 1 << 8,
  kKeyIncomplete = 1 << 9,
  kKeyVariableFlags = 1 << 10,
};

// Where keys stand: begin (an index, or behind a keyword), then a range or a count-prefixed list.
struct KeySpec {
  enum class Begin : uint8_t { kIndex, kKeyword, kUnknown };
  enum class Find : uint8_t { kRange, kKeynum, kUnknown };

  uint16_t flags = 0;  // KeyFlag bits
  Begin begin = Begin::kIndex;
  int begin_index = 1;  // kIndex: position; kKeyword: where the search starts (negative: from the end)
  std::string_view keyword = {};  // kKeyword
  Find find = Find::kRange;
  int last = 0;   // kRange: relative to the first key; -1: the last argument, -2: the one before
  int step = 1;   // both
  int limit = 0;  // kRange with last -1: stop after 1/limit of the arguments
  int keynum_index = 0, first_key = 1;  // kKeynum: relative to begin
  std::string_view notes = {};
  // With kKeyVariableFlags: what these arguments do to the keys.
  uint16_t (*flags_of)(std::span<const std::string_view> arguments) = nullptr;
  // With kUnknown: the position of the key, 0 if these arguments name none; null: nobody can tell.
  size_t (*position_of)(std::span<const std::string_view> arguments) = nullptr;
};

// One row. Names are lower case; a container command (CLIENT, CONFIG ...) has subcommands and, when it can
// also be called alone (COMMAND), a handler. Rows live in constant arrays at the end of their family's file.
struct CommandSpec {
  std::string_view name;
  int arity = 0;  // as Redis counts: the name included, negative: at least
  uint32_t flags = 0;
  uint32_t categories =
      0;  // those that flags do not imply (read, write, fast, slow, admin, dangerous ... are derived)
  std::span<const KeySpec> keys = {};
  Handler handler = nullptr;
  std::string_view group;  // COMMAND DOCS: "string", "generic", "connection", "server" ...
  std::string_view since;  // "1.0.0"
  std::string_view complexity;
  std::string_view summary;
  std::string_view
      syntax;  // arguments as the command's page writes them; COMMAND DOCS and HELP are derived from it
  std::span<const std::string_view> tips = {};
  std::span<const CommandSpec> subcommands = {};
  std::string_view deprecated_since = {};  // the version of Redis that calls it old, and
  std::string_view replaced_by = {};       // what it names instead
  // Whether these arguments make the command touch keys that the specs do not find; null: none do.
  bool (*reaches_more)(std::span<const std::string_view> arguments) = nullptr;
};

// The usual single and multiple keys, for rows.
inline constexpr KeySpec kReadKey[] = {{.flags = kKeyRo | kKeyAccess}};
inline constexpr KeySpec kReadKeyNoAccess[] = {{.flags = kKeyRo}};
inline constexpr KeySpec kReadKeys[] = {{.flags = kKeyRo | kKeyAccess, .last = -1}};

}  // namespace corral::command
