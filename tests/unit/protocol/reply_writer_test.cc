// Every reply shape in both protocols, and payloads across the windows of a sink.
#include "protocol/reply_writer.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <utility>

#include "tests/unit/seed.h"

namespace corral::protocol {
namespace {

// Gives windows of exactly the promised size and keeps what was written into each.
class WindowSink : public ReplySink {
 public:
  void AppendShared(const storage::SharedBytes& bytes) override {
    TakeWindow();
    written_ += bytes.view();
    ++shared_;
  }
  std::string Take() {
    TakeWindow();
    return std::exchange(written_, {});
  }
  size_t windows() const { return windows_; }
  size_t shared() const { return shared_; }

 protected:
  void NextWindow() override {
    TakeWindow();
    // A fresh allocation each time lets a sanitizer see a write beyond the window.
    window_ = std::make_unique<char[]>(kMaxContiguous);
    pos_ = window_.get();
    end_ = pos_ + kMaxContiguous;
    ++windows_;
  }

 private:
  void TakeWindow() {
    if (window_ == nullptr) return;
    written_.append(window_.get(), static_cast<size_t>(pos_ - window_.get()));
    window_.reset();
    pos_ = end_ = nullptr;
  }

  std::unique_ptr<char[]> window_;
  std::string written_;
  size_t windows_ = 0;
  size_t shared_ = 0;
};

struct Replies {
  std::string resp2;
  std::string resp3;
};

template <typename Write>
Replies Both(Write write) {
  Replies replies;
  WindowSink sink;
  ReplyWriter writer(sink, Version::kResp2);
  write(writer);
  replies.resp2 = sink.Take();
  writer.set_version(Version::kResp3);
  write(writer);
  replies.resp3 = sink.Take();
  return replies;
}

#define CHECK_REPLY(call, in_resp2, in_resp3)                         \
  do {                                                                \
    Replies replies = Both([](ReplyWriter& writer) { writer.call; }); \
    CHECK(replies.resp2 == in_resp2);                                 \
    CHECK(replies.resp3 == in_resp3);                                 \
  } while (false)

TEST_CASE("reply writer: shapes as Redis 7.0 sends them") {
  CHECK_REPLY(Ok(), "+OK\r\n", "+OK\r\n");
  CHECK_REPLY(Simple("QUEUED"), "+QUEUED\r\n", "+QUEUED\r\n");
  CHECK_REPLY(Bulk(std::string_view("Hello World")), "$11\r\nHello World\r\n", "$11\r\nHello World\r\n");
  CHECK_REPLY(Bulk(std::string_view()), "$0\r\n\r\n", "$0\r\n\r\n");
  CHECK_REPLY(BulkInteger(-120), "$4\r\n-120\r\n", "$4\r\n-120\r\n");
  CHECK_REPLY(Double(3.141), "$5\r\n3.141\r\n", ",3.141\r\n");
  CHECK_REPLY(Double(3.14), "$18\r\n3.1400000000000001\r\n", ",3.1400000000000001\r\n");
  CHECK_REPLY(Double(HUGE_VAL), "$3\r\ninf\r\n", ",inf\r\n");
  CHECK_REPLY(Double(-HUGE_VAL), "$4\r\n-inf\r\n", ",-inf\r\n");
  CHECK_REPLY(Double(std::nan("")), "$3\r\nnan\r\n", ",nan\r\n");
  CHECK_REPLY(BulkDouble(1e17), "$5\r\n1e+17\r\n", "$5\r\n1e+17\r\n");
  CHECK_REPLY(Boolean(true), ":1\r\n", "#t\r\n");
  CHECK_REPLY(Boolean(false), ":0\r\n", "#f\r\n");
  CHECK_REPLY(BigNumber("1234567999999999999999999999999999999"),
              "$37\r\n1234567999999999999999999999999999999\r\n",
              "(1234567999999999999999999999999999999\r\n");
  CHECK_REPLY(Verbatim("txt", "This is a verbatim\nstring"), "$25\r\nThis is a verbatim\nstring\r\n",
              "=29\r\ntxt:This is a verbatim\nstring\r\n");
  CHECK_REPLY(Null(), "$-1\r\n", "_\r\n");
  CHECK_REPLY(NullArray(), "*-1\r\n", "_\r\n");
  CHECK_REPLY(Array(0), "*0\r\n", "*0\r\n");
  CHECK_REPLY(Map(3), "*6\r\n", "%3\r\n");
  CHECK_REPLY(Set(100), "*100\r\n", "~100\r\n");
  CHECK_REPLY(Push(2), "*2\r\n", ">2\r\n");
  CHECK(Both([](ReplyWriter& writer) { writer.Attribute(1); }).resp3 == "|1\r\n");
}

TEST_CASE("reply writer: integers and counts of every length") {
  for (int64_t value = 1; value < std::numeric_limits<int64_t>::max() / 10; value *= 10) {
    for (int64_t near : {value - 1, value, value + 1, -value, -value - 1}) {
      CHECK(Both([near](ReplyWriter& writer) { writer.Integer(near); }).resp2 ==
            ":" + std::to_string(near) + "\r\n");
    }
    size_t count = static_cast<size_t>(value);
    CHECK(Both([count](ReplyWriter& writer) { writer.Array(count); }).resp3 ==
          "*" + std::to_string(count) + "\r\n");
  }
  CHECK_REPLY(Integer(std::numeric_limits<int64_t>::min()), ":-9223372036854775808\r\n",
              ":-9223372036854775808\r\n");
  CHECK_REPLY(Integer(std::numeric_limits<int64_t>::max()), ":9223372036854775807\r\n",
              ":9223372036854775807\r\n");
}

TEST_CASE("reply writer: errors are one line, counted, and leave their code") {
  WindowSink sink;
  ReplyWriter writer(sink, Version::kResp2);
  writer.Error("WRONGTYPE Operation against a key");
  CHECK(sink.Take() == "-WRONGTYPE Operation against a key\r\n");
  CHECK(writer.last_error_code() == "WRONGTYPE");
  writer.Error("ERR unknown 'a\r\nb\n'\r\n");
  CHECK(sink.Take() == "-ERR unknown 'a  b '\r\n");
  CHECK(writer.errors() == 2);
  CHECK(writer.last_error_code() == "ERR");
  writer.ResetErrors();
  CHECK(writer.errors() == 0);
  std::string code(30, 'X');
  writer.Error(code + " text");
  CHECK(writer.last_error_code() == code);
  writer.Error(code + "X text");
  CHECK(writer.last_error_code() == "ERR");
  writer.Error("NOSPACE");
  CHECK(writer.last_error_code() == "ERR");
  CHECK(writer.errors() == 3);
}

TEST_CASE("reply writer: payloads of every size around the window") {
  WindowSink sink;
  ReplyWriter writer(sink, Version::kResp3);
  std::string expected;
  size_t shared = 0;
  for (size_t size : {0, 1, 9, 10, 99, 100, 999, 1000, 4060, 4065, 4069, 4070, 4071, 4072, 4073, 4096, 4097,
                      9000, 100000}) {
    std::string payload(size, static_cast<char>('a' + size % 26));
    std::string bulk = "$" + std::to_string(size) + "\r\n" + payload + "\r\n";
    writer.Bulk(std::string_view(payload));
    writer.Bulk(storage::SharedBytes::CopyOf(payload));
    writer.Verbatim("txt", payload);
    expected += bulk + bulk + "=" + std::to_string(size + 4) + "\r\ntxt:" + payload + "\r\n";
    shared += size > 4070;
  }
  CHECK(sink.Take() == expected);
  CHECK(sink.shared() == shared);
}

TEST_CASE("reply writer: random replies back to back") {
  uint64_t seed = TestSeed();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  WindowSink sink;
  ReplyWriter writer(sink, Version::kResp2);
  std::string expected;
  for (int i = 0; i < 20000; ++i) {
    auto value = static_cast<int64_t>(random() >> (random() % 64)) * (random() % 2 == 0 ? 1 : -1);
    std::string payload(random() % (random() % 50 == 0 ? 6000 : 60), 'p');
    switch (random() % 4) {
      case 0:
        writer.Integer(value);
        expected += ":" + std::to_string(value) + "\r\n";
        break;
      case 1:
        writer.Bulk(std::string_view(payload));
        expected += "$" + std::to_string(payload.size()) + "\r\n" + payload + "\r\n";
        break;
      case 2:
        writer.Array(payload.size());
        expected += "*" + std::to_string(payload.size()) + "\r\n";
        break;
      default:
        writer.Simple(payload);
        expected += "+" + payload + "\r\n";
    }
  }
  CHECK(sink.windows() > 10);
  CHECK(sink.Take() == expected);
}

}  // namespace
}  // namespace corral::protocol
