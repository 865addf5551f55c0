// The numbers that a decoder computes in: which linear layers and caches its layers are made of.
//
// Each set of numbers has
//   Linear  y = act(W x + b) + residual for rows, made of weights in f32
//   Cache   keys and values of one attention of one sequence (kv_cache.h)
//   Inputs  rows of activations on their way into a Linear: rows() makes them what it takes, and
//           precise_rows() what makes its result, without an activation, as exact as its weights
//   Window  the features of a window and their projection to keys and values
//   kIntegers  whether Linear rounds its inputs to bytes, so that they should be alike in size
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "cpu/blocks.h"
#include "cpu/decoder_windows.h"
#include "cpu/gemv_bf16_linear.h"
#include "cpu/gemv_linear.h"
#include "cpu/int8_blocks.h"
#include "cpu/kv_cache.h"
#include "cpu/parameters.h"
#include "cpu/rows.h"
#include "cpu/two_byte_linear.h"
#include "model/config.h"

namespace sotto::cpu {

/// Rows as they are.
class FloatInputs {
 public:
  FloatInputs(const model::Dims&) {}
  const float* rows(const Place&, const float* x, int, int) const { return x; }
  const float* precise_rows(const Place&, const float* x, int, int) const { return x; }
};

/// Rows as integers.
class Int8Inputs {
 public:
  explicit Int8Inputs(const model::Dims& dims)
      : scratch_(
            dims.n_text_ctx,
            std::max(2 * blocks_of(dims.n_text_state, kGemvGroup) * kGemvGroup, dims.n_text_ffn)) {}
  GemvRows rows(const Place& place, const float* x, int n_rows, int n) {
    return scratch_.quantise(place, x, n_rows, n);
  }
  PreciseGemvRows precise_rows(const Place& place, const float* x, int n_rows, int n) {
    return scratch_.quantise_with_remainders(place, x, n_rows, n);
  }

 private:
  GemvScratch scratch_;
};

/// Rows as integers of two bytes.
class TwoByteInputs {
 public:
  explicit TwoByteInputs(const model::Dims& dims)
      : rows_(dims.n_text_ctx, std::max(dims.n_text_state, dims.n_text_ffn)) {}
  GemvRows rows(const Place& place, const float* x, int n_rows, int n) {
    return rows_.quantise(place, x, n_rows, n);
  }
  GemvRows precise_rows(const Place& place, const float* x, int n_rows, int n) {
    return rows(place, x, n_rows, n);
  }

 private:
  TwoByteRows rows_;
};

struct Float32Numbers {
  using Linear = RowsLinear;
  using Cache = FloatKeyValues;
  using Inputs = FloatInputs;
  using Window = FloatWindow;
  static constexpr bool kIntegers = false;
};
/// Only the weights of the linear layers are narrow: it is they that a step reads.
struct Bfloat16Numbers {
  using Linear = GemvBf16Linear;
  using Cache = FloatKeyValues;
  using Inputs = FloatInputs;
  using Window = FloatWindow;
  static constexpr bool kIntegers = false;
};
struct Int8Numbers {
  using Linear = GemvLinear;
  using Cache = Int8KeyValues;
  using Inputs = Int8Inputs;
  using Window = Int8Window;
  static constexpr bool kIntegers = true;
};
/// Only the linear layers are integers.
struct Int8Float32Numbers {
  using Linear = GemvLinear;
  using Cache = FloatKeyValues;
  using Inputs = Int8Inputs;
  using Window = Int8Window;
  static constexpr bool kIntegers = true;
};
/// Only the linear layers are integers, of two bytes, which need no smoothing.
struct TwoByteNumbers {
  using Linear = TwoByteLinear;
  using Cache = FloatKeyValues;
  using Inputs = TwoByteInputs;
  using Window = TwoByteWindow;
  static constexpr bool kIntegers = false;
};

/// x += W rows + b
template <typename Linear, typename Rows>
void add(float* x, const Linear& linear, const Rows& rows, int n) {
  linear(x, rows, n, Activation::none, x);
}
inline void add(float* x, const GemvLinear& linear, const PreciseGemvRows& rows, int n) {
  linear(x, rows, n, x);
}

/// The two layers of a feed-forward network.
struct MlpParameters {
  LinearParameters up;
  LinearParameters down;
};

template <typename Numbers>
MlpParameters read_mlp_parameters(const Parameters& p, int n_hidden, int width) {
  MlpParameters mlp{.up = read_linear_parameters(p / "0", n_hidden, width),
                    .down = read_linear_parameters(p / "2", width, n_hidden)};
  if constexpr (Numbers::kIntegers) sort_hidden(mlp.up.weight, mlp.up.bias, mlp.down.weight);
  return mlp;
}

/// A LayerNorm and the layer that takes its rows.
template <typename Numbers>
struct NormedLinear {
  LayerNorm norm;
  typename Numbers::Linear linear;
  std::span<const float>
      column_factors;  ///< what smooth() multiplied the weights with; empty: nothing

  /// Row `n` of the weights as they were read.
  void weight_row(float* out, int n) const {
    linear.weight_row(out, n);
    for (std::size_t i = 0; i < column_factors.size(); ++i) out[i] /= column_factors[i];
  }
};

template <typename Numbers>
NormedLinear<Numbers> read_normed_linear(const Place& place, const Parameters& norm,
                                         LinearParameters linear, int n_out, int width) {
  std::vector<float> gamma = norm.read("weight", {width}), beta = norm.read("bias", {width});
  std::span<const float> factors;
  if constexpr (Numbers::kIntegers) {
    const std::vector<float> old_gamma = gamma, old_beta = beta;
    smooth(gamma, beta, linear.weight);
    factors = place.weights.make<float>(static_cast<std::size_t>(width), [&](std::span<float> all) {
      for (std::size_t i = 0; i < gamma.size(); ++i) {
        const bool by_gamma = gamma[i] != 0;
        const float before = by_gamma ? old_gamma[i] : old_beta[i];
        const float after = by_gamma ? gamma[i] : beta[i];
        all[i] = after != 0 ? before / after : 1.0f;
      }
    });
  }
  return {.norm = LayerNorm(place, gamma, beta, width),
          .linear = {place, linear.weight, linear.bias, n_out, width},
          .column_factors = factors};
}

}  // namespace sotto::cpu
