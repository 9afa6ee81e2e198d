// Redis's error texts, word for word: they are an interface that clients compare.
#pragma once

#include <string>
#include <string_view>

namespace corral::protocol::wire {

inline constexpr std::string_view kSyntax = "ERR syntax error";
inline constexpr std::string_view kWrongType =
    "WRONGTYPE Operation against a key holding the wrong kind of value";
inline constexpr std::string_view kNotInteger = "ERR value is not an integer or out of range";
inline constexpr std::string_view kNotFloat = "ERR value is not a valid float";
inline constexpr std::string_view kNotPositive = "ERR value is out of range, must be positive";
inline constexpr std::string_view kOverflow = "ERR increment or decrement would overflow";
inline constexpr std::string_view kDecrementOverflow = "ERR decrement would overflow";
inline constexpr std::string_view kNanOrInfinity = "ERR increment would produce NaN or Infinity";
inline constexpr std::string_view kNoSuchKey = "ERR no such key";
inline constexpr std::string_view kDbIndex = "ERR DB index is out of range";
inline constexpr std::string_view kInvalidDbIndex = "ERR invalid DB index";
inline constexpr std::string_view kSameObject = "ERR source and destination objects are the same";
inline constexpr std::string_view kOutOfMemory = "OOM command not allowed when used memory > 'maxmemory'.";
// For a client in MONITOR mode. Redis counts such clients among its replicas.
inline constexpr std::string_view kNoKeysForMonitor = "ERR Replica can't interact with the keyspace";
inline constexpr std::string_view kNoAuth = "NOAUTH Authentication required.";
inline constexpr std::string_view kWrongPass =
    "WRONGPASS invalid username-password pair or user is disabled.";
inline constexpr std::string_view kNoProto = "NOPROTO unsupported protocol version";
inline constexpr std::string_view kStringTooLong =
    "ERR string exceeds maximum allowed size (proto-max-bulk-len)";
inline constexpr std::string_view kOffset = "ERR offset is out of range";

std::string WrongArity(std::string_view command);  // full name, subcommands as 'config|get'
// args: everything behind the name; cut as Redis cuts them (128 bytes in all).
std::string UnknownCommand(std::string_view name, const std::string_view* args, size_t count);
std::string UnknownSubcommand(std::string_view subcommand, std::string_view command);  // "... Try X HELP."
std::string NotWhileSubscribed(std::string_view command);  // ERR Can't execute 'get': only (P|S)SUBSCRIBE ...
std::string InvalidExpire(std::string_view command);       // ERR invalid expire time in 'set' command

}  // namespace corral::protocol::wire
