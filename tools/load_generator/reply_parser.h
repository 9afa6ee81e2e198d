// Splits a server's bytes into replies, in RESP2 or memcached's text protocol.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tools/load_generator/options.h"

namespace corral::load_generator {

struct Reply {
  enum class Kind : std::uint8_t {
    kStored,  // +OK or STORED
    kValues,  // the answer of a get, mget or getlease: its values, however many of its keys exist
    kOther,   // an error or anything that a get or set does not answer; `text` is its line
  };

  Kind kind;
  std::uint32_t found = 0;        // values present
  std::uint64_t value_bytes = 0;  // their lengths added up
  std::string_view text;          // valid until the next call
};

// Incremental: replies may be cut at any byte. Values are skipped, not copied. One per connection.
class ReplyParser {
 public:
  enum class Status { kReply, kNeedMore, kBroken };

  explicit ReplyParser(Protocol protocol) : protocol_(protocol) {}

  // Hands over the next bytes, which must live until Next has answered kNeedMore; only then may it be called
  // again.
  void Feed(std::string_view bytes) { input_ = bytes; }

  // kBroken when the bytes are not the protocol's; the parser is of no use afterwards.
  [[nodiscard]] Status Next(Reply* reply);

 private:
  enum class Step { kReplyDone, kGoOn, kBroken };

  Step HandleRespLine(std::string_view line, Reply* reply);
  Step HandleMemcachedLine(std::string_view line, Reply* reply);
  Step BeginValue(std::uint64_t length);
  Step FinishElement(Reply* reply);

  Protocol protocol_;
  std::string_view input_;
  std::string partial_line_;         // a line's beginning, from earlier bytes
  std::string line_;                 // keeps a joined line alive while it is being handled
  std::uint64_t skip_bytes_ = 0;     // of a value and its line end, still to come
  std::uint64_t elements_left_ = 0;  // of a RESP array
  std::uint32_t found_ = 0;
  std::uint64_t value_bytes_ = 0;
};

}  // namespace corral::load_generator
