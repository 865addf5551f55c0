// The code between loops of an image, which runs once from its beginning to its end, and what its
// instructions must keep to wherever in it they are moved: towards each other, towards what is
// still under way when it begins, and towards what runs after it.
#pragma once

#include <vector>

#include "npu/core/image.h"

namespace sotto::npu::core {

/// After as many bundles nothing of an instruction is under way.
inline constexpr int kFelt = 40;

/// The bundles [first, end), in which no loop begins or ends.
struct Passage {
  int first = 0, end = 0;
  int bundles() const { return end - first; }
};

/// All of an image that are not inside a hardware loop.
std::vector<Passage> passages_of(const Image& image);

/// Bundles that run before a passage, the last first, and after it, as far as one feels the other:
/// one list for each way that leads there. It may lie in outer loops, which can be in any
/// iteration.
std::vector<std::vector<int>> ways_to(const Image& image, const Passage& passage);
std::vector<std::vector<int>> ways_from(const Image& image, const Passage& passage);

/// Instruction `to` is issued at least `latency` bundles after `from`.
struct Link {
  int from = 0, to = 0;
  int latency = 0;
};

/// What holds for an instruction by itself, when the passage has `bundles` bundles.
struct Limits {
  int from_start = 0, from_end = kNever;  ///< at the earliest; the second plus `bundles`
  int to_start = -kNever, to_end = -1;    ///< at the latest; the second plus `bundles`

  static constexpr int kNever = -1'000'000;
  int first(int bundles) const;
  int last(int bundles) const;
};

struct Constraints {
  std::vector<Instruction> instructions;  ///< in the order of their bundles
  std::vector<int> bundles;               ///< where they are, from the passage's first
  std::vector<Limits> limits;
  std::vector<Link> links;
  int least = 0;  ///< bundles of the passage
};

/// The passage as it is now keeps to them.
Constraints constraints_of(const Image& image, const Passage& passage);

}  // namespace sotto::npu::core
