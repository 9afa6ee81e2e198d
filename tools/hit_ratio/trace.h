// Traces of requests to a cache: generated from a seed, or read from a file.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <new>
#include <string>
#include <vector>

namespace corral::hit_ratio {

struct Request {
  uint64_t key = 0;
  int64_t time_ms = 0;  // never decreases
  uint32_t size = 0;    // of the value, in bytes
  uint32_t ttl_ms = 0;  // of the value if it is stored now; 0: none
};

// Straight from the system: the storage code limits what the allocator holds, and the trace must not count.
template <class T>
struct PageAllocator {
  using value_type = T;
  PageAllocator() = default;
  template <class U>
  PageAllocator(const PageAllocator<U>&) {}
  T* allocate(size_t n) {
    void* pages = mmap(nullptr, n * sizeof(T), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) throw std::bad_alloc();
    return static_cast<T*>(pages);
  }
  void deallocate(T* pages, size_t n) { munmap(pages, n * sizeof(T)); }
  bool operator==(const PageAllocator&) const = default;
};

struct Trace {
  std::string name;
  std::vector<Request, PageAllocator<Request>> requests;
};

struct TraceKind {
  const char* name;
  const char* description;
};
// What Generate knows.
const std::vector<TraceKind>& TraceKinds();

// `objects`: the size of the cache that it is meant for; loops and scans are sized by it. The trace asks for
// about ten times as many keys. `name` is one of TraceKinds().
Trace Generate(const std::string& name, size_t objects, size_t requests, uint64_t seed);

// Both return false and set *error when the file cannot be read or is not of that format.
// libCacheSim's oracleGeneral: records of 24 bytes, little endian: time in seconds u32, key u64, size u32,
// next use i64.
bool ReadOracleGeneral(const std::string& path, size_t max_requests, Trace* trace, std::string* error);
// A key per line, up to the first blank or comma.
bool ReadText(const std::string& path, size_t max_requests, Trace* trace, std::string* error);

}  // namespace corral::hit_ratio
