// What runs before and after a passage.
#include <algorithm>
#include <utility>

#include "npu/core/passage.h"

namespace sotto::npu::core {
namespace {

/// Walks over executed bundles, backwards or forwards, and forks where an outer loop round the
/// passage may be in its first or last iteration or not.
class Walker {
 public:
  Walker(const Image& image, const Passage& passage, bool backwards)
      : image_(image), backwards_(backwards) {
    for (const Repeat& loop : image.loops) {
      holds_.push_back(loop.first <= passage.first && passage.end <= loop.last + 1);
      full_.push_back(std::min<int64_t>(loop.trips - 1, kFelt));
    }
  }

  std::vector<std::vector<int>> run(int at) {
    walk(at, full_, {});
    return std::move(ways_);
  }

 private:
  int entry(const Repeat& loop) const { return backwards_ ? loop.last : loop.first; }
  int exit(const Repeat& loop) const { return backwards_ ? loop.first : loop.last; }

  void walk(int at, std::vector<int64_t> left, std::vector<int> way) {
    const int count = static_cast<int>(image_.bundles.size());
    while (static_cast<int>(way.size()) < kFelt) {
      int next = backwards_ ? at - 1 : at + 1;
      for (size_t i = 0; i < image_.loops.size(); ++i) {
        const Repeat& loop = image_.loops[i];
        if (exit(loop) != at) continue;
        if (holds_[i]) {
          std::vector<int> again = way;
          again.push_back(entry(loop));
          walk(entry(loop), left, std::move(again));
        } else if (left[i] > 0) {
          --left[i];
          next = entry(loop);
          break;
        } else {
          left[i] = full_[i];  // for the next time that it is entered
        }
      }
      if (next < 0 || next >= count) break;
      way.push_back(next);
      at = next;
    }
    ways_.push_back(std::move(way));
  }

  const Image& image_;
  const bool backwards_;
  std::vector<bool> holds_;
  std::vector<int64_t> full_;
  std::vector<std::vector<int>> ways_;
};

}  // namespace

std::vector<Passage> passages_of(const Image& image) {
  const int count = static_cast<int>(image.bundles.size());
  std::vector<bool> begins(static_cast<size_t>(count) + 1, false), inside = begins;
  begins.back() = true;
  for (const Repeat& loop : image.loops) {
    begins[static_cast<size_t>(loop.first)] = true;
    begins[static_cast<size_t>(loop.last) + 1] = true;
    for (int i = loop.first; loop.is_hardware && i <= loop.last; ++i) {
      inside[static_cast<size_t>(i)] = true;
    }
  }
  std::vector<Passage> passages;
  for (int i = 0, first = 0; i <= count; ++i) {
    if (!begins[static_cast<size_t>(i)]) continue;
    if (i > first && !inside[static_cast<size_t>(first)]) passages.push_back({first, i});
    first = i;
  }
  return passages;
}

std::vector<std::vector<int>> ways_to(const Image& image, const Passage& passage) {
  return Walker(image, passage, /*backwards=*/true).run(passage.first);
}

std::vector<std::vector<int>> ways_from(const Image& image, const Passage& passage) {
  return Walker(image, passage, /*backwards=*/false).run(passage.end - 1);
}

}  // namespace sotto::npu::core
