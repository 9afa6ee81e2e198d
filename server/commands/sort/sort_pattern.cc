// The key and the field that a pattern means for an element, and the value there.
#include "server/commands/sort/sort_pattern.h"

#include "server/commands/lookup.h"
#include "storage/types/hash.h"

namespace corral::commands {

SortPattern::SortPattern(std::string_view text) : is_element_(text == "#") {
  constexpr std::string_view kArrow = "->";
  // As in Redis, whose texts are C strings here: neither sign counts behind a zero byte.
  const std::string_view seen = text.substr(0, text.find('\0'));
  const size_t star = seen.find('*');
  if (star == std::string_view::npos) return;
  names_keys_ = true;
  const size_t arrow = seen.find(kArrow, star + 1);
  const bool has_field = arrow != std::string_view::npos && arrow + kArrow.size() < seen.size();
  prefix_ = text.substr(0, star);
  suffix_ = text.substr(star + 1, has_field ? arrow - star - 1 : std::string_view::npos);
  if (has_field) field_ = text.substr(arrow + kArrow.size());
}

std::optional<std::string> SortPattern::ValueFor(command::Context& ctx, std::string_view element) const {
  if (is_element_) return std::string(element);
  if (!names_keys_) return std::nullopt;
  std::string name(prefix_);
  name.append(element).append(suffix_);
  const storage::Record* record = FindForRead(ctx, ctx.services.keyspace.MakeKey(name));
  if (record == nullptr) return std::nullopt;
  storage::IntegerText scratch;
  if (field_.empty()) {
    if (!record->is_string()) return std::nullopt;
    return std::string(record->String(scratch));
  }
  if (record->type() != storage::ValueType::kHash) return std::nullopt;
  const storage::Hash hash(record->value(), ctx.now_ms());
  const std::optional<storage::Hash::Text> value = hash.Find(field_);
  if (!value) return std::nullopt;
  return std::string(value->Text(scratch));
}

}  // namespace corral::commands
