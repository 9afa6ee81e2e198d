// Any bytes in any pieces, of either protocol: the same replies as from the whole, and sums that cannot
// overflow.
#include "tools/load_generator/reply_parser.h"

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

using corral::load_generator::Protocol;
using corral::load_generator::Reply;
using corral::load_generator::ReplyParser;

struct Seen {
  Reply::Kind kind;
  uint32_t found;
  uint64_t value_bytes;
  std::string text;
  bool operator==(const Seen&) const = default;
};

struct Replies {
  std::vector<Seen> replies;
  bool broken = false;
};

// Pieces end at each of `ends`, and with the bytes.
Replies Parse(Protocol protocol, std::string_view bytes, const std::vector<size_t>& ends) {
  ReplyParser parser(protocol);
  Replies result;
  size_t start = 0;
  for (size_t piece = 0; piece <= ends.size() && !result.broken; ++piece) {
    const size_t end = piece < ends.size() ? ends[piece] : bytes.size();
    // A buffer of its own: sanitizers then see any access behind it, or to a piece that is gone.
    std::unique_ptr<char[]> buffer(new char[end - start]);
    if (end > start) memcpy(buffer.get(), bytes.data() + start, end - start);
    parser.Feed({buffer.get(), end - start});
    start = end;
    Reply reply{};
    ReplyParser::Status status;
    while ((status = parser.Next(&reply)) == ReplyParser::Status::kReply) {
      result.replies.push_back({reply.kind, reply.found, reply.value_bytes, std::string(reply.text)});
    }
    result.broken = status == ReplyParser::Status::kBroken;
  }
  return result;
}

}  // namespace

// Input: a byte for the protocol, a byte with the number of pieces, as many bytes with their sizes, then the
// replies.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const Protocol protocol = (data[0] & 1) == 0 ? Protocol::kResp : Protocol::kMemcached;
  const size_t pieces = data[1] % 32;
  if (size < 2 + pieces) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2 + pieces, size - 2 - pieces);
  std::vector<size_t> ends;
  size_t end = 0;
  for (size_t i = 0; i < pieces; ++i) {
    end += data[2 + i];
    if (end > bytes.size()) break;
    ends.push_back(end);
  }
  const Replies whole = Parse(protocol, bytes, {});
  const Replies cut = Parse(protocol, bytes, ends);
  if (whole.broken != cut.broken || whole.replies != cut.replies) abort();
  for (const Seen& reply : whole.replies) {
    if (reply.value_bytes > bytes.size()) abort();  // a value is there when its reply is
  }
  return 0;
}
