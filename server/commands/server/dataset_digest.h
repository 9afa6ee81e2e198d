// DEBUG DIGEST: a fingerprint of keys and values that is the same for the same data, as Redis computes it.
#pragma once

#include "server/commands/server/sha1.h"
#include "storage/keyspace.h"

namespace corral::commands {

// Of a value with its expiry (whether there is one, not when); all zeros for an absent key.
Sha1Digest DigestOfValue(const storage::Record* record);

// Of all databases. The caller holds the gate as writer.
Sha1Digest DigestOfDataset(storage::Keyspace& keyspace, int64_t now_ms);

}  // namespace corral::commands
