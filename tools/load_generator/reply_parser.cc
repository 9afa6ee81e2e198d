#include "tools/load_generator/reply_parser.h"

#include <algorithm>
#include <cstring>

#include "tools/load_generator/argument_text.h"

namespace corral::load_generator {
namespace {

// Longer than any line of either protocol that a load can cause; bounds the memory of a broken stream.
constexpr std::size_t kLongestLine = 64 * 1024;
// Longer than any value that a load can have stored.
constexpr std::uint64_t kLongestValue = std::uint64_t{1} << 32;

}  // namespace

ReplyParser::Status ReplyParser::Next(Reply* reply) {
  while (true) {
    if (skip_bytes_ > 0) {
      const std::uint64_t step = std::min<std::uint64_t>(skip_bytes_, input_.size());
      input_.remove_prefix(step);
      skip_bytes_ -= step;
      if (skip_bytes_ > 0) return Status::kNeedMore;
      if (protocol_ == Protocol::kResp && FinishElement(reply) == Step::kReplyDone) return Status::kReply;
    }
    const void* newline = input_.empty() ? nullptr : std::memchr(input_.data(), '\n', input_.size());
    if (newline == nullptr) {
      partial_line_ += input_;
      input_ = {};
      return partial_line_.size() > kLongestLine ? Status::kBroken : Status::kNeedMore;
    }
    const std::size_t length = static_cast<const char*>(newline) - input_.data();
    std::string_view line = input_.substr(0, length);
    input_.remove_prefix(length + 1);
    if (!partial_line_.empty()) {
      line_ = partial_line_.append(line);
      partial_line_.clear();
      line = line_;
    }
    if (!line.ends_with('\r')) return Status::kBroken;
    line.remove_suffix(1);
    const Step step =
        protocol_ == Protocol::kResp ? HandleRespLine(line, reply) : HandleMemcachedLine(line, reply);
    if (step == Step::kReplyDone) return Status::kReply;
    if (step == Step::kBroken) return Status::kBroken;
  }
}

ReplyParser::Step ReplyParser::HandleRespLine(std::string_view line, Reply* reply) {
  if (line.empty()) return Step::kBroken;
  std::int64_t number = 0;
  switch (line[0]) {
    case '$':
      if (!ParseNumber(line.substr(1), &number) || number < -1) return Step::kBroken;
      if (number < 0) return FinishElement(reply);
      return BeginValue(static_cast<std::uint64_t>(number));
    case '*':
      if (!ParseNumber(line.substr(1), &number) || number < 1 || elements_left_ > 0) return Step::kBroken;
      elements_left_ = number;
      return Step::kGoOn;
    case ':':
      if (elements_left_ > 0) return FinishElement(reply);
      [[fallthrough]];
    case '+':
    case '-':
      if (elements_left_ > 0) return Step::kBroken;
      *reply = {line == "+OK" ? Reply::Kind::kStored : Reply::Kind::kOther, 0, 0, line};
      return Step::kReplyDone;
    default:
      return Step::kBroken;
  }
}

ReplyParser::Step ReplyParser::BeginValue(std::uint64_t length) {
  if (length > kLongestValue) return Step::kBroken;
  ++found_;
  value_bytes_ += length;
  skip_bytes_ = length + 2;
  return Step::kGoOn;
}

ReplyParser::Step ReplyParser::FinishElement(Reply* reply) {
  if (elements_left_ > 1) {
    --elements_left_;
    return Step::kGoOn;
  }
  *reply = {Reply::Kind::kValues, found_, value_bytes_, {}};
  elements_left_ = 0;
  found_ = 0;
  value_bytes_ = 0;
  return Step::kReplyDone;
}

ReplyParser::Step ReplyParser::HandleMemcachedLine(std::string_view line, Reply* reply) {
  if (line.starts_with("VALUE ")) {
    std::uint64_t length = 0;
    if (!ParseNumber(line.substr(line.rfind(' ') + 1), &length)) return Step::kBroken;
    return BeginValue(length);
  }
  if (line == "END") return FinishElement(reply);
  *reply = {line == "STORED" ? Reply::Kind::kStored : Reply::Kind::kOther, 0, 0, line};
  return Step::kReplyDone;
}

}  // namespace corral::load_generator
