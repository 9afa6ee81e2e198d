// Writes RESP2 and RESP3 replies into a sink that grows; knows no socket and no client.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "storage/base/number.h"
#include "storage/base/shared_bytes.h"

namespace corral::protocol {

// Where reply bytes go. The writer fills the free space [pos_, end_) without a virtual call. When that is
// used up, the sink provides more. One thread owns and uses it.
class ReplySink {
 public:
  virtual ~ReplySink() = default;

  // A place for at most `n` contiguous bytes (n <= kMaxContiguous); Commit what was used.
  char* Reserve(size_t n) {
    if (static_cast<size_t>(end_ - pos_) < n) [[unlikely]]
      NextWindow();
    return pos_;
  }
  void Commit(char* end) { pos_ = end; }
  // Bytes of any length, copied.
  void Append(std::string_view bytes);
  // Bytes of any length. The sink keeps a reference to a large buffer and copies a small one.
  virtual void AppendShared(const storage::SharedBytes& bytes) = 0;

  static constexpr size_t kMaxContiguous = 4096;

 protected:
  // Provides at least kMaxContiguous bytes of free space. The bytes before the old pos_ are kept.
  virtual void NextWindow() = 0;

  char* pos_ = nullptr;
  char* end_ = nullptr;

 private:
  void AppendPieces(std::string_view bytes);
};

enum class Version : uint8_t { kResp2 = 2, kResp3 = 3 };

// One reply, or a part of one. Shapes that RESP2 lacks fall back as Redis does (map -> flat array, double ->
// bulk, null -> $-1, boolean -> :1/:0, verbatim -> bulk, push -> array, big number -> bulk).
class ReplyWriter {
 public:
  ReplyWriter(ReplySink& sink, Version version) : sink_(&sink), version_(version) {}

  Version version() const { return version_; }
  void set_version(Version version) { version_ = version; }
  ReplySink& sink() { return *sink_; }

  void Ok() { Raw("+OK\r\n"); }
  void Simple(std::string_view text);            // +text; the text must hold no line break
  void Error(std::string_view text);             // "CODE message", without '-'; line breaks become spaces
  void Integer(int64_t value);                   // :value
  void Bulk(std::string_view bytes);             // $len
  void Bulk(const storage::SharedBytes& bytes);  // $len, by reference when large
  void BulkInteger(int64_t value);               // $len with the decimal digits
  void BulkDouble(double value);  // $len with Redis's human form (%.17g, shortest), for RESP2 doubles
  void Double(double value);      // ,value in RESP3 (inf, -inf, nan as Redis), bulk in RESP2
  void Boolean(bool value);       // #t / #f, :1 / :0
  void BigNumber(std::string_view digits);                        // (digits
  void Verbatim(std::string_view format, std::string_view text);  // =len\r\nfmt:text; format has 3 letters
  void Null();                                                    // _ in RESP3, $-1 in RESP2
  void NullArray();                                               // _ in RESP3, *-1 in RESP2
  void Array(size_t count);                                       // header; `count` replies follow
  void Map(size_t pairs);                                         // header; 2 * `pairs` replies follow
  void Set(size_t count);
  void Push(size_t count);
  void Attribute(size_t pairs);  // RESP3 only: the caller checks version()
  void Raw(std::string_view bytes) { sink_->Append(bytes); }

  // Errors written since the last ResetErrors (dispatch counts them per command), and the code of the last
  // one: its text up to the first space ("WRONGTYPE"), or "ERR" when no space is among its first 31 bytes, as
  // in Redis.
  uint32_t errors() const { return errors_; }
  std::string_view last_error_code() const { return {error_code_, error_code_size_}; }
  void ResetErrors() { errors_ = 0; }

 private:
  // The longest header: a type, the digits of a size and a line break.
  static constexpr size_t kMaxHeaderBytes = 1 + storage::kIntegerDigits + 2;
  // Larger payloads are not copied into one reserved piece with their header.
  static constexpr size_t kMaxInlineBytes = ReplySink::kMaxContiguous - kMaxHeaderBytes - 2;

  static char* WriteHeader(char* out, char type, uint64_t count);
  static char* WriteLineEnd(char* out);
  void Header(char type, uint64_t count);
  void LargeBulk(std::string_view bytes);

  ReplySink* sink_;
  Version version_;
  uint8_t error_code_size_ = 0;
  uint32_t errors_ = 0;
  char error_code_[32];
};

inline char* ReplyWriter::WriteLineEnd(char* out) {
  memcpy(out, "\r\n", 2);
  return out + 2;
}

inline char* ReplyWriter::WriteHeader(char* out, char type, uint64_t count) {
  *out++ = type;
  // Most headers and many integers have one or two digits: these are written without a loop or a call.
  if (count < 10) {
    *out++ = static_cast<char>('0' + count);
  } else if (count < 100) {
    memcpy(out, &storage::kDigitPairs[2 * count], 2);
    out += 2;
  } else {
    out += storage::FormatInt64(static_cast<int64_t>(count), out);
  }
  return WriteLineEnd(out);
}

inline void ReplyWriter::Header(char type, uint64_t count) {
  sink_->Commit(WriteHeader(sink_->Reserve(kMaxHeaderBytes), type, count));
}

inline void ReplyWriter::Integer(int64_t value) {
  char* out = sink_->Reserve(kMaxHeaderBytes);
  if (value >= 0) [[likely]] {
    sink_->Commit(WriteHeader(out, ':', static_cast<uint64_t>(value)));
    return;
  }
  *out++ = ':';
  sink_->Commit(WriteLineEnd(out + storage::FormatInt64(value, out)));
}

inline void ReplyWriter::Bulk(std::string_view bytes) {
  if (bytes.size() > kMaxInlineBytes) [[unlikely]]
    return LargeBulk(bytes);
  char* out = WriteHeader(sink_->Reserve(kMaxHeaderBytes + bytes.size() + 2), '$', bytes.size());
  sink_->Commit(WriteLineEnd(out + bytes.copy(out, bytes.size())));
}

inline void ReplyWriter::Null() { Raw(version_ == Version::kResp3 ? "_\r\n" : "$-1\r\n"); }
inline void ReplyWriter::NullArray() { Raw(version_ == Version::kResp3 ? "_\r\n" : "*-1\r\n"); }
inline void ReplyWriter::Array(size_t count) { Header('*', count); }

inline void ReplySink::Append(std::string_view bytes) {
  if (bytes.size() > static_cast<size_t>(end_ - pos_)) [[unlikely]]
    return AppendPieces(bytes);
  pos_ += bytes.copy(pos_, bytes.size());
}

}  // namespace corral::protocol
