// A line of a configuration file taken apart and put together, with Redis's quoting rules.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace corral::config {

// Splits at spaces. "..." may contain \n \r \t \a \b \xHH and \ before any other character, '...' only \'. A
// closing quote must end the word. Nothing when quotes are unbalanced.
std::optional<std::vector<std::string>> SplitArguments(std::string_view line);

// The text in double quotes, such that SplitArguments gives it back.
std::string Quoted(std::string_view text);

// Pieces between single spaces, empty ones included; an empty text has none (how CONFIG SET splits a value).
std::vector<std::string> SplitAtSpaces(std::string_view text);

std::string_view Trimmed(std::string_view text);

}  // namespace corral::config
