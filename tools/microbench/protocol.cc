// Times the request reader and the reply writer alone: nanoseconds per command and per reply.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/reply_writer.h"
#include "protocol/request_reader.h"
#include "tools/microbench/arguments.h"

namespace {

using corral::protocol::ArgumentPool;
using corral::protocol::ReaderLimits;
using corral::protocol::ReadStatus;
using corral::protocol::ReplySink;
using corral::protocol::ReplyWriter;
using corral::protocol::RequestReader;
using corral::protocol::Version;

constexpr int kRounds = 9;
constexpr int kRepeats = 2000;
constexpr int kPipeline = 64;

// Makes the compiler believe that `value` is read.
template <typename T>
void Keep(const T& value) {
  asm volatile("" : : "r,m"(value) : "memory");
}

// Runs `work`, which does `operations` operations, in rounds and prints the fastest: noise only ever adds.
template <typename Work>
void Measure(const char* name, size_t operations, Work work) {
  double best = 1e30;
  for (int round = 0; round < kRounds; ++round) {
    auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < kRepeats; ++i) work();
    std::chrono::duration<double, std::nano> elapsed = std::chrono::steady_clock::now() - start;
    best = std::min(best, elapsed.count() / kRepeats / static_cast<double>(operations));
  }
  printf("%-34s %7.2f ns\n", name, best);
}

std::string Request(const std::vector<std::string>& arguments) {
  std::string request = "*" + std::to_string(arguments.size()) + "\r\n";
  for (const std::string& argument : arguments) {
    request += "$" + std::to_string(argument.size()) + "\r\n" + argument + "\r\n";
  }
  return request;
}

// `piece` bytes arrive at a time; 0 stands for all of them.
void MeasureReader(const char* name, const std::string& request, size_t piece) {
  std::string pipeline;
  for (int i = 0; i < kPipeline; ++i) pipeline += request;
  if (piece == 0) piece = pipeline.size();
  RequestReader reader;
  ReaderLimits limits;
  ArgumentPool pool;
  Measure(name, kPipeline, [&] {
    pool.Clear();
    size_t start = 0;
    for (size_t end = piece; start < pipeline.size(); end += piece) {
      end = std::min(end, pipeline.size());
      for (ReadStatus status = ReadStatus::kCommand; status == ReadStatus::kCommand && start < end;) {
        auto result = reader.Next(std::string_view(pipeline).substr(start, end - start), limits, pool);
        status = result.status;
        start += result.consumed;
      }
    }
    Keep(pool.views.data());
  });
}

// One window that starts over whenever it is full.
class RingSink : public ReplySink {
 public:
  void AppendShared(const corral::storage::SharedBytes& bytes) override { Append(bytes.view()); }

 protected:
  void NextWindow() override {
    pos_ = window_.get();
    end_ = pos_ + kWindowBytes;
  }

 private:
  static constexpr size_t kWindowBytes = 16 * 1024;
  std::unique_ptr<char[]> window_ = std::make_unique<char[]>(kWindowBytes);
};

template <typename Write>
void MeasureWriter(const char* name, Write write) {
  RingSink sink;
  ReplyWriter writer(sink, Version::kResp2);
  Measure(name, kPipeline, [&] {
    for (int i = 0; i < kPipeline; ++i) {
      write(writer, i);
      Keep(&writer);
    }
  });
}

}  // namespace

int main(int argc, char**) {
  if (argc > 1) corral::microbench::EndWithUsage("microbench-protocol");
  const std::string key = "key:000000123456";
  const std::string value(32, 'v');
  MeasureReader("read GET, whole pipeline", Request({"GET", key}), 0);
  MeasureReader("read SET 32 bytes, whole pipeline", Request({"SET", key, value}), 0);
  MeasureReader("read SET EX, whole pipeline", Request({"SET", key, value, "EX", "100"}), 0);
  MeasureReader("read SET 32 bytes, 50 byte pieces", Request({"SET", key, value}), 50);
  MeasureReader("read inline GET", "GET " + key + "\r\n", 0);

  MeasureWriter("write OK", [](ReplyWriter& writer, int) { writer.Ok(); });
  MeasureWriter("write bulk of 32 bytes",
                [&](ReplyWriter& writer, int) { writer.Bulk(std::string_view(value)); });
  const std::string large(1000, 'v');
  MeasureWriter("write bulk of 1000 bytes",
                [&](ReplyWriter& writer, int) { writer.Bulk(std::string_view(large)); });
  MeasureWriter("write null", [](ReplyWriter& writer, int) { writer.Null(); });
  MeasureWriter("write small integer", [](ReplyWriter& writer, int i) { writer.Integer(i); });
  MeasureWriter("write large integer",
                [](ReplyWriter& writer, int i) { writer.Integer(1234567890123456789 + i); });
  MeasureWriter("write double", [](ReplyWriter& writer, int i) { writer.Double(3.14 + i); });
  return 0;
}
