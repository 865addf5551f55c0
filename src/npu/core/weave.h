// Pieces of code put one after the other so that all is right on a core that never waits: each
// begins as early as what is still under way allows, if it can beside the last bundles of the one
// before. A piece itself stays as it was scheduled.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "npu/core/image.h"
#include "npu/core/past.h"

namespace sotto::npu::core {

class Weaver {
 public:
  /// Appends code, whose instructions get this `piece`.
  void add(const Program& program, int piece);
  /// Appends one instruction that belongs to no piece.
  void add(Instruction instruction);

  /// A place that a jump leads back to. What follows stays behind it.
  int label();
  /// Jumps back to the label while register `counter` is not zero: `trips` runs in all.
  void jump(int label, Register counter, int64_t trips);

  /// The code so far: not packed, without sizes.
  const Image& image() const { return image_; }
  Image finish();

 private:
  /// The bundles that run before bundle `end`, the last first, as far as one can still feel them.
  std::vector<int> run_before(int end) const;
  Past past_of(int end) const;
  bool fits(const Past& past, std::span<const Bundle> block, int at) const;
  bool fits_beside(const Bundle& bundle, int at) const;
  int earliest(std::span<const Bundle> block, int loop_first) const;
  void put(std::span<const Bundle> block, int at);

  Image image_;
  int floor_ = 0;  ///< nothing is added to bundles before this one
};

}  // namespace sotto::npu::core
