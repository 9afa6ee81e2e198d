#include "server/config/file_reader.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <glob.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "server/config/line.h"
#include "server/process/version.h"
#include "storage/base/ascii.h"

namespace corral::config {
namespace {

// How long a pipe may keep the start waiting for its next bytes.
constexpr int kPatienceMs = 5'000;

// Answers errno, 0 on success.
int ReadOpened(int descriptor, std::string* text) {
  char buffer[16384];
  for (;;) {
    // A pipe that nobody has opened for writing yet is empty, but it is not at its end; a file is always
    // ready.
    pollfd ready{.fd = descriptor, .events = POLLIN, .revents = 0};
    const int found = poll(&ready, 1, kPatienceMs);
    if (found < 0 && errno == EINTR) continue;
    if (found <= 0) return found == 0 ? ETIMEDOUT : errno;
    const ssize_t size = read(descriptor, buffer, sizeof(buffer));
    if (size < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (size <= 0) return size < 0 ? errno : 0;
    text->append(buffer, static_cast<size_t>(size));
  }
}

// Answers errno, 0 on success.
int ReadWhole(const std::string& path, std::string* text) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (descriptor < 0) return errno;
  const int error = ReadOpened(descriptor, text);
  close(descriptor);
  return error;
}

std::string RealPath(const std::string& path) {
  const std::unique_ptr<char, void (*)(void*)> real(realpath(path.c_str(), nullptr), free);
  return real != nullptr ? std::string(real.get()) : path;
}

std::vector<std::string> Matches(const std::string& pattern) {
  std::vector<std::string> paths;
  glob_t found{};
  if (glob(pattern.c_str(), 0, nullptr, &found) == 0) {
    for (size_t i = 0; i < found.gl_pathc; ++i) paths.emplace_back(found.gl_pathv[i]);
  }
  globfree(&found);
  return paths;
}

}  // namespace

std::string OriginOf(const Line& line) {
  const std::string where = line.source.empty() ? std::string("Reading the command line")
                                                : fmt::format("Reading the configuration file {}, at line {}",
                                                              line.source, line.number);
  return fmt::format("{}\n>>> '{}'", where, line.text);
}

std::string FatalText(std::string_view origin, std::string_view reason) {
  return fmt::format("\n*** FATAL CONFIG FILE ERROR (Corral {}) ***\n{}\n{}\n", process::kVersion, origin,
                     reason);
}

Result FileReader::ReadFile(const std::string& path) {
  std::string text;
  if (Result opened = Open(path, &text); !opened)
    return Result::Error("Fatal error, " + opened.error() + "\n");
  return ReadOpened(path, text);
}

Result FileReader::IncludeFile(const std::string& path, const Line& line) {
  std::string text;
  if (Result opened = Open(path, &text); !opened) {
    return Result::Error(FatalText(OriginOf(line), opened.error()));
  }
  return ReadOpened(path, text);
}

Result FileReader::Open(const std::string& path, std::string* text) const {
  if (std::find(open_files_.begin(), open_files_.end(), RealPath(path)) != open_files_.end()) {
    return Result::Error(fmt::format("config file '{}' includes itself", path));
  }
  const int error = ReadWhole(path, text);
  if (error == 0) return Result::Ok();
  return Result::Error(fmt::format("can't open config file '{}': {}", path, strerror(error)));
}

Result FileReader::ReadOpened(const std::string& path, std::string_view text) {
  open_files_.push_back(RealPath(path));
  Result result = ReadText(text, path);
  open_files_.pop_back();
  return result;
}

Result FileReader::ReadText(std::string_view text, const std::string& source) {
  int number = 0;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view raw = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    Result result =
        ReadLine({.source = source, .number = ++number, .text = std::string(Trimmed(raw)), .words = {}});
    if (!result) return result;
  }
  return Result::Ok();
}

Result FileReader::ReadLine(Line line) {
  if (line.text.empty() || line.text[0] == '#') return Result::Ok();
  auto words = SplitArguments(line.text);
  if (!words) {
    return Result::Error(FatalText(OriginOf(line), "Unbalanced quotes in configuration line"));
  }
  if (words->empty()) return Result::Ok();
  line.words = std::move(*words);
  line.words[0] = storage::LowerCase(line.words[0]);
  if (line.words[0] == "include" && line.words.size() == 2) return Include(line);
  if (Result result = sink_(line); !result) return Result::Error(FatalText(OriginOf(line), result.error()));
  return Result::Ok();
}

Result FileReader::Include(const Line& line) {
  const std::string& path = line.words[1];
  if (path.find_first_of("*?[") == std::string::npos) return IncludeFile(path, line);
  for (const std::string& match : Matches(path)) {
    if (Result result = IncludeFile(match, line); !result) return result;
  }
  return Result::Ok();
}

}  // namespace corral::config
