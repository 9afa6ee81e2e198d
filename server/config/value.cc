#include "server/config/value.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>

#include "server/config/line.h"
#include "storage/base/ascii.h"
#include "storage/base/number.h"

namespace corral::config {
namespace {

std::string AllowedChoices(const Directive& directive) {
  std::string text = "argument(s) must be one of the following: ";
  for (size_t i = 0; i < directive.choices.size(); ++i) {
    if (i > 0) text += ", ";
    text += directive.choices[i].name;
  }
  return text;
}

const Choice* FindChoice(const Directive& directive, std::string_view name) {
  for (const Choice& choice : directive.choices) {
    if (storage::EqualInAnyCase(choice.name, name)) return &choice;
  }
  return nullptr;
}

std::string BoundsText(const Directive& directive) {
  return fmt::format("argument must be between {} and {} inclusive", directive.low, directive.high);
}

bool ParseOctal(const std::string& text, int64_t* value) {
  char* end = nullptr;
  errno = 0;
  *value = strtoll(text.c_str(), &end, 8);
  return errno == 0 && *end == '\0';
}

Result ReadNumber(const Directive& directive, const std::string& text, int64_t* value) {
  switch (directive.kind) {
    case Kind::kMemory:
    case Kind::kMemoryOrPercent: {
      const auto bytes = ParseMemory(text);
      if (bytes && (directive.Has(kUnsigned) || *bytes <= INT64_MAX)) {
        *value = static_cast<int64_t>(*bytes);
        return Result::Ok();
      }
      if (directive.kind == Kind::kMemory) {
        return Result::Error(bytes ? BoundsText(directive) : "argument must be a memory value");
      }
      const std::string_view digits = std::string_view(text).substr(0, text.empty() ? 0 : text.size() - 1);
      if (!text.ends_with('%') || !storage::ParseInt64(digits, value) || *value < 0) {
        return Result::Error("argument must be a memory or percent value");
      }
      *value = -*value;
      return Result::Ok();
    }
    case Kind::kOctal:
      if (ParseOctal(text, value)) return Result::Ok();
      return Result::Error("argument couldn't be parsed as an octal number");
    default:
      if (storage::ParseInt64(text, value)) return Result::Ok();
      return Result::Error("argument couldn't be parsed into an integer");
  }
}

Result CheckBounds(const Directive& directive, int64_t value) {
  if (directive.Has(kUnsigned)) {
    const auto low = static_cast<uint64_t>(directive.low);
    const auto high = static_cast<uint64_t>(directive.high);
    const auto number = static_cast<uint64_t>(value);
    if (number >= low && number <= high) return Result::Ok();
    if (directive.kind == Kind::kOctal) {
      return Result::Error(fmt::format("argument must be between {:o} and {:o} inclusive", low, high));
    }
    return Result::Error(fmt::format("argument must be between {} and {} inclusive", low, high));
  }
  if (directive.kind == Kind::kMemoryOrPercent && value < 0) {
    if (value >= directive.low) return Result::Ok();
    return Result::Error(fmt::format("percentage argument must be less or equal to {}", -directive.low));
  }
  if (value >= directive.low && value <= directive.high) return Result::Ok();
  return Result::Error(BoundsText(directive));
}

Result ParseChoices(const Directive& directive, const std::vector<std::string>& words, int64_t* value) {
  *value = 0;
  for (const std::string& word : words) {
    const Choice* choice = FindChoice(directive, word);
    if (choice == nullptr) return Result::Error(AllowedChoices(directive));
    *value |= choice->value;
  }
  return words.empty() ? Result::Error(AllowedChoices(directive)) : Result::Ok();
}

std::string FormatChoices(const Directive& directive, int64_t value) {
  std::string text;
  for (const Choice& choice : directive.choices) {
    if (choice.value == 0 ? value != 0 : (value & choice.value) == 0) continue;
    if (!text.empty()) text += ' ';
    text += choice.name;
  }
  return text;
}

}  // namespace

std::optional<uint64_t> ParseMemory(std::string_view text) {
  size_t digits = 0;
  while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') ++digits;
  const std::string unit = storage::LowerCase(text.substr(digits));
  uint64_t factor = 1;
  if (unit == "k") {
    factor = 1000;
  } else if (unit == "kb") {
    factor = 1024;
  } else if (unit == "m") {
    factor = 1000 * 1000;
  } else if (unit == "mb") {
    factor = 1024 * 1024;
  } else if (unit == "g") {
    factor = 1000ull * 1000 * 1000;
  } else if (unit == "gb") {
    factor = 1024ull * 1024 * 1024;
  } else if (!unit.empty() && unit != "b") {
    return std::nullopt;
  }
  uint64_t bytes = 0;
  for (size_t i = 0; i < digits; ++i) {
    if (__builtin_mul_overflow(bytes, 10, &bytes)) return std::nullopt;
    if (__builtin_add_overflow(bytes, static_cast<uint64_t>(text[i] - '0'), &bytes)) return std::nullopt;
  }
  if (__builtin_mul_overflow(bytes, factor, &bytes)) return std::nullopt;
  return bytes;
}

std::string ShortMemory(uint64_t bytes) {
  constexpr uint64_t kKilo = 1024;
  if (bytes != 0 && bytes % (kKilo * kKilo * kKilo) == 0)
    return fmt::format("{}gb", bytes / (kKilo * kKilo * kKilo));
  if (bytes != 0 && bytes % (kKilo * kKilo) == 0) return fmt::format("{}mb", bytes / (kKilo * kKilo));
  if (bytes != 0 && bytes % kKilo == 0) return fmt::format("{}kb", bytes / kKilo);
  return fmt::format("{}", bytes);
}

Result ParseNumber(const Directive& directive, const std::vector<std::string>& words, int64_t* value) {
  if (directive.kind == Kind::kChoices) return ParseChoices(directive, words, value);
  const std::string& text = words[0];
  if (directive.kind == Kind::kYesNo) {
    *value = storage::EqualInAnyCase(text, "yes") ? 1 : 0;
    if (*value == 0 && !storage::EqualInAnyCase(text, "no"))
      return Result::Error("argument must be 'yes' or 'no'");
    return Result::Ok();
  }
  if (directive.kind == Kind::kChoice) {
    const Choice* choice = FindChoice(directive, text);
    if (choice == nullptr) return Result::Error(AllowedChoices(directive));
    *value = choice->value;
    return Result::Ok();
  }
  if (Result read = ReadNumber(directive, text, value); !read) return read;
  return CheckBounds(directive, *value);
}

std::string FormatNumber(const Directive& directive, int64_t value) {
  switch (directive.kind) {
    case Kind::kYesNo:
      return value != 0 ? "yes" : "no";
    case Kind::kMemory:
      return fmt::format("{}", static_cast<uint64_t>(value));
    case Kind::kMemoryOrPercent:
      return value < 0 ? fmt::format("{}%", -value) : fmt::format("{}", value);
    case Kind::kOctal:
      return fmt::format("{:o}", value);
    case Kind::kChoice:
      for (const Choice& choice : directive.choices) {
        if (choice.value == value) return std::string(choice.name);
      }
      return "unknown";
    case Kind::kChoices:
      return FormatChoices(directive, value);
    default:
      return fmt::format("{}", value);
  }
}

}  // namespace corral::config
