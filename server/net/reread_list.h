// The streams of one loop that hold bytes for their handlers, which no event of the kernel announces.
#pragma once

#include <cstddef>
#include <vector>

namespace corral::net {

class Stream;

// Belongs to the loop's thread. Each stream is in it once. Adding and removing take constant time, a turn
// time linear in the streams that are in it. Always empty as long as all streams are plain sockets.
class RereadList {
 public:
  bool empty() const { return streams_.empty(); }
  void Add(Stream& stream);     // nothing when it is there
  void Remove(Stream& stream);  // nothing when it is not

  // Before the loop polls: those in the list have their turn after the poll. Whoever comes in during the
  // poll has been read in this turn and waits for the next.
  void BeginTurn() { due_ = streams_.size(); }
  // Asks those whose turn it is to offer their bytes. They may close each other meanwhile; those that still
  // hold bytes stay, behind the others.
  void Run();

 private:
  std::vector<Stream*> streams_;  // null: removed; a stream knows its place
  size_t due_ = 0;
};

}  // namespace corral::net
