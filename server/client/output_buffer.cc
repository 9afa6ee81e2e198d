// Chunks, pieces and the window into the last chunk.
#include "server/client/output_buffer.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <utility>

#include "storage/base/capacity.h"
#include "storage/base/out_of_memory.h"

namespace corral::client {

ChunkPool::~ChunkPool() { Trim(); }

void ChunkPool::Trim() {
  for (char* chunk : free_) std::free(chunk);
  free_.clear();
}

char* ChunkPool::Take() {
  if (free_.empty()) return static_cast<char*>(storage::Allocated(std::malloc(kChunkBytes), kChunkBytes));
  char* chunk = free_.back();
  free_.pop_back();
  return chunk;
}

void ChunkPool::Give(char* chunk) {
  if (free_.size() < kKeptChunks) {
    free_.push_back(chunk);
  } else {
    std::free(chunk);
  }
}

// The replies that a connection never read.
struct OutputBuffer::PieceGarbage final : storage::Garbage {
  explicit PieceGarbage(std::vector<Piece> unsent) : pieces(std::move(unsent)) {}
  ~PieceGarbage() override {
    for (const Piece& piece : pieces) std::free(piece.chunk);
  }
  std::vector<Piece> pieces;
};

OutputBuffer::~OutputBuffer() {
  if (open_chunk_) pool_->Give(open_chunk_);
  if (pieces() >= kManyPieces && pool_->lazy_free() != nullptr) {
    pool_->lazy_free()->Submit(std::make_unique<PieceGarbage>(std::move(pieces_)));
    return;
  }
  for (Piece& piece : pieces_) Free(piece);
}

void OutputBuffer::Free(Piece& piece) {
  if (piece.chunk) pool_->Give(std::exchange(piece.chunk, nullptr));
  if (pool_->lazy_free() != nullptr) {
    pool_->lazy_free()->Discard(std::move(piece.shared));
  } else {
    piece.shared = {};
  }
}

void OutputBuffer::Seal(bool close) {
  size_t size = InWindow();
  if (size > 0 || close) {
    Piece& piece = pieces_.emplace_back();
    piece.begin = window_begin_;
    piece.end = pos_;
    if (close) piece.chunk = open_chunk_;
  }
  sealed_bytes_ += size;
  sealed_total_ += size;
  window_begin_ = pos_;
}

void OutputBuffer::NextWindow() {
  if (open_chunk_) Seal(true);
  open_chunk_ = pool_->Take();
  window_begin_ = pos_ = open_chunk_;
  end_ = open_chunk_ + ChunkPool::kChunkBytes;
}

void OutputBuffer::AppendShared(const storage::SharedBytes& bytes) {
  if (bytes.size() <= kCopiedBytes) {
    Append(bytes.view());
  } else {
    AddShared(bytes);
  }
}

void OutputBuffer::AppendCommon(const storage::SharedBytes& bytes) {
  if (open_chunk_ == nullptr && pieces() < kCommonPieces) {
    AddShared(bytes);
  } else {
    AppendShared(bytes);
  }
}

void OutputBuffer::AddShared(const storage::SharedBytes& bytes) {
  Seal(false);
  Piece& piece = pieces_.emplace_back();
  piece.shared = bytes;
  piece.begin = bytes.data();
  piece.end = bytes.data() + bytes.size();
  sealed_bytes_ += bytes.size();
  sealed_total_ += bytes.size();
}

size_t OutputBuffer::allocated_bytes() const {
  size_t bytes = own_bytes();
  ForEachShared([&](const storage::SharedBytes& shared) { bytes += shared.allocated_bytes(); });
  return bytes;
}

size_t OutputBuffer::own_bytes() const {
  size_t bytes = open_chunk_ ? ChunkPool::kChunkBytes : 0;
  for (size_t i = head_; i < pieces_.size(); ++i) {
    if (pieces_[i].chunk) bytes += ChunkPool::kChunkBytes;
  }
  return bytes + pieces_.capacity() * sizeof(Piece);
}

void OutputBuffer::TruncateTo(uint64_t target) {
  uint64_t excess = mark() - target;
  size_t from_window = static_cast<size_t>(std::min<uint64_t>(excess, InWindow()));
  pos_ -= from_window;
  excess -= from_window;
  for (size_t i = pieces_.size(); excess > 0 && i > head_; --i) {
    Piece& piece = pieces_[i - 1];
    auto cut = std::min<uint64_t>(excess, static_cast<uint64_t>(piece.end - piece.begin));
    piece.end -= cut;
    sealed_bytes_ -= cut;
    sealed_total_ -= cut;
    excess -= cut;
  }
  while (pieces() > 0 && pieces_.back().begin == pieces_.back().end) DropLast();
  if (pieces() == 0) ReleasePieces();
  ReleaseWindow();
}

void OutputBuffer::DropLast() {
  Piece last = std::move(pieces_.back());
  pieces_.pop_back();
  if (last.chunk != nullptr) {
    // An earlier piece may lie in the same chunk: the last one that does owns it from now on.
    for (size_t i = pieces_.size(); i > head_; --i) {
      Piece& before = pieces_[i - 1];
      if (before.shared) continue;
      if (before.chunk == nullptr) before.chunk = std::exchange(last.chunk, nullptr);
      break;
    }
  }
  Free(last);
}

void OutputBuffer::ReleasePieces() {
  pieces_.clear();
  head_ = 0;
  // Most connections need a few pieces once in a while: keep no more than that.
  storage::GiveBack(pieces_, kKeptPieces * sizeof(Piece));
}

void OutputBuffer::ReleaseWindow() {
  if (open_chunk_ == nullptr || window_begin_ != pos_) return;
  for (size_t i = pieces_.size(); i > head_; --i) {
    if (pieces_[i - 1].shared) continue;
    if (pieces_[i - 1].chunk == nullptr) return;  // the piece lies in the open chunk
    break;
  }
  pool_->Give(open_chunk_);
  open_chunk_ = window_begin_ = pos_ = end_ = nullptr;
}

size_t OutputBuffer::Gather(std::span<net::Slice> slices) const {
  size_t count = 0;
  for (size_t i = head_; i < pieces_.size() && count < slices.size(); ++i) {
    if (pieces_[i].begin == pieces_[i].end) continue;
    slices[count++] = {pieces_[i].begin, static_cast<size_t>(pieces_[i].end - pieces_[i].begin)};
  }
  if (count < slices.size() && InWindow() > 0) slices[count++] = {window_begin_, InWindow()};
  return count;
}

void OutputBuffer::Consume(size_t bytes) {
  while (head_ < pieces_.size()) {
    Piece& piece = pieces_[head_];
    size_t size = static_cast<size_t>(piece.end - piece.begin);
    if (bytes < size) {
      piece.begin += bytes;
      sealed_bytes_ -= bytes;
      // A reader that is always behind never empties the queue: what it has read must go all the same.
      if (head_ >= 64 && head_ * 2 >= pieces_.size()) {
        pieces_.erase(pieces_.begin(), pieces_.begin() + static_cast<ptrdiff_t>(head_));
        head_ = 0;
        storage::GiveBack(pieces_, kKeptPieces * sizeof(Piece));
      }
      return;
    }
    bytes -= size;
    sealed_bytes_ -= size;
    Free(piece);
    ++head_;
  }
  ReleasePieces();
  window_begin_ += bytes;
  sealed_total_ += bytes;
  ReleaseWindow();
}

void OutputBuffer::CheckInvariants() const {
  size_t sealed = 0;
  for (size_t i = head_; i < pieces_.size(); ++i)
    sealed += static_cast<size_t>(pieces_[i].end - pieces_[i].begin);
  bool window = open_chunk_ ? open_chunk_ <= window_begin_ && window_begin_ <= pos_ && pos_ <= end_
                            : !window_begin_ && !pos_ && !end_;
  if (sealed != sealed_bytes_ || !window || head_ > pieces_.size()) {
    std::fprintf(stderr, "OutputBuffer: %zu bytes in pieces, %zu counted, window %s\n", sealed, sealed_bytes_,
                 window ? "sound" : "broken");
    std::abort();
  }
}

}  // namespace corral::client
