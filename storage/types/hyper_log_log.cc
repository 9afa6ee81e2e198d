#include "storage/types/hyper_log_log.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace corral::storage {
namespace {

constexpr unsigned kIndexBits = 14;
constexpr unsigned kHashBits = 64 - kIndexBits;  // 50: the longest run of zeros
constexpr unsigned kMaxShortZeros = 64;
constexpr unsigned kMaxValueRun = 4;
constexpr uint8_t kMaxSparseValue = 32;
constexpr uint8_t kOutOfDate = 0x80;

uint8_t Byte(const char* at) { return static_cast<uint8_t>(*at); }

// Austin Appleby's MurmurHash2, 64 bits, with Redis's seed: the registers must be those of Redis.
uint64_t Murmur64(std::string_view text) {
  constexpr uint64_t kMultiplier = 0xc6a4a7935bd1e995;
  uint64_t hash = 0xadc83b19 ^ text.size() * kMultiplier;
  const char* at = text.data();
  size_t left = text.size();
  for (; left >= 8; at += 8, left -= 8) {
    uint64_t word;
    std::memcpy(&word, at, sizeof word);
    word *= kMultiplier;
    word ^= word >> 47;
    hash = (hash ^ word * kMultiplier) * kMultiplier;
  }
  if (left > 0) {
    uint64_t word = 0;
    std::memcpy(&word, at, left);
    hash = (hash ^ word) * kMultiplier;
  }
  hash = (hash ^ hash >> 47) * kMultiplier;
  return hash ^ hash >> 47;
}

uint8_t DenseRegister(const char* registers, unsigned index) {
  const unsigned bit = index * 6;
  const char* at = registers + bit / 8;
  const unsigned shift = bit % 8;
  unsigned bits = Byte(at) >> shift;
  if (shift > 2) bits |= static_cast<unsigned>(Byte(at + 1)) << (8 - shift);
  return bits & 0x3f;
}

void SetDenseRegister(char* registers, unsigned index, uint8_t value) {
  const unsigned bit = index * 6;
  char* at = registers + bit / 8;
  const unsigned shift = bit % 8;
  at[0] = static_cast<char>((Byte(at) & ~(0x3fu << shift)) | static_cast<unsigned>(value) << shift);
  if (shift > 2) {
    at[1] = static_cast<char>((Byte(at + 1) & ~(0x3fu >> (8 - shift))) | value >> (8 - shift));
  }
}

// One run of a sparse HyperLogLog.
struct Run {
  uint8_t value = 0;
  unsigned length = 0;
  unsigned bytes = 1;
};

// False at a run that is cut off.
bool ReadRun(const char* at, const char* end, Run* run) {
  const uint8_t first = Byte(at);
  if (first & 0x80) {
    *run = {static_cast<uint8_t>((first >> 2 & 0x1f) + 1), (first & 3u) + 1, 1};
  } else if (first & 0x40) {
    if (end - at < 2) return false;
    *run = {0, ((first & 0x3fu) << 8 | Byte(at + 1)) + 1, 2};
  } else {
    *run = {0, (first & 0x3fu) + 1, 1};
  }
  return true;
}

char* WriteValues(char* out, uint8_t value, unsigned length) {
  *out = static_cast<char>(0x80 | (value - 1) << 2 | (length - 1));
  return out + 1;
}

char* WriteZeros(char* out, unsigned length) {
  if (length <= kMaxShortZeros) {
    *out++ = static_cast<char>(length - 1);
  } else {
    *out++ = static_cast<char>(0x40 | (length - 1) >> 8);
    *out++ = static_cast<char>(length - 1);
  }
  return out;
}

double Tau(double x) {
  if (x == 0. || x == 1.) return 0.;
  double previous, y = 1.0, z = 1 - x;
  do {
    x = std::sqrt(x);
    previous = z;
    y *= 0.5;
    z -= std::pow(1 - x, 2) * y;
  } while (previous != z);
  return z / 3;
}

double Sigma(double x) {
  if (x == 1.) return INFINITY;
  double previous, y = 1, z = x;
  do {
    x *= x;
    previous = z;
    z += x * y;
    y += y;
  } while (previous != z);
  return z;
}

}  // namespace

