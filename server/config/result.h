// The answer of an operation on the configuration: success, or one text that a person can act on.
#pragma once

#include <string>
#include <utility>

namespace corral::config {

class [[nodiscard]] Result {
 public:
  static Result Ok() { return Result(); }
  static Result Error(std::string text) {
    Result result;
    result.failed_ = true;
    result.text_ = std::move(text);
    return result;
  }

  bool ok() const { return !failed_; }
  explicit operator bool() const { return ok(); }
  // What went wrong; empty on success.
  const std::string& error() const { return text_; }

 private:
  bool failed_ = false;
  std::string text_;
};

}  // namespace corral::config
