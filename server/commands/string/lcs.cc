#include "server/commands/string/lcs.h"

#include <algorithm>
#include <new>

namespace corral::commands {

bool CommonSubsequence::Compute() {
  const uint64_t cells = TableBytes(a_.size(), b_.size()) / sizeof(uint32_t);
  table_.reset(new (std::nothrow) uint32_t[cells]);
  if (table_ == nullptr) return false;
  std::fill_n(table_.get(), b_.size() + 1, 0);
  for (size_t i = 1; i <= a_.size(); ++i) {
    At(i, 0) = 0;
    for (size_t j = 1; j <= b_.size(); ++j) {
      At(i, j) = a_[i - 1] == b_[j - 1] ? At(i - 1, j - 1) + 1 : std::max(At(i - 1, j), At(i, j - 1));
    }
  }
  return true;
}

template <typename Match>
void CommonSubsequence::WalkBack(Match match) const {
  size_t i = a_.size(), j = b_.size();
  while (i > 0 && j > 0) {
    if (a_[i - 1] == b_[j - 1]) {
      match(static_cast<uint32_t>(--i), static_cast<uint32_t>(--j));
    } else if (At(i - 1, j) > At(i, j - 1)) {
      --i;
    } else {
      --j;
    }
  }
}

std::string CommonSubsequence::Text() const {
  std::string text(length(), '\0');
  auto out = text.rbegin();
  WalkBack([&](uint32_t i, uint32_t) { *out++ = a_[i]; });
  return text;
}

std::vector<CommonRun> CommonSubsequence::Runs() const {
  std::vector<CommonRun> runs;
  WalkBack([&](uint32_t i, uint32_t j) {
    if (!runs.empty() && runs.back().a_first == i + 1 && runs.back().b_first == j + 1) {
      --runs.back().a_first;
      --runs.back().b_first;
    } else {
      runs.push_back({i, i, j, j});
    }
  });
  return runs;
}

}  // namespace corral::commands