bool HyperLogLog::HasHeader(std::string_view bytes) {
  if (bytes.size() < kHeaderBytes || !bytes.starts_with("HYLL")) return false;
  const uint8_t encoding = Byte(bytes.data() + 4);
  return encoding == 1 || (encoding == 0 && bytes.size() == kDenseBytes);
}

HyperLogLog::Change HyperLogLog::Add(PackedBuffer& buffer, std::string_view element,
                                     size_t sparse_max_bytes) {
  const uint64_t hash = Murmur64(element);
  const auto index = static_cast<unsigned>(hash & (kRegisters - 1));
  const uint64_t rest = hash >> kIndexBits | uint64_t{1} << kHashBits;
  return SetRegister(buffer, index, static_cast<uint8_t>(std::countr_zero(rest) + 1), sparse_max_bytes);
}

HyperLogLog::Change HyperLogLog::SetDense(PackedBuffer& buffer, unsigned index, uint8_t value) {
  char* registers = buffer.data() + kHeaderBytes;
  if (DenseRegister(registers, index) >= value) return Change::kNone;
  SetDenseRegister(registers, index, value);
  MarkChanged(buffer);
  return Change::kChanged;
}

HyperLogLog::Change HyperLogLog::SetRegister(PackedBuffer& buffer, unsigned index, uint8_t value,
                                             size_t sparse_max_bytes) {
  if (IsDense(buffer.view())) return SetDense(buffer, index, value);
  const auto promote = [&] { return MakeDense(buffer) ? SetDense(buffer, index, value) : Change::kCorrupt; };
  if (value > kMaxSparseValue) return promote();

  const char* end = buffer.data() + buffer.size();
  size_t at = kHeaderBytes, previous = kHeaderBytes;
  unsigned first = 0;  // register of the run at `at`
  Run run;
  for (;; previous = at, at += run.bytes, first += run.length) {
    if (at >= buffer.size() || !ReadRun(buffer.data() + at, end, &run)) return Change::kCorrupt;
    if (index < first + run.length) break;
  }
  if (run.value >= value) return Change::kNone;

  if (run.length == 1 && run.bytes == 1) {
    WriteValues(buffer.data() + at, value, 1);
  } else {  // the run falls apart into what is before the register, the register, and what is behind it
    char parts[5];
    char* out = parts;
    const auto write = [&](unsigned length) {
      if (length > 0) out = run.value > 0 ? WriteValues(out, run.value, length) : WriteZeros(out, length);
    };
    write(index - first);
    out = WriteValues(out, value, 1);
    write(first + run.length - 1 - index);
    const auto bytes = static_cast<size_t>(out - parts);
    if (bytes > run.bytes && buffer.size() + bytes - run.bytes > sparse_max_bytes) return promote();
    std::memcpy(buffer.Splice(at, run.bytes, bytes), parts, bytes);
  }
  JoinRuns(buffer, previous);
  MarkChanged(buffer);
  return Change::kChanged;
}

// Joins equal values beside each other among the five runs from `from` on, the only ones that a change can
// have made neighbours.
void HyperLogLog::JoinRuns(PackedBuffer& buffer, size_t from) {
  size_t at = from;
  for (int left = 5; left > 0 && at < buffer.size(); --left) {
    const char* bytes = buffer.data() + at;
    const char* end = buffer.data() + buffer.size();
    Run run, next;
    if (!ReadRun(bytes, end, &run)) return;
    if (run.value > 0 && at + 1 < buffer.size() && ReadRun(bytes + 1, end, &next) &&
        next.value == run.value && run.length + next.length <= kMaxValueRun) {
      WriteValues(buffer.Splice(at, 1, 0), run.value, run.length + next.length);
      continue;
    }
    at += run.bytes;
  }
}

