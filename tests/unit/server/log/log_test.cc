// The log's line format, levels and file.
#include "server/log/log.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>
#include <vector>

#include "server/log/banner.h"

namespace corral::log {
namespace {

class LogFolder {
 public:
  LogFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "corral-log-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) abort();
    path_ = pattern;
    SetSinks({.file = File("log")});
  }
  ~LogFolder() {
    SetSinks({});
    SetLevel(Level::kNotice);
    std::filesystem::remove_all(path_);
  }

  std::string File(const std::string& name) const { return (path_ / name).string(); }

  std::vector<std::string> Lines(const std::string& name) const {
    std::vector<std::string> lines;
    std::ifstream file(File(name));
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
  }

 private:
  std::filesystem::path path_;
};

TEST_CASE("log: Redis's line format") {
  const std::string line =
      FormatLine(Level::kNotice, "Ready to accept connections", 4946, 'M', 1700000000042);
  CHECK(line.starts_with("4946:M "));
  CHECK(line.ends_with(".042 * Ready to accept connections\n"));
  CHECK(line.find(" Nov 2023 ") != std::string::npos);
  CHECK(FormatLine(Level::kDebug, "x", 1, 'M', 0).ends_with(".000 . x\n"));
  CHECK(FormatLine(Level::kVerbose, "x", 1, 'M', 0).ends_with(" - x\n"));
  CHECK(FormatLine(Level::kWarning, "x", 1, 'M', 0).ends_with(" # x\n"));
  CHECK(FormatLine(Level::kWarning, std::string(5000, 'x'), 1, 'M', 0)
            .ends_with("# " + std::string(1024, 'x') + "\n"));
}

TEST_CASE("log: levels") {
  LogFolder folder;
  SetLevel(Level::kNotice);
  Debug("no {}", 1);
  Verbose("no {}", 2);
  Notice("yes {}", 3);
  Warning("yes {}", 4);
  SetLevel(Level::kNothing);
  Warning("no {}", 5);
  SetLevel(Level::kDebug);
  Debug("yes {}", 6);
  const auto lines = folder.Lines("log");
  REQUIRE(lines.size() == 3);
  CHECK(lines[0].starts_with(std::to_string(getpid()) + ":M "));
  CHECK(lines[0].ends_with(" * yes 3"));
  CHECK(lines[1].ends_with(" # yes 4"));
  CHECK(lines[2].ends_with(" . yes 6"));
}

TEST_CASE("log: a file renamed away makes room for a new one") {
  LogFolder folder;
  Notice("first");
  std::filesystem::rename(folder.File("log"), folder.File("old"));
  Notice("second");
  REQUIRE(folder.Lines("old").size() == 1);
  REQUIRE(folder.Lines("log").size() == 1);
  CHECK(folder.Lines("log")[0].ends_with("second"));
}

TEST_CASE("log: the banner has no prefix and follows the level") {
  LogFolder folder;
  const std::string banner =
      BannerText({.version = "1.2.3", .compatible_version = "7.2.4", .port = 7000, .pid = 4711});
  CHECK(banner.find(" PID: 4711\n") != std::string::npos);
  CHECK(banner.find("Port: 7000\n") != std::string::npos);
  CHECK(banner.find("Corral 1.2.3 64 bit") != std::string::npos);
  WriteRaw(Level::kNotice, "one\n two\n");
  SetLevel(Level::kWarning);
  WriteRaw(Level::kNotice, "three\n");
  SetLevel(Level::kNotice);
  CHECK(folder.Lines("log") == std::vector<std::string>{"one", " two"});
}

TEST_CASE("log: lines of many threads stay whole" * doctest::test_suite("threaded")) {
  LogFolder folder;
  constexpr int kThreads = 4;
  constexpr int kLines = 200;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([i] {
      for (int j = 0; j < kLines; ++j) Notice("thread {} line {} end", i, j);
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto lines = folder.Lines("log");
  CHECK(lines.size() == kThreads * kLines);
  CHECK(std::all_of(lines.begin(), lines.end(), [](const std::string& line) {
    return line.find(":M ") != std::string::npos && line.ends_with(" end");
  }));
}

}  // namespace
}  // namespace corral::log
