// What a command sees of one database: lookups, writes, expiry, iteration; exact to the millisecond it was
// made for.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "storage/key.h"
#include "storage/record.h"

namespace corral::storage {

class Keyspace;
class OpenValue;
class Shard;
class Table;

// How the memory of a value that goes away is given back: here, or on the background thread when it is large.
enum class Reclaim : uint8_t { kNow, kInBackground };

struct PutOptions {
  int64_t expire_at_ms = kNoExpiry;
  bool keep_expiry = false;  // KEEPTTL: the present expiry stays; expire_at_ms is ignored when one is present
  bool try_integer =
      true;          // store canonical int64 text as an integer, as SET does; APPEND's result stays raw
  bool raw = false;  // force Encoding::kRaw for OBJECT ENCODING (results of APPEND, SETRANGE)
  int64_t fresh_until_ms = kAlwaysFresh;  // with keep_expiry the present one stays
  uint32_t cost_us = 0;                   // the same
};

// A cheap value: made for one command at `now_ms`. Every call that names a key requires the lock of that
// key's shard (dispatch holds it). An expired key behaves as absent; calls that meet one remove it and tell
// the listener.
class Database {
 public:
  // Without `writes_touch` (CLIENT NO-TOUCH) a write to a key that is there does not mark it as used.
  Database(Keyspace& keyspace, int index, int64_t now_ms, bool writes_touch = true);

  int index() const { return index_; }
  int64_t now_ms() const { return now_ms_; }

  // Read access: counts a hit or a miss and marks the key as used; without `touch` (CLIENT NO-TOUCH, and
  // commands that look at a key and not at its value) it only counts.
  const Record* Find(const Key& key, bool touch = true);
  // Looks without counting or marking (DEBUG, existence checks of writers).
  const Record* Peek(const Key& key);
  // As Find, without counting: writers that read.
  const Record* FindQuietly(const Key& key, bool touch = true);

  // Creates or replaces. True when the key was new.
  bool PutString(const Key& key, std::string_view value, const PutOptions& options = {});
  // The same for a buffer that the caller gives away (big SET arguments arrive in one).
  bool PutString(const Key& key, SharedBytes value, const PutOptions& options = {});
  // Makes the string `size` bytes long (absent: created; new bytes are zero; integers become text; the
  // encoding becomes raw, the expiry stays) and returns its writable bytes, valid until the next call on this
  // database.
  char* ResizeString(const Key& key, size_t size);

  // The same for any other value, which must have an element. To change one that is there: OpenValue.
  bool PutValue(const Key& key, DetachedValue&& value, const PutOptions& options = {},
                Reclaim reclaim = Reclaim::kNow);

  // Before a command that writes takes the fields of an open hash for what they are: removes those named that
  // have ended, as expiry would have done, and tells the listener. `stride`: every so many-th is a name. An
  // empty hash may remain.
  void ExpireFields(const Key& key, OpenValue& hash, std::span<const std::string_view> fields,
                    size_t stride = 1);

  bool Erase(const Key& key, Reclaim reclaim = Reclaim::kNow);
  // The key must be live. kNoExpiry takes the expiry away.
  void SetExpiry(const Key& key, int64_t expire_at_ms);
  // SOFTDEL: the live key is stale from now on, if it is not already.
  void MakeStale(const Key& key);
  // Moves (or copies) value and lifetime of the live key `from` to `to` in database `target` (replacing what
  // is there); both shards are locked. RENAME, MOVE, COPY.
  void Transfer(const Key& from, Database& target, const Key& to, bool keep_source, Reclaim reclaim);

  // OBJECT IDLETIME in seconds, OBJECT FREQ; the key must be live.
  int64_t IdleSeconds(const Key& key);
  int Frequency(const Key& key);
  // RESTORE: the live key counts as last used so long ago, or as used so often, as near as the clock of uses
  // can say it (RecencyClock). The eviction policy asks for one of them, and the other does nothing.
  void SetIdleSeconds(const Key& key, int64_t idle_s);
  void SetFrequency(const Key& key, int frequency);

  // Of the first `most_keys` keys that a walk meets, those with an expiry that live and those whose time is
  // over. Locks each shard itself.
  struct ExpirySample {
    size_t live = 0, stale = 0;
  };
  ExpirySample SampleExpiry(size_t most_keys);

  // Visits whole buckets from `cursor` until at least `count` live keys were seen; returns the next cursor, 0
  // at the end. A key present for a whole scan is visited at least once, whatever grows or shrinks meanwhile.
  // Locks each shard itself. `visit` must not change the database.
  uint64_t Scan(uint64_t cursor, size_t count, const std::function<void(const Record&)>& visit);
  // Every live key; the caller holds all shards still (the gate as writer, or threads 1).
  void ForEach(const std::function<void(const Record&)>& visit);
  // A random live key's name (copied), or empty when there is none. Locks shards itself.
  bool RandomKey(std::string* name);

  size_t size() const;                 // keys, expired ones that nobody met yet included (DBSIZE)
  size_t expiring_size() const;        // keys with an expiry
  size_t value_expiring_size() const;  // keys with a value of which parts have one (fields of a hash)

 private:
  friend class OpenValue;
  // Of a key that is there and live; an expired one is removed on the way.
  struct Place;
  // A reader leaves an expired key where it is while expiry rests.
  enum class Expired : uint8_t { kRemoved, kMayStay };
  Place Locate(const Key& key, Expired expired = Expired::kRemoved) const;
  bool Store(const Key& key, Record::Value value, const PutOptions& options, Reclaim reclaim);
  void Insert(const Key& key, Shard& shard, Record* record, const Deadlines& deadlines);

  // ---- For OpenValue, of values that are no strings; the first four return the key's record. While a value
  // is open, the table knows the deadline that it had before. ----

  Record* Open(const Key& key);  // null: absent
  Record* Replace(const Key& key, Record::Value value);
  Record* CreatePacked(const Key& key, PackedForm form, size_t size);  // the key must be absent
  Record* ResizePacked(const Key& key, Record* record, size_t size);
  void CountWritten(const Key& key, size_t bytes);
  void ValueDeadlineMoved(const Key& key, int64_t before_ms);

  bool RandomKeyOf(Shard& shard, std::string* name) const;
  size_t SumOfTables(size_t (Table::*size)() const) const;

  Keyspace* keyspace_;
  int index_;
  int64_t now_ms_;
  bool writes_touch_;
};

}  // namespace corral::storage
