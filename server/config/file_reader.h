// Reads configuration text line by line, follows includes, and says where a mistake is.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "server/config/result.h"

namespace corral::config {

struct Line {
  std::string source;              // a file's path; empty: the command line
  int number = 0;                  // from 1
  std::string text;                // trimmed
  std::vector<std::string> words;  // words[0] is the directive's name in lower case
};

// The full report of a mistake, to be printed to standard error before exit status 1.
std::string FatalText(std::string_view origin, std::string_view reason);

// "Reading ..., at line N" and the quoted line.
std::string OriginOf(const Line& line);

class FileReader {
 public:
  using Sink = std::function<Result(const Line&)>;

  // Lines go to `sink` in order; the first error ends the reading. The sink answers the bare reason.
  explicit FileReader(Sink sink) : sink_(std::move(sink)) {}

  // Both answer a report on failure: one line for a FILE that cannot be read, else a FatalText. Includes are
  // relative to the working directory, as in Redis; a pattern (* ? [) that matches nothing is skipped; a file
  // that includes itself, however deep, is a mistake.
  Result ReadFile(const std::string& path);
  Result ReadText(std::string_view text, const std::string& source);

 private:
  Result ReadLine(Line line);
  Result Include(const Line& line);
  Result IncludeFile(const std::string& path, const Line& line);
  // Answers the bare reason when the file cannot be read.
  Result Open(const std::string& path, std::string* text) const;
  Result ReadOpened(const std::string& path, std::string_view text);

  Sink sink_;
  std::vector<std::string> open_files_;  // real paths, outermost first
};

}  // namespace corral::config
