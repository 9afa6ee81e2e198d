// Redis's error texts that quote what the client sent, cut where Redis cuts them.
#include "protocol/wire_error.h"

#include <algorithm>

#include "storage/base/ascii.h"

namespace corral::protocol::wire {
namespace {

// Redis quotes at most so many bytes of a name, and of all arguments together with their quotes.
constexpr size_t kQuotedBytes = 128;

// Redis formats these texts with %.*s, which stops at a zero byte.
std::string_view Quotable(std::string_view text, size_t limit) {
  text = text.substr(0, limit);
  return text.substr(0, text.find('\0'));
}

// A line break in a text would end the reply: Redis puts a space there.
std::string OneLine(std::string text) {
  std::replace(text.begin(), text.end(), '\r', ' ');
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

std::string Concatenate(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (std::string_view part : parts) text += part;
  return OneLine(std::move(text));
}

}  // namespace

std::string WrongArity(std::string_view command) {
  return Concatenate({"ERR wrong number of arguments for '", command, "' command"});
}

std::string UnknownCommand(std::string_view name, const std::string_view* args, size_t count) {
  std::string quoted;
  for (size_t i = 0; i < count && quoted.size() < kQuotedBytes; ++i) {
    std::string_view shown = Quotable(args[i], kQuotedBytes - quoted.size());
    quoted += '\'';
    quoted += shown;
    quoted += "' ";
  }
  return Concatenate(
      {"ERR unknown command '", Quotable(name, kQuotedBytes), "', with args beginning with: ", quoted});
}

std::string UnknownSubcommand(std::string_view subcommand, std::string_view command) {
  return Concatenate({"ERR unknown subcommand '", Quotable(subcommand, kQuotedBytes), "'. Try ",
                      storage::UpperCase(command), " HELP."});
}

std::string NotWhileSubscribed(std::string_view command) {
  return Concatenate(
      {"ERR Can't execute '", command,
       "': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context"});
}

std::string InvalidExpire(std::string_view command) {
  return Concatenate({"ERR invalid expire time in '", command, "' command"});
}

}  // namespace corral::protocol::wire
