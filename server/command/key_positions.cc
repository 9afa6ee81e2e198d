// Where a command's keys stand among its arguments: FindKeys of table.h.
#include <charconv>
#include <cstdint>
#include <system_error>

#include "server/command/table.h"
#include "storage/base/ascii.h"

namespace corral::command {
namespace {

using Arguments = std::span<const std::string_view>;

// The position behind the keyword, or 0 when the keyword is absent. The search starts at begin_index and goes
// up. A negative begin_index counts from the end, and the search goes down to the first argument.
size_t BehindKeyword(const KeySpec& spec, Arguments arguments) {
  const int count = static_cast<int>(arguments.size());
  const bool upwards = spec.begin_index >= 0;
  for (int i = upwards ? spec.begin_index : count + spec.begin_index; upwards ? i < count : i > 0;
       i += upwards ? 1 : -1) {
    if (storage::EqualInAnyCase(arguments[static_cast<size_t>(i)], spec.keyword))
      return static_cast<size_t>(i) + 1;
  }
  return 0;
}

// Redis reads a number of keys here with atoi, and COMMAND GETKEYS shows it: what stands behind the digits
// does not count. (The commands themselves refuse such a number.)
bool ReadKeyCount(std::string_view text, int64_t* count) {
  while (!text.empty() && (text.front() == ' ' || (text.front() >= '\t' && text.front() <= '\r'))) {
    text.remove_prefix(1);
  }
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  int64_t number = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), number).ec != std::errc()) return false;
  *count = static_cast<int32_t>(number);
  return true;
}

// Sets the first and the last position of the keys that begin at `*first`; false when the arguments do not
// fit. A number of keys may be 0 where no key `is_needed`.
bool FindRange(const KeySpec& spec, Arguments arguments, bool is_needed, int64_t* first, int64_t* last) {
  const int64_t count = static_cast<int64_t>(arguments.size());
  if (spec.find == KeySpec::Find::kRange) {
    if (spec.last >= 0) {
      *last = *first + spec.last;
    } else if (spec.limit <= 1) {
      *last = count + spec.last;
    } else {
      *last = *first + (count - *first) / spec.limit + spec.last;
    }
    return *first < count && *last < count && *last >= *first;
  }
  const int64_t number_at = *first + spec.keynum_index;
  int64_t keys = 0;
  if (number_at >= count || !ReadKeyCount(arguments[static_cast<size_t>(number_at)], &keys)) return false;
  if (keys < (is_needed ? 1 : 0) || keys > count) return false;
  *first += spec.first_key;
  *last = *first + (keys - 1) * spec.step;
  return keys == 0 || (*first < count && *last < count);
}

bool FindKeysOf(const KeySpec& spec, Arguments arguments, bool is_needed, std::vector<KeyPosition>* keys) {
  if (spec.begin == KeySpec::Begin::kUnknown || spec.find == KeySpec::Find::kUnknown) {
    if (spec.position_of == nullptr) return false;
    if (const size_t position = spec.position_of(arguments)) keys->push_back({position, spec.flags});
    return true;
  }
  int64_t first = spec.begin_index;
  if (spec.begin == KeySpec::Begin::kKeyword) {
    first = static_cast<int64_t>(BehindKeyword(spec, arguments));
    if (first == 0) return true;  // the part of the command that names these keys is not used
  }
  int64_t last = 0;
  if (!FindRange(spec, arguments, is_needed, &first, &last)) return false;
  const uint16_t flags = spec.flags_of != nullptr ? spec.flags_of(arguments) : spec.flags;
  for (int64_t i = first; i <= last; i += spec.step) keys->push_back({static_cast<size_t>(i), flags});
  return (spec.flags & kKeyIncomplete) == 0;
}

}  // namespace

bool FindKeys(const Command& command, std::span<const std::string_view> arguments,
              std::vector<KeyPosition>* keys) {
  const bool is_needed = !command.Is(kNoMandatoryKeys);
  bool complete = true;
  keys->clear();
  for (const KeySpec& spec : command.spec->keys) {
    if ((spec.flags & kKeyNotKey) != 0) continue;
    if (!FindKeysOf(spec, arguments, is_needed, keys)) complete = false;
  }
  return complete;
}

}  // namespace corral::command
