// The decoder's inner loops on 8-bit integers: one table of functions per instruction
// set.
//
// Weights w(n, k) and activations x(m, k) are integers in groups of kGemvGroup along K, each group
// with a scale of its own; a group of products is summed in integers, which is exact, and the
// groups are added in f32 in their order: y = Σ_g xscale(m, g)·wscale(n, g)·Σ_k w·x. A row's result
// does not depend on the rows that are computed beside it.
//
// A panel holds kPanel outputs, laid out so that one step through K reads one run of memory:
// [groups of K][group], zeros where K or the outputs end before the last group or panel does.
// Functions take their outputs in the first fields.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/isa.h"
#include "cpu/kernels.h"

namespace sotto::cpu {

inline constexpr int kGemvGroup = 64;
inline constexpr int kPanel = 32;

/// 8-bit weights in [−127, 127], stored with 128 added; scales are the upper halves of f32 numbers.
struct PanelGroup {
  std::uint8_t weights[kGemvGroup / 4][kPanel][4];
  std::uint16_t scales[kPanel];
};

/// Rows of activations as integers in [−127, 127].
struct GemvRows {
  const std::int8_t* numbers;  ///< groups·kGemvGroup for each row
  const float* scales;         ///< one for each group, `groups` for each row
  const std::int32_t* sums;    ///< Σ of the numbers of a group, likewise
  int groups;
};

/// The integers of one row; zeros fill up the last group.
struct QuantisedRow {
  std::int8_t* numbers;
  float* scales;
  std::int32_t* sums;
};

/// One row of n numbers to integers. What rounding took away becomes another row, with 1/254 of the
/// scales, unless its `numbers` are null.
struct QuantiseTask {
  QuantisedRow row;
  QuantisedRow remainders;
  const float* x;
  int n;
};

/// y(m, n) = act(Σ_k w(n, k)·x(m, k) + bias(n)) + residual(m, n) for the panels of the range.
struct GemvLinearTask {
  float* y;  ///< output n of row m is at y + m·y_row + n
  std::ptrdiff_t y_row;
  const float* residual;  ///< laid out as y, may be y itself; null: none
  GemvRows x;
  int n_rows;
  const PanelGroup* panels;  ///< n_out × n_in
  const float* bias;         ///< n_out, then zeros up to a multiple of kPanel; null: none
  int n_out;
  Activation activation;
  int panel_begin, panel_end;
};

/// The same with weights in bfloat16 and activations in f32: products are exact, sums f32 in the
/// order of k.
struct GemvBf16Task {
  float* y;
  std::ptrdiff_t y_row;
  const float* residual;
  const float* x;  ///< n_rows × n_in
  int n_rows;
  const std::uint16_t* panels;  ///< [panel][n_in][kPanel]
  const float* bias;
  int n_out;
  int n_in;
  Activation activation;
  int panel_begin, panel_end;
};

/// Positions of one block of keys or values.
inline constexpr int kKeyBlock = 16;

/// Keys of one head in blocks of 16 positions: [d/4][position][4] with 128 added, then 16 scales in
/// f32; d is rounded up to a multiple of 4.
constexpr std::size_t key_block_bytes(int d) {
  return static_cast<std::size_t>((d + 3) / 4 * 4 * kKeyBlock) + sizeof(float) * kKeyBlock;
}
/// Values of one head: [position/2][channel][2], then 16 scales; channels are rounded up to a
/// multiple of 64.
constexpr std::size_t value_block_bytes(int d) {
  return static_cast<std::size_t>((d + 63) / 64 * 64 * kKeyBlock) + sizeof(float) * kKeyBlock;
}

/// Key and value of one head at one position, as integers with a scale each.
struct GemvKeyValueTask {
  std::byte* keys;    ///< block 0 of the head
  std::byte* values;  ///< likewise
  int position;
  const float* key;
  const float* value;
  int d;
};

/// softmax(scale · q kᵀ) v of one head for one query.
struct GemvAttentionTask {
  float* out;
  const float* q;
  const std::byte* keys;    ///< block 0 of the head
  const std::byte* values;  ///< likewise
  int n_keys;               ///< at least 1
  int d;
  float scale;
  float* scratch;  ///< gemv_attention_scratch(n_keys, d) numbers
};

constexpr std::size_t gemv_attention_scratch(int n_keys, int d) {
  const int blocks = (n_keys + kKeyBlock - 1) / kKeyBlock;
  return static_cast<std::size_t>(blocks * kKeyBlock / 2 * 3 + (d + 3) / 4 + kKeyBlock);
}

/// What a search wants to know of a run of logits.
struct RangeSummary {
  float top;      ///< the largest; −infinity when there is none
  int at;         ///< the first index of it; 0 when there is none
  float exp_sum;  ///< Σ exp(logit − top), at least 1; 0 when there is none; NaN for damaged logits
};

struct GemvInt8 {
  void (*quantise)(const QuantiseTask&) noexcept;
  void (*linear)(const GemvLinearTask&) noexcept;
  void (*linear_bf16)(const GemvBf16Task&) noexcept;
  void (*set_key_value)(const GemvKeyValueTask&) noexcept;
  void (*attention)(const GemvAttentionTask&) noexcept;
  RangeSummary (*summarise)(const float* logits, int n) noexcept;
};

/// The table of `isa`, which this machine must have.
const GemvInt8& gemv_int8_for(Isa isa);

}  // namespace sotto::cpu
