// Any bytes in any pieces: the reader must agree with itself and with the reference reader.
#include "protocol/request_reader.h"

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "tests/unit/protocol/reference_reader.h"

namespace {

using corral::protocol::ArgumentPool;
using corral::protocol::ReaderLimits;
using corral::protocol::ReadInPieces;
using corral::protocol::ReadReference;
using corral::protocol::RequestReader;
using corral::protocol::Requests;

void Require(bool condition) {
  if (!condition) abort();
}

// Every view lies in the bytes given, or in a decoded string.
void CheckBounds(std::string_view stream, const ReaderLimits& limits) {
  RequestReader reader;
  ArgumentPool pool;
  auto result = reader.Next(stream, limits, pool);
  Require(result.consumed <= stream.size());
  Require(pool.views.size() == result.argument_count);
  for (std::string_view view : pool.views) {
    bool inside = view.data() >= stream.data() && view.data() + view.size() <= stream.data() + stream.size();
    for (const std::string& decoded : pool.decoded) inside |= view.data() == decoded.data();
    Require(inside);
  }
}

}  // namespace

// Input: a byte of flags, a byte with the number of pieces, as many bytes with their sizes, then the stream.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  ReaderLimits limits;
  limits.unauthenticated = (data[0] & 1) != 0;
  if ((data[0] & 2) != 0) limits.max_bulk_bytes = 64;
  size_t pieces = data[1] % 32;
  if (size < 2 + pieces) return 0;
  std::string_view stream(reinterpret_cast<const char*>(data) + 2 + pieces, size - 2 - pieces);
  std::vector<size_t> ends;
  size_t end = 0;
  for (size_t i = 0; i < pieces; ++i) {
    end += data[2 + i];
    if (end > stream.size()) break;
    ends.push_back(end);
  }
  Requests whole = ReadInPieces(stream, {}, limits);
  Require(whole == ReadInPieces(stream, ends, limits));
  Require(whole == ReadInPieces(stream, ends, limits, 1));
  Require(whole == ReadReference(stream, limits));
  CheckBounds(stream, limits);
  return 0;
}
