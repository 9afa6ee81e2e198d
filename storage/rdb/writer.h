// Writes the parts of which values in Redis's RDB format are made.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace corral::storage::rdb {

// Where the bytes go: a string, a file.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void Append(std::string_view bytes) = 0;
};

class StringSink final : public Sink {
 public:
  explicit StringSink(std::string& out) : out_(out) {}
  void Append(std::string_view bytes) override { out_.append(bytes); }

 private:
  std::string& out_;
};

// Owns nothing but a buffer for what it compresses. Source: DUMP of redis-server 7.0.15.
class Writer {
 public:
  // `compress`: what the directive rdbcompression says. The sink outlives it.
  Writer(Sink& sink, bool compress) : sink_(sink), compress_(compress) {}

  void Byte(uint8_t byte);
  void Raw(std::string_view bytes) { sink_.Append(bytes); }
  void Length(uint64_t length);
  // Shorter where it can be: as an integer, or compressed.
  void String(std::string_view text);
  void Integer(int64_t integer);  // the string of its digits
  void Fixed64(uint64_t number);  // eight bytes, little-endian: times
  void Double(double number);     // the same

 private:
  bool SmallInteger(int64_t integer);
  bool Compressed(std::string_view text);

  Sink& sink_;
  const bool compress_;
  std::string compressed_;
};

}  // namespace corral::storage::rdb
