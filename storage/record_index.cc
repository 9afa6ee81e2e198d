#include "storage/record_index.h"

#include "storage/base/hash_index_impl.h"
#include "storage/base/invariant.h"

namespace corral::storage {

template class HashIndex<RecordEntries>;

void RecordEntries::CheckInvariants(Slot slot) const {
  const Record& record = *slot.record();
  record.CheckInvariants();
  Require(slot.expires() == record.expires(), "record index: an expiry bit differs from its record");
  Require(slot.value_expires() == (record.deadlines().value_ms != kNoExpiry),
          "record index: the bit of a value that expires differs from its record");
}

}  // namespace corral::storage
