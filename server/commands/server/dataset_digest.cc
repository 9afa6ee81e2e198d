// Two ways to take bytes into a digest: Xor where order must not count, Mix where it must.
#include "server/commands/server/dataset_digest.h"

#include <span>
#include <string_view>

namespace corral::commands {
namespace {

void Xor(std::string_view bytes, Sha1Digest* digest) {
  const Sha1Digest hash = Sha1(bytes);
  for (size_t i = 0; i < hash.size(); ++i) (*digest)[i] ^= hash[i];
}

std::string_view Bytes(const Sha1Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

void Mix(std::string_view bytes, Sha1Digest* digest) {
  Xor(bytes, digest);
  *digest = Sha1(Bytes(*digest));
}

void MixNumber(uint32_t number, Sha1Digest* digest) {
  const char big_endian[] = {static_cast<char>(number >> 24), static_cast<char>(number >> 16),
                             static_cast<char>(number >> 8), static_cast<char>(number)};
  Mix({big_endian, sizeof(big_endian)}, digest);
}

// Where the type keeps an order, it counts; otherwise each element is digested by itself.
class ElementDigest final : public storage::ValueSink {
 public:
  ElementDigest(storage::ValueType type, Sha1Digest* digest)
      : type_(type),
        ordered_(type == storage::ValueType::kList || type == storage::ValueType::kStream),
        digest_(digest) {}
  void Element(std::span<const std::string_view> parts) override {
    if (!ordered_ && parts.size() == 1) return Xor(parts[0], digest_);
    Sha1Digest alone{};
    const bool expires = type_ == storage::ValueType::kHash && parts.size() == 3;
    for (const std::string_view part : expires ? parts.first(2) : parts)
      Mix(part, ordered_ ? digest_ : &alone);
    if (expires) Xor("!!hexpire!!", &alone);  // as with keys: that it ends counts, and not when
    if (!ordered_) Xor(Bytes(alone), digest_);
  }

 private:
  storage::ValueType type_;
  bool ordered_;
  Sha1Digest* digest_;
};

void MixValue(const storage::Record& record, Sha1Digest* digest) {
  MixNumber(static_cast<uint32_t>(record.type()), digest);
  if (!record.is_string()) {
    ElementDigest elements(record.type(), digest);
    record.value().Save(elements);
  } else {
    storage::IntegerText scratch;
    Mix(record.String(scratch), digest);
  }
  if (record.expire_at_ms() != storage::kNoExpiry) Xor("!!expire!!", digest);
}

}  // namespace

Sha1Digest DigestOfValue(const storage::Record* record) {
  Sha1Digest digest{};
  if (record != nullptr) MixValue(*record, &digest);
  return digest;
}

Sha1Digest DigestOfDataset(storage::Keyspace& keyspace, int64_t now_ms) {
  Sha1Digest all{};
  for (int i = 0; i < keyspace.databases(); ++i) {
    storage::Database database = keyspace.database(i, now_ms);
    if (database.size() == 0) continue;
    MixNumber(static_cast<uint32_t>(i), &all);
    database.ForEach([&](const storage::Record& record) {
      Sha1Digest digest{};
      Mix(record.key(), &digest);
      MixValue(record, &digest);
      Xor(Bytes(digest), &all);
    });
  }
  return all;
}

}  // namespace corral::commands
