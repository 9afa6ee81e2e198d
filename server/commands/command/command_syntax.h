// Turns a row's syntax line into the tree of arguments that COMMAND DOCS answers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace corral::commands {

enum class ArgumentType : uint8_t {
  kString,
  kInteger,
  kDouble,
  kKey,
  kPattern,
  kUnixTime,
  kPureToken,
  kOneOf,
  kBlock
};

std::string_view ArgumentTypeName(ArgumentType type);

struct SyntaxArgument {
  std::string name;
  ArgumentType type = ArgumentType::kString;
  std::string token;  // the word before the value, or the word itself for kPureToken
  bool optional = false;
  bool multiple = false;
  bool multiple_token = false;
  std::vector<SyntaxArgument> arguments;  // kOneOf, kBlock
};

// The notation is that of Redis's command pages: upper case is literal, [x] optional, <a | b> a choice, `x [x
// ...]` once or more; `x [...]` stands for the same where repeating x would be long. A choice, a group and a
// literal are called as what they hold, or as the line says in front of them: `where=<LEFT | RIGHT>`,
// `[change=CH]`; a named `x=[a | b ...]` is optional and may come again. `command` ("set", "client|pause")
// decides the type of names that mean different things in different commands.
std::vector<SyntaxArgument> ParseSyntax(std::string_view command, std::string_view syntax);

}  // namespace corral::commands
