#include "storage/types/set_object.h"

#include "storage/base/hash_index_impl.h"
#include "storage/base/invariant.h"

namespace corral::storage {

template class HashIndex<MemberEntries>;

namespace {

bool FitsSlot(int64_t integer) {
  return integer >= MemberEntries::kMinInteger && integer <= MemberEntries::kMaxInteger;
}

}  // namespace

void MemberEntries::CheckInvariants(Slot slot) const {
  int64_t integer;
  Require(slot.is_integer() || !ParseInt64(slot.member()->text(), &integer) || !FitsSlot(integer),
          "set object: a small integer lies outside its slot");
}

MemberEntries::Key SetObject::KeyOf(std::string_view text) const {
  MemberEntries::Key key{.text = text, .hash = members_.Hash(text), .integer = 0, .is_integer = false};
  key.is_integer = ParseInt64(text, &key.integer) && FitsSlot(key.integer);
  return key;
}

MemberEntries::Key SetObject::KeyOf(const Member& member, IntegerText& scratch) const {
  if (!member.is_integer) return KeyOf(member.text);
  const std::string_view text = member.Text(scratch);
  return {text, members_.Hash(text), member.integer, FitsSlot(member.integer)};
}

bool SetObject::Add(const MemberEntries::Key& key) {
  if (members_.Find(key)) return false;
  if (key.is_integer) {
    members_.Insert(key.hash, {key.integer, key.hash});
  } else {
    members_.Insert(key.hash, {SetMember::Create(key.text), key.hash});
    ++outside_;
  }
  return true;
}

bool SetObject::Erase(std::string_view text) {
  const MemberEntries::Key key = KeyOf(text);
  const auto position = members_.Find(key);
  if (!position) return false;
  outside_ -= !key.is_integer;
  members_.Erase(key.hash, position);
  return true;
}

SetObject::Member SetObject::RandomMember(Random& random) const {
  return members_.RandomPosition(random)->element();
}

std::unique_ptr<Object> SetObject::Clone() const {
  auto clone = std::make_unique<SetObject>();
  ForEach([&](const Member& member) { clone->Add(member); });
  return clone;
}

void SetObject::Save(ValueSink& sink) const {
  ForEach([&](const Member& member) {
    IntegerText scratch;
    const std::string_view text = member.Text(scratch);
    sink.Element({&text, 1});
  });
}

void SetObject::CheckInvariants() const {
  members_.CheckInvariants();
  size_t outside = 0;
  ForEach([&](const Member& member) { outside += !member.is_integer; });
  Require(outside == outside_, "set object: the number of members outside is wrong");
}

}  // namespace corral::storage
