// The replies of one connection that its socket has not taken yet: pooled chunks and references to big
// buffers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "protocol/reply_writer.h"
#include "server/net/slice.h"
#include "storage/base/shared_bytes.h"
#include "storage/lazy_free.h"

namespace corral::client {

// Free chunks of one worker, so that a connection holds a chunk only while it has replies to send.
class ChunkPool {
 public:
  static constexpr size_t kChunkBytes = 16 * 1024;
  static constexpr size_t kKeptChunks = 64;

  // With `lazy_free`, what is slow to free goes there.
  explicit ChunkPool(storage::LazyFree* lazy_free = nullptr) : lazy_free_(lazy_free) {}
  ~ChunkPool();
  ChunkPool(const ChunkPool&) = delete;
  ChunkPool& operator=(const ChunkPool&) = delete;

  char* Take();
  void Give(char* chunk);
  // Frees what is kept for later.
  void Trim();
  storage::LazyFree* lazy_free() const { return lazy_free_; }

 private:
  storage::LazyFree* lazy_free_;
  std::vector<char*> free_;
};

// A queue of byte ranges: written at the tail through ReplySink's window, sent from the head. Owned by the
// connection's worker. Bytes never move, so a write in flight may point at them.
//
//   pieces_:  [range of chunk A][shared buffer][rest of chunk A, owns A] ...  then the window, in chunk B
//   chunk B:  | sent or sealed | window_begin_ ... unsent ... pos_ | free ... end_ |
//
// Invariants: window_begin_ <= pos_ <= end_ lie in open_chunk_, all null without one; a chunk is owned by
// open_chunk_ or by the last piece that points into it.
class OutputBuffer final : public protocol::ReplySink {
 public:
  // Shared buffers up to this size are copied: cheaper than a piece of their own in the write.
  static constexpr size_t kCopiedBytes = 8 * 1024;
  // Pieces from which on small common bytes are copied into a chunk.
  static constexpr size_t kCommonPieces = 8;
  // As many as an idle connection keeps room for.
  static constexpr size_t kKeptPieces = 16;
  // Unsent pieces that are not freed on the connection's own thread when it ends.
  static constexpr size_t kManyPieces = 256;

  explicit OutputBuffer(ChunkPool& pool) : pool_(&pool) {}
  ~OutputBuffer() override;
  OutputBuffer(const OutputBuffer&) = delete;
  OutputBuffer& operator=(const OutputBuffer&) = delete;

  void AppendShared(const storage::SharedBytes& bytes) override;
  // For bytes that many connections get at once: a few are referenced whatever their size, for a chunk in
  // each connection costs more than the bytes.
  void AppendCommon(const storage::SharedBytes& bytes);

  bool empty() const { return pending_bytes() == 0; }
  size_t pending_bytes() const { return sealed_bytes_ + InWindow(); }
  size_t pieces() const { return pieces_.size() - head_; }
  // Heap memory held for what is pending; shared buffers count in full, as Redis counts its reply list.
  size_t allocated_bytes() const;
  // The same without the shared buffers: what goes when the connection does.
  size_t own_bytes() const;
  // Calls `visit(bytes)` with each shared buffer that is not sent to its end.
  template <class Visit>
  void ForEachShared(Visit visit) const {
    for (size_t i = head_; i < pieces_.size(); ++i) {
      if (pieces_[i].shared) visit(pieces_[i].shared);
    }
  }

  // What lies behind a mark can be taken back while nothing of it was gathered (CLIENT REPLY OFF and SKIP);
  // its memory is given back as well.
  uint64_t mark() const { return sealed_total_ + InWindow(); }
  void TruncateTo(uint64_t mark);

  // At most `slices.size()` ranges from the head, for one write; returns how many.
  size_t Gather(std::span<net::Slice> slices) const;
  // `bytes` from the head are sent; frees what is empty.
  void Consume(size_t bytes);

  void CheckInvariants() const;

 protected:
  void NextWindow() override;

 private:
  struct Piece {
    char* chunk = nullptr;  // owned
    storage::SharedBytes shared;
    const char* begin = nullptr;
    const char* end = nullptr;
  };
  size_t InWindow() const { return static_cast<size_t>(pos_ - window_begin_); }
  // Turns the window's bytes into a piece; with `close` the piece takes the chunk over.
  void Seal(bool close);
  void AddShared(const storage::SharedBytes& bytes);
  void Free(Piece& piece);
  void DropLast();       // the last piece, of which nothing is left
  void ReleasePieces();  // when all are sent or dropped
  void ReleaseWindow();  // when nothing is in it and no piece lies in its chunk
  struct PieceGarbage;

  ChunkPool* pool_;
  std::vector<Piece> pieces_;
  size_t head_ = 0;  // pieces before it are sent
  char* open_chunk_ = nullptr;
  char* window_begin_ = nullptr;
  size_t sealed_bytes_ = 0;    // unsent bytes in pieces
  uint64_t sealed_total_ = 0;  // bytes ever sealed or sent from the window
};

}  // namespace corral::client
