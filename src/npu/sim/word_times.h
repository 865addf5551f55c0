// When each word of a stream passed a point, in runs of one word a cycle: what lets the fast engine
// move any number of words at once.
#pragma once

#include <cstdint>
#include <vector>

#include "base/error.h"
#include "npu/sim/costs.h"

namespace sotto::npu::sim {

class WordTimes {
 public:
  /// Words so far.
  std::int64_t count() const { return count_; }
  /// The cycle after the last word's.
  Cycle next() const { return next_; }

  /// `count` more words: the first at `at`, then one a cycle.
  void append(Cycle at, std::int64_t count) {
    if (!runs_.empty() && at == next_) {
      runs_.back().count += count;
    } else {
      runs_.push_back({count_, count, at});
    }
    count_ += count;
    next_ = at + count;
  }

  struct Found {
    Cycle at;
    std::int64_t following;  ///< words from this one on that pass at one a cycle
  };
  Found find(std::int64_t word) const {
    for (std::size_t i = head_; i < runs_.size(); ++i) {
      const Run& run = runs_[i];
      if (word < run.first + run.count) {
        return {run.at + (word - run.first), run.first + run.count - word};
      }
    }
    check_failed(__FILE__, __LINE__, "a word that has passed");
  }
  /// Words before this one are not asked for any more.
  void forget(std::int64_t before) {
    while (head_ + 1 < runs_.size() && runs_[head_].first + runs_[head_].count <= before) ++head_;
    if (head_ < 64) return;
    runs_.erase(runs_.begin(), runs_.begin() + static_cast<std::ptrdiff_t>(head_));
    head_ = 0;
  }

 private:
  struct Run {
    std::int64_t first, count;
    Cycle at;
  };
  std::vector<Run> runs_;
  std::size_t head_ = 0;
  std::int64_t count_ = 0;
  Cycle next_ = -(Cycle{1} << 40);
};

}  // namespace sotto::npu::sim
