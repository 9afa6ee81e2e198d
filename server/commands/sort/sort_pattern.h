// What BY and GET name: a value that belongs to an element.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "server/command/context.h"

namespace corral::commands {

// A pattern of SORT's BY and GET (https://redis.io/commands/sort/): the element takes the place of the first
// `*`, and the key that this names holds a string; behind `->` stands the field of a hash. `#` is the element
// itself. A view of an argument.
class SortPattern {
 public:
  explicit SortPattern(std::string_view text);

  // Whether another key is meant for each element.
  bool names_keys() const { return names_keys_; }
  // The value for an element; nothing where there is none. Reads the key as any reading command does.
  // Requires the lock of that key's shard, and voids records that were found before: an expired key is
  // removed.
  std::optional<std::string> ValueFor(command::Context& ctx, std::string_view element) const;

 private:
  bool names_keys_ = false;
  bool is_element_ = false;
  std::string_view prefix_, suffix_;  // of the key
  std::string_view field_;            // empty: the key holds a string
};

}  // namespace corral::commands
