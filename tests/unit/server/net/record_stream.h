// A stream that transforms its bytes in records and holds some of them back, as TLS will: it proves the seam.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "server/net/stream.h"

namespace corral::net {

// On the wire: first one byte, the key, from the peer; then records both ways.
//
//   | length u32 | length bytes, each xor the key |
class RecordStream final : public Stream, private StreamHandler {
 public:
  static constexpr size_t kMostInRecord = 4096;  // of those that it writes itself

  RecordStream(EventLoop& loop, int descriptor, StreamHandler& owner)
      : Stream(loop, descriptor, Transport::kUnix, *this), owner_(&owner) {}

  static std::string Seal(std::string_view bytes, char key) {
    const auto length = static_cast<uint32_t>(bytes.size());
    std::string record(sizeof length, '\0');
    std::memcpy(record.data(), &length, sizeof length);
    for (char c : bytes) record.push_back(static_cast<char>(c ^ key));
    return record;
  }

  ssize_t TryWrite(std::span<const Slice> slices) override {
    if (key_ == 0 || writing()) return 0;
    std::string bytes;
    for (const Slice& slice : slices) bytes.append(slice.data, slice.size);
    bytes.resize(std::min(bytes.size(), kMostInRecord));
    return Send(bytes) ? static_cast<ssize_t>(bytes.size()) : -1;
  }

  bool Write(std::span<const Slice> slices) override {
    for (const Slice& slice : slices) held_.append(slice.data, slice.size);
    held_bytes_ = held_.size();
    AddUnsent(held_bytes_);
    return key_ == 0 || !sealed_.empty() || SendHeld();
  }

  size_t allocated_bytes() const override {
    return sizeof(*this) + arrived_.capacity() + opened_.capacity() + sealed_.capacity() + held_.capacity();
  }

 private:
  // Of its own socket: StreamHandler.
  std::span<char> ReadBuffer(Stream&) override {
    if (HasBuffered()) return {};
    return memory_;
  }
  void OnRead(Stream&, size_t bytes) override {
    arrived_.append(memory_, bytes);
    if (key_ == 0) {
      key_ = arrived_[0];
      arrived_.erase(0, 1);
      if (held_bytes_ != 0 && !SendHeld()) return owner_->OnEnd(*this);
    }
    Open();
    Offer();
  }
  void OnEnd(Stream&) override {
    ended_ = true;
    Offer();
  }
  void OnWritten(Stream&, size_t, bool ok) override {
    sealed_.clear();
    if (ok && !held_.empty()) {
      if (SendHeld()) return;
      ok = false;
    }
    const size_t told = std::exchange(held_bytes_, 0);
    owner_->OnWritten(*this, told, ok);
    RemoveUnsent(told);
  }
  void Reread() override { Offer(); }

  // Whole records of what arrived become bytes.
  void Open() {
    uint32_t length;
    while (arrived_.size() >= sizeof length) {
      std::memcpy(&length, arrived_.data(), sizeof length);
      if (arrived_.size() < sizeof length + length) return;
      for (char c : arrived_.substr(sizeof length, length)) opened_.push_back(static_cast<char>(c ^ key_));
      arrived_.erase(0, sizeof length + length);
    }
  }

  // One read of the owner's: what it has memory for. The end comes after all bytes.
  void Offer() {
    if (!opened_.empty()) {
      const std::span<char> memory = owner_->ReadBuffer(*this);
      const size_t bytes = opened_.copy(memory.data(), memory.size());
      opened_.erase(0, bytes);
      SetHasBuffered(!opened_.empty() || ended_);
      if (bytes != 0) owner_->OnRead(*this, bytes);
    } else if (ended_) {
      SetHasBuffered(false);
      owner_->OnEnd(*this);
    }
  }

  // Sends one record. What the socket does not take is in flight, in sealed_, until it does.
  bool Send(std::string_view bytes) {
    sealed_ = Seal(bytes, key_);
    const Slice all{sealed_.data(), sealed_.size()};
    const ssize_t sent = Stream::TryWrite({&all, 1});
    if (sent < 0) return false;
    const Slice rest{sealed_.data() + sent, sealed_.size() - static_cast<size_t>(sent)};
    if (rest.size == 0) {
      sealed_.clear();
      return true;
    }
    return Stream::Write({&rest, 1});
  }

  // The next record of what Write left here. It is in flight in any case: OnWritten tells of it in a later
  // turn.
  bool SendHeld() {
    sealed_ = Seal(held_.substr(0, kMostInRecord), key_);
    held_.erase(0, kMostInRecord);
    const Slice all{sealed_.data(), sealed_.size()};
    return Stream::Write({&all, 1});
  }

  StreamHandler* owner_;
  char key_ = 0;  // 0: the peer has yet to send it
  bool ended_ = false;
  char memory_[8192];
  std::string arrived_;    // not a whole record
  std::string opened_;     // what its owner has yet to take
  std::string sealed_;     // in flight
  std::string held_;       // given to Write and not sealed yet
  size_t held_bytes_ = 0;  // given to Write
};

}  // namespace corral::net
