// What a keyspace should hold: plain maps, and the calls that change both sides and compare them.
#pragma once

#include <doctest/doctest.h>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "storage/base/clock.h"
#include "storage/base/random.h"
#include "storage/keyspace.h"

namespace corral::storage {

// Remembers what the engine did on its own.
class RecordingListener : public KeyspaceListener {
 public:
  void OnExpired(int database, const Key& key) override { expired.emplace_back(database, key.name); }
  void OnEvicted(int database, const Key& key) override { evicted.emplace_back(database, key.name); }

  void OnFieldExpired(int database, const Key& key, std::string_view field) override {
    expired_fields.emplace_back(database, std::string(key.name) + "." + std::string(field));
  }
  void OnFieldsExpired(int database, const Key& key, bool key_gone) override {
    shrunk.emplace_back(database, std::string(key.name) + (key_gone ? " gone" : ""));
  }

  std::vector<std::pair<int, std::string>> expired;
  std::vector<std::pair<int, std::string>> expired_fields;  // key.field
  std::vector<std::pair<int, std::string>> shrunk;          // hashes of which fields ended
  std::vector<std::pair<int, std::string>> evicted;
};

class KeyspaceModel {
 public:
  struct Entry {
    std::string text;
    int64_t expire_at_ms = kNoExpiry;
  };
  using Keys = std::unordered_map<std::string, Entry>;

  explicit KeyspaceModel(int databases) : databases_(static_cast<size_t>(databases)) {}

  // The live entry, or null; an expired one is dropped.
  Entry* Find(int database, const std::string& key, int64_t now_ms) {
    Keys& keys = databases_[static_cast<size_t>(database)];
    const auto found = keys.find(key);
    if (found == keys.end()) return nullptr;
    if (found->second.expire_at_ms != kNoExpiry && found->second.expire_at_ms < now_ms) {
      keys.erase(found);
      return nullptr;
    }
    return &found->second;
  }
  Keys& keys(int database) { return databases_[static_cast<size_t>(database)]; }
  void DropExpired(int64_t now_ms) {
    for (Keys& keys : databases_) {
      std::erase_if(keys, [&](const auto& entry) {
        return entry.second.expire_at_ms != kNoExpiry && entry.second.expire_at_ms < now_ms;
      });
    }
  }

 private:
  std::vector<Keys> databases_;
};

}  // namespace corral::storage
