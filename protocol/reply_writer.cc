// Writes RESP2 and RESP3 replies: what is too rare or too large to be inline.
#include "protocol/reply_writer.h"

#include <algorithm>

namespace corral::protocol {
namespace {

// Redis looks for the end of an error's code in its first 32 bytes, the '-' included.
constexpr size_t kErrorCodeWindow = 31;

std::string_view TrimLineBreaks(std::string_view text) {
  while (!text.empty() && (text.front() == '\r' || text.front() == '\n')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == '\r' || text.back() == '\n')) text.remove_suffix(1);
  return text;
}

}  // namespace

void ReplySink::AppendPieces(std::string_view bytes) {
  while (!bytes.empty()) {
    if (pos_ == end_) NextWindow();
    size_t piece = std::min(bytes.size(), static_cast<size_t>(end_ - pos_));
    memcpy(pos_, bytes.data(), piece);
    pos_ += piece;
    bytes.remove_prefix(piece);
  }
}

void ReplyWriter::Simple(std::string_view text) {
  Raw("+");
  Raw(text);
  Raw("\r\n");
}

void ReplyWriter::Error(std::string_view text) {
  text = TrimLineBreaks(text);
  ++errors_;
  size_t space = text.substr(0, kErrorCodeWindow).find(' ');
  std::string_view code = space == std::string_view::npos ? "ERR" : text.substr(0, space);
  memcpy(error_code_, code.data(), code.size());
  error_code_size_ = static_cast<uint8_t>(code.size());

  Raw("-");
  while (!text.empty()) {
    size_t size = std::min(text.find_first_of("\r\n"), text.size());
    Raw(text.substr(0, size));
    text.remove_prefix(size);
    if (text.empty()) break;
    Raw(" ");
    text.remove_prefix(1);
  }
  Raw("\r\n");
}

void ReplyWriter::LargeBulk(std::string_view bytes) {
  Header('$', bytes.size());
  Raw(bytes);
  Raw("\r\n");
}

void ReplyWriter::Bulk(const storage::SharedBytes& bytes) {
  if (bytes.size() <= kMaxInlineBytes) return Bulk(bytes.view());
  Header('$', bytes.size());
  sink_->AppendShared(bytes);
  Raw("\r\n");
}

void ReplyWriter::BulkInteger(int64_t value) {
  char digits[storage::kIntegerDigits];
  Bulk(std::string_view(digits, storage::FormatInt64(value, digits)));
}

void ReplyWriter::BulkDouble(double value) {
  char digits[storage::kDoubleChars];
  Bulk(std::string_view(digits, storage::FormatDouble(value, digits)));
}

void ReplyWriter::Double(double value) {
  if (version_ == Version::kResp2) return BulkDouble(value);
  char* out = sink_->Reserve(1 + storage::kDoubleChars + 2);
  *out++ = ',';
  sink_->Commit(WriteLineEnd(out + storage::FormatDouble(value, out)));
}

void ReplyWriter::Boolean(bool value) {
  if (version_ == Version::kResp3) return Raw(value ? "#t\r\n" : "#f\r\n");
  Raw(value ? ":1\r\n" : ":0\r\n");
}

void ReplyWriter::BigNumber(std::string_view digits) {
  if (version_ == Version::kResp2) return Bulk(digits);
  Raw("(");
  Raw(digits);
  Raw("\r\n");
}

void ReplyWriter::Verbatim(std::string_view format, std::string_view text) {
  if (version_ == Version::kResp2) return Bulk(text);
  Header('=', format.size() + 1 + text.size());
  Raw(format);
  Raw(":");
  Raw(text);
  Raw("\r\n");
}

void ReplyWriter::Map(size_t pairs) {
  if (version_ == Version::kResp3) return Header('%', pairs);
  Header('*', 2 * pairs);
}

void ReplyWriter::Set(size_t count) { Header(version_ == Version::kResp3 ? '~' : '*', count); }

void ReplyWriter::Push(size_t count) { Header(version_ == Version::kResp3 ? '>' : '*', count); }

void ReplyWriter::Attribute(size_t pairs) { Header('|', pairs); }

}  // namespace corral::protocol
