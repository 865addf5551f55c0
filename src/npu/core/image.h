// The code of a whole call: pieces of code one after the other, and the loops round stretches of
// it. Inner loops are the zero-overhead ones of the pieces; outer ones end with a jump and its
// delay slots, as the call does with its return (return.h). One jump may leave the call before its
// end (leave.h).
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "npu/core/program.h"

namespace sotto::npu::core {

/// The bundles [first, last] run `trips` times.
struct Repeat {
  int first = 0, last = 0;
  int64_t trips = 1;
  int iterations = 1;       ///< of the source loop in each trip, if it is a hardware loop
  bool is_hardware = true;  ///< else a jump stands kDelaySlots before `last`
};

struct Image {
  std::vector<Bundle> bundles;
  std::vector<Repeat> loops;  ///< one that lies in another comes before it
  /// The first bundle, behind all others, of what runs after a jump out of the call; -1: none.
  int leave = -1;

  /// Behind the bundles that run when no jump leaves early.
  int end() const { return leave < 0 ? static_cast<int>(bundles.size()) : leave; }
  int bytes() const;
  /// Of those that run when no jump leaves early: one for each such instruction, in order.
  std::vector<int> bundles_with(Opcode opcode) const;
  /// How often a bundle runs, when no jump leaves early.
  int64_t runs_of(int bundle) const;
  /// Bundles executed, which is cycles but for bank conflicts.
  int64_t cycles() const;
};

Image image_of(const Program& program);

/// Bundles that begin at multiples of kBlockAlignment: where loops begin and hardware loops end,
/// and what a jump out of the call leads to.
std::set<int> aligned_bundles(const Image& image);

/// What can be said of the code without running it, in one line; empty when nothing is wrong.
std::string problem_of(const Image& image);

/// Sizes for all bundles so that loops and what jumps lead to are aligned, hardware loops are set
/// up in time, and ls and le are their places. Returns whether that can be; else a nop before
/// helps.
bool lay_out(Image& image);

}  // namespace sotto::npu::core
