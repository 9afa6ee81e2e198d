#include "tools/load_generator/request_writer.h"

#include <array>
#include <cstring>

#include <fmt/format.h>

namespace corral::load_generator {
namespace {

constexpr auto kTwoDigits = [] {
  std::array<char, 200> digits{};
  for (int number = 0; number < 100; ++number) {
    digits[2 * number] = static_cast<char>('0' + number / 10);
    digits[2 * number + 1] = static_cast<char>('0' + number % 10);
  }
  return digits;
}();

void AppendDecimal(std::uint64_t number, std::string* out) {
  const fmt::format_int text(number);
  out->append(text.data(), text.size());
}

}  // namespace

RequestWriter::RequestWriter(const Options& options)
    : protocol_(options.protocol),
      random_(options.seed),
      distribution_(options.keys, options.skew),
      sizes_(options.values),
      mix_(options.mix),
      mget_keys_(options.mget_keys),
      key_text_(options.key_bytes, '0'),
      key_digits_(fmt::formatted_size("{}", options.keys - 1)) {
  const std::string_view prefix = "key:";
  key_text_.replace(0, std::min(prefix.size(), key_text_.size()), prefix.substr(0, key_text_.size()));
  for (std::size_t part = 1; part < mix_.size(); ++part) mix_[part].weight += mix_[part - 1].weight;
  Random letters(options.seed);
  for (std::uint64_t byte = 0; byte < sizes_.Largest(); ++byte) {
    value_bytes_ += static_cast<char>('a' + letters.Below(26));
  }
  if (protocol_ == Protocol::kResp) {
    const std::string key_header = fmt::format("${}\r\n", options.key_bytes);
    const fmt::format_int ttl(options.ttl_seconds);
    before_get_ = "*2\r\n$3\r\nGET\r\n" + key_header;
    before_get_lease_ = "*2\r\n$8\r\nGETLEASE\r\n" + key_header;
    after_get_ = "\r\n";
    before_mget_ = fmt::format("*{}\r\n$4\r\nMGET\r\n", mget_keys_ + 1);
    before_mget_key_ = key_header;
    after_mget_key_ = "\r\n";
    before_set_[0] = "*3\r\n$3\r\nSET\r\n" + key_header;
    before_set_[1] = "*5\r\n$3\r\nSET\r\n" + key_header;
    before_size_[0] = before_size_[1] = "\r\n$";
    after_value_[0] = "\r\n";
    after_value_[1] = fmt::format("\r\n$2\r\nEX\r\n${}\r\n{}\r\n", ttl.size(), ttl.c_str());
  } else {
    before_get_ = "get ";
    after_get_ = "\r\n";
    before_mget_ = "get";
    before_mget_key_ = " ";
    before_set_[0] = before_set_[1] = "set ";
    before_size_[0] = " 0 0 ";
    before_size_[1] = fmt::format(" 0 {} ", options.ttl_seconds);
    after_value_[0] = after_value_[1] = "\r\n";
  }
}

Operation RequestWriter::AppendNext(std::string* out) {
  const MixPart* part = mix_.data();
  if (mix_.size() > 1) {
    const std::uint64_t pick = random_.Below(mix_.back().weight);
    while (pick >= part->weight) ++part;
  }
  switch (part->kind) {
    case OperationKind::kGet:
    case OperationKind::kGetLease:
      return AppendGet(part->kind, out);
    case OperationKind::kMget:
      return AppendMget(out);
    case OperationKind::kSet:
    case OperationKind::kSetEx:
      break;
  }
  return AppendSet(part->kind, distribution_.Next(random_), out);
}

Operation RequestWriter::AppendGet(OperationKind kind, std::string* out) {
  const std::string& before = kind == OperationKind::kGetLease ? before_get_lease_ : before_get_;
  out->append(before).append(KeyText(distribution_.Next(random_))).append(after_get_);
  return {kind, 1};
}

Operation RequestWriter::AppendMget(std::string* out) {
  out->append(before_mget_);
  for (std::uint64_t key = 0; key < mget_keys_; ++key) {
    out->append(before_mget_key_).append(KeyText(distribution_.Next(random_))).append(after_mget_key_);
  }
  if (protocol_ == Protocol::kMemcached) out->append("\r\n");
  return {OperationKind::kMget, static_cast<std::uint32_t>(mget_keys_)};
}

Operation RequestWriter::AppendSet(OperationKind kind, std::uint64_t key, std::string* out) {
  const int variant = kind == OperationKind::kSetEx ? 1 : 0;
  const std::uint64_t size = sizes_.Next(random_);
  out->append(before_set_[variant]).append(KeyText(key)).append(before_size_[variant]);
  AppendDecimal(size, out);
  out->append("\r\n").append(value_bytes_, 0, size).append(after_value_[variant]);
  return {kind, 1};
}

std::string_view RequestWriter::KeyText(std::uint64_t key) {
  char* end = key_text_.data() + key_text_.size();
  std::size_t digits = key_digits_;
  for (; digits >= 2; digits -= 2, key /= 100) {
    end -= 2;
    std::memcpy(end, &kTwoDigits[2 * (key % 100)], 2);
  }
  if (digits == 1) *--end = static_cast<char>('0' + key);
  return key_text_;
}

}  // namespace corral::load_generator
