// The inner loops of convolutions in 16-bit integers, one table of functions per instruction set.
//
// Inputs are integers round(x/scale) in [−kLargestWord, kLargestWord] with a scale for each frame
// and each kWordGroup of inputs, weights round(w/scale) likewise with a scale for each output. A
// product of a group with one tap is a sum of integers, exact: kWordGroup · kLargestWord² =
// 2,146,435,200 is less than 2³¹. Each such sum is multiplied by the scale of its frame and added
// in f32, as the three taps of an output are frames with three scales.
//
// Layouts, with B = Kernels::block of the same machine, frames in lanes:
//   words   two inputs are a row of lanes of 32 bits (ConvolutionTask); those of another group
//   begin
//           a new row. Scales are a row of floats for each group.
//   panels  the weights, for kRows = Int16Kernels::rows outputs: for each group, for each tap:
//           [ceil(inputs of the group/2)][kRows][2].
#pragma once

#include <cstdint>

#include "base/isa.h"
#include "cpu/kernels.h"

namespace sotto::cpu {

using Word = std::int16_t;

inline constexpr int kLargestWord = 4095;
inline constexpr int kWordGroup = 128;
static_assert(std::int64_t{kWordGroup} * kLargestWord * kLargestWord < std::int64_t{1} << 31);

struct Int16ConvolutionTask : ConvolutionTask<Word> {
  const float* x_scales;  ///< rows and taps as those of x
  const float* scales;    ///< n_out
};

/// B frames of d inputs to words. Lanes of rows are `row` apart, of words and of scales alike.
struct Int16QuantizeTask {
  Word* words;
  float* scales;
  std::ptrdiff_t row;
  const float* x;  ///< d × B
  int d;
};

struct Int16Kernels {
  Isa isa;
  int block;  ///< B
  int rows;   ///< of a panel

  void (*convolve)(const Int16ConvolutionTask&) noexcept;
  void (*quantize)(const Int16QuantizeTask&) noexcept;
};

/// The fastest table for `isa`, which this machine must have.
const Int16Kernels& int16_kernels_for(Isa isa);

}  // namespace sotto::cpu