bool HyperLogLog::MakeDense(PackedBuffer& buffer) {
  if (IsDense(buffer.view())) return true;
  char dense[kDenseBytes] = {};
  std::memcpy(dense, buffer.data(), kHeaderBytes);
  dense[4] = 0;
  unsigned index = 0;
  const char* end = buffer.data() + buffer.size();
  Run run;
  for (const char* at = buffer.data() + kHeaderBytes; at < end; at += run.bytes) {
    if (!ReadRun(at, end, &run) || index + run.length > kRegisters) return false;
    if (run.value > 0) {
      for (unsigned i = 0; i < run.length; ++i) SetDenseRegister(dense + kHeaderBytes, index + i, run.value);
    }
    index += run.length;
  }
  if (index != kRegisters) return false;
  std::memcpy(buffer.Splice(0, buffer.size(), kDenseBytes), dense, kDenseBytes);
  return true;
}

std::string HyperLogLog::DescribeRuns(std::string_view bytes) {
  std::string text;
  const char* end = bytes.data() + bytes.size();
  Run run;
  for (const char* at = bytes.data() + kHeaderBytes; at < end && ReadRun(at, end, &run); at += run.bytes) {
    if (!text.empty()) text += ' ';
    text += run.value > 0 ? 'v' : run.bytes == 1 ? 'z' : 'Z';
    text += ':';
    if (run.value > 0) text += std::to_string(run.value) + ',';
    text += std::to_string(run.length);
  }
  return text;
}

bool HyperLogLog::MergeInto(std::string_view bytes, Registers* registers) {
  const char* at = bytes.data() + kHeaderBytes;
  if (IsDense(bytes)) {
    for (unsigned i = 0; i < kRegisters; ++i) {
      (*registers)[i] = std::max((*registers)[i], DenseRegister(at, i));
    }
    return true;
  }
  unsigned index = 0;
  const char* end = bytes.data() + bytes.size();
  for (Run run; at < end; at += run.bytes) {
    if (!ReadRun(at, end, &run) || index + run.length > kRegisters) return false;
    for (unsigned i = 0; run.value > 0 && i < run.length; ++i) {
      (*registers)[index + i] = std::max((*registers)[index + i], run.value);
    }
    index += run.length;
  }
  return index == kRegisters;
}

uint64_t HyperLogLog::Count(const Registers& registers) {
  std::array<int, 64> histogram{};
  for (const uint8_t value : registers) ++histogram[value & 63];
  constexpr double kCount = kRegisters;
  double z = kCount * Tau((kCount - histogram[kHashBits + 1]) / kCount);
  for (unsigned value = kHashBits; value >= 1; --value) z = (z + histogram[value]) * 0.5;
  z += kCount * Sigma(histogram[0] / kCount);
  constexpr double kAlpha = 0.721347520444481703680;  // 1 / (2 ln 2)
  return static_cast<uint64_t>(std::llroundl(static_cast<long double>(kAlpha * kCount * kCount / z)));
}

bool HyperLogLog::CachedCount(std::string_view bytes, uint64_t* count) {
  if (Byte(bytes.data() + kHeaderBytes - 1) & kOutOfDate) return false;
  std::memcpy(count, bytes.data() + 8, sizeof *count);
  return true;
}

void HyperLogLog::CacheCount(PackedBuffer& buffer, uint64_t count) {
  std::memcpy(buffer.data() + 8, &count, sizeof count);
}

void HyperLogLog::MarkChanged(PackedBuffer& buffer) {
  buffer.data()[kHeaderBytes - 1] = static_cast<char>(Byte(buffer.data() + kHeaderBytes - 1) | kOutOfDate);
}

}  // namespace corral::storage
