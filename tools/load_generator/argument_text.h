// Takes argument text apart: splitting at a separator and reading whole numbers.
#pragma once

#include <charconv>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace corral::load_generator {

// What is before the first separator and what is after it; all and nothing when there is none.
inline std::pair<std::string_view, std::string_view> Cut(std::string_view text, char separator) {
  const std::size_t at = text.find(separator);
  if (at == std::string_view::npos) return {text, {}};
  return {text.substr(0, at), text.substr(at + 1)};
}

// The pieces between separators, empty ones included; at least one.
inline std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> pieces;
  for (std::size_t at; (at = text.find(separator)) != std::string_view::npos; text.remove_prefix(at + 1)) {
    pieces.push_back(text.substr(0, at));
  }
  pieces.push_back(text);
  return pieces;
}

// True when the whole text is a number of the type.
template <typename Number>
[[nodiscard]] bool ParseNumber(std::string_view text, Number* number) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, *number);
  return error == std::errc() && stop == end && !text.empty();
}

}  // namespace corral::load_generator
