// The inner loops of the CPU engine: one table of functions per instruction set, chosen once.
//
// Two layouts occur, both with B = Kernels::block numbers side by side, because a tile of the
// product is B lanes wide:
//   blocks  a T×D matrix whose rows lie across the lanes: [ceil(T/B)][D][B]. The element (t, d) is
//           at (t/B·D + d)·B + t%B. The encoder keeps its activations so, with positions in lanes:
//           LayerNorm and softmax need no sums across lanes, and a product's output is the next
//           product's input. The decoder keeps its weights so, with outputs in lanes, and both keep
//           keys and values so. Lanes past T hold finite numbers of no meaning.
//   panels  an N×K weight matrix for products with blocks: [ceil(N/R)][K][R], R = Kernels::rows.
// Functions take their outputs in the first fields, all numbers are f32, sums too.
#pragma once

#include <cstddef>

#include "base/isa.h"

namespace sotto::cpu {

enum class Activation {
  none,
  gelu,  ///< x·Φ(x) with the exact Φ (erf), as Whisper uses
};

/// A linear layer on blocks: y(n, t) = act(Σ_k w(n, k)·x(k, t) + bias(n)) + residual(n, t)
/// for the blocks of positions and the panels of outputs named by the two ranges.
struct LinearBlocksTask {
  float* y;               ///< block b at y + b·n_out·B
  const float* residual;  ///< laid out as y, may be y itself; null: none
  const float* x;         ///< block b at x + b·n_in·B
  const float* panels;    ///< n_out × n_in
  const float* bias;      ///< n_out; null: none
  int n_out;
  int n_in;
  Activation activation;
  int block_begin, block_end;
  int panel_begin, panel_end;
};

/// Taps of Whisper's convolutions.
inline constexpr int kTaps = 3;
/// Rows of inputs whose taps stand together in the panels of a convolution in f32.
inline constexpr int kTapInputs = 42;

/// gelu(Σ w(n, c, tap)·x(c, t + tap) + bias(n)) + residual(n, t) for B frames t of a convolution
/// and the panels of outputs named by the range. The frames of an input lie side by side, a lane of
/// 32 bits each: a float, or a pair of inputs of half the size, which are then a row together. So a
/// tap of B frames is read where it is. Rows may begin anywhere as to cache lines.
template <typename Number>
struct ConvolutionTask {
  float* y;  ///< (n, lane) is at y + n·y_row + lane
  std::ptrdiff_t y_row;
  const float* residual;  ///< laid out as y; null: none
  const Number* x;        ///< rows x_row lanes apart
  std::ptrdiff_t x_row;
  std::ptrdiff_t taps[kTaps];  ///< lanes from x to each tap of the first frame
  const Number* panels;  ///< for so many rows of inputs after the other: [panel][kTaps][row][R]
  const float* bias;     ///< n_out
  int n_out;
  int n_in;
  int panel_begin, panel_end;
};

/// A linear layer on rows: y(m, n) = act(Σ_k x(m, k)·w(n, k) + bias(n)) + residual(m, n)
/// for the blocks of outputs named by the range.
struct LinearRowsTask {
  float* y;  ///< n_rows rows, y_row apart
  std::ptrdiff_t y_row;
  const float* residual;  ///< rows residual_row apart; may be y itself; null: none
  std::ptrdiff_t residual_row;
  const float* x;  ///< n_rows × n_in, rows x_row apart
  std::ptrdiff_t x_row;
  int n_rows;
  const float* blocks;  ///< the n_out × n_in weights as blocks
  const float* bias;    ///< n_out, then zeros up to a multiple of B; null: none
  int n_out;
  int n_in;
  Activation activation;
  int block_begin, block_end;
};

/// softmax(scale · q kᵀ) v of one head, d its width. Keys and values are blocks; those of this head
/// begin at k and v, and the next block of positions is kv_block numbers on.
struct AttentionTask {
  float* out;
  const float* q;
  const float* k;
  const float* v;
  std::ptrdiff_t kv_block;
  int n_keys;  ///< at least 1
  int d;
  float scale;
  float* scratch;  ///< see the functions
};

/// gamma·(x − mean)/sqrt(variance + epsilon) + beta
struct LayerNormTask {
  float* y;
  const float* x;
  const float* gamma;
  const float* beta;
  int d;
  float epsilon;
};

struct Kernels {
  Isa isa;
  int block;  ///< B
  int rows;   ///< R

  void (*linear_blocks)(const LinearBlocksTask&) noexcept;
  void (*linear_rows)(const LinearRowsTask&) noexcept;
  void (*convolve)(const ConvolutionTask<float>&) noexcept;
  /// B queries at once, never more than a strip of scores in memory: q and out are d×B.
  /// scratch: attention_scratch(B, d) numbers.
  void (*attention_block)(const AttentionTask&) noexcept;
  /// One query: q and out have d numbers. scratch: n_keys rounded up to a multiple of B.
  void (*attention_row)(const AttentionTask&) noexcept;
  void (*layer_norm_block)(
      const LayerNormTask&) noexcept;                     ///< B positions at once: x and y are d×B
  void (*layer_norm_row)(const LayerNormTask&) noexcept;  ///< one position
};

/// Keys whose scores attention_block holds at once.
inline constexpr int kKeyStrip = 192;

/// Numbers of scratch for attention_block: q scaled, and a strip of scores.
constexpr std::size_t attention_scratch(int block, int d) {
  return static_cast<std::size_t>(d + kKeyStrip) * static_cast<std::size_t>(block);
}

/// The table for float_isa(isa), which this machine must have (base/isa.h).
const Kernels& kernels_for(Isa isa);

}  // namespace sotto::cpu
