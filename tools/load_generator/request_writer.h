// Renders the requests of a load, in RESP or memcached's text protocol.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tools/load_generator/key_distribution.h"
#include "tools/load_generator/options.h"
#include "tools/load_generator/random.h"

namespace corral::load_generator {

// What a request was, for judging its reply.
struct Operation {
  OperationKind kind;
  std::uint32_t keys;  // asked for or written
};

// Everything that does not differ between two requests is rendered once. Deterministic from the options'
// seed.
class RequestWriter {
 public:
  explicit RequestWriter(const Options& options);

  // Appends the next request of the mix.
  Operation AppendNext(std::string* out);

  // Appends a SET of the given key with a value of the mix's next size; `out` grows by at most
  // the largest value plus 600 bytes.
  Operation AppendSet(std::uint64_t key, std::string* out) {
    return AppendSet(OperationKind::kSet, key, out);
  }

 private:
  Operation AppendGet(OperationKind kind, std::string* out);
  Operation AppendMget(std::string* out);
  Operation AppendSet(OperationKind kind, std::uint64_t key, std::string* out);
  std::string_view KeyText(std::uint64_t key);

  Protocol protocol_;
  Random random_;
  KeyDistribution distribution_;
  ValueSizes sizes_;
  std::vector<MixPart> mix_;  // weights summed up to and including each part
  std::uint64_t mget_keys_;
  std::string key_text_;  // the key last rendered; its last key_digits_ bytes change
  std::size_t key_digits_;
  std::string value_bytes_;  // random letters, as long as the largest value
  std::string before_get_;
  std::string before_get_lease_;
  std::string after_get_;  // of both
  std::string before_mget_;
  std::string before_mget_key_;
  std::string after_mget_key_;
  std::string before_set_[2];  // SET and SET EX
  std::string before_size_[2];
  std::string after_value_[2];
};

}  // namespace corral::load_generator
