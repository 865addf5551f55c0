// Linear layers in integers of two bytes, for models so narrow that the rounding to one does not
// average out: the products are those of one byte (gemv_int8.h), of three kinds.
//
// Numbers are w = w₁ + w₂ and x = x₁ + x₂, each part a byte with a scale for each kGemvGroup of
// them, the second what rounding took away from the first. W x is W₁x₁ + W₁x₂ + W₂x₁, one layer
// with three times the inputs; what is left out, W₂x₂, is 1/254² of it.
#pragma once

#include <cstdint>
#include <span>

#include "base/buffer.h"
#include "cpu/gemv_linear.h"

namespace sotto::cpu {

/// Rows of activations as a TwoByteLinear takes them, in memory that is used again and again.
class TwoByteRows {
 public:
  /// For n_rows rows of n_in numbers, and for every smaller matrix.
  TwoByteRows(int n_rows, int n_in);

  /// Valid until the next call.
  GemvRows quantise(const GemvRuntime& runtime, const float* x, int n_rows, int n);

 private:
  GemvScratch scratch_;
  Buffer<std::int8_t> numbers_;
  Buffer<float> scales_;
  Buffer<std::int32_t> sums_;
};

/// y = act(W x + b) + residual for rows.
class TwoByteLinear {
 public:
  /// As GemvLinear.
  TwoByteLinear(const GemvRuntime& runtime, std::span<const float> weight,
                std::span<const float> bias, int n_out, int n_in);

  /// x comes from TwoByteRows, all else as for GemvLinear.
  void operator()(float* y, const GemvRows& x, int n_rows, Activation activation = Activation::none,
                  const float* residual = nullptr) const {
    linear_(y, x, n_rows, activation, residual);
  }
  void outputs(float* y, const GemvRows& x, int n_rows, int begin, int end) const {
    linear_.outputs(y, x, n_rows, begin, end);
  }

  /// Row `n` of W.
  void weight_row(float* out, int n) const;

 private:
  int n_in_;
  GemvLinear linear_;
};

/// Memory that the layers of an encoder share.
struct TwoByteScratch {
  /// For n_rows rows of at most n numbers, before or after a layer.
  TwoByteScratch(int n_rows, int n);

  TwoByteRows rows;
  Buffer<float> x;
  Buffer<float> y;
};

/// Where the layers of an encoder run.
struct TwoByteRuntime : GemvRuntime {
  TwoByteScratch& scratch;
};

/// The same layer for blocks (blocks.h), made as BlocksLinear.
class TwoByteBlocksLinear {
 public:
  TwoByteBlocksLinear(const TwoByteRuntime& runtime, std::span<const float> weight,
                      std::span<const float> bias, int n_out, int n_in)
      : runtime_(runtime),
        n_out_(n_out),
        n_in_(n_in),
        linear_(runtime, weight, bias, n_out, n_in) {}

  /// residual may be y, or null for none.
  void operator()(float* y, const float* x, int n_blocks, Activation activation = Activation::none,
                  const float* residual = nullptr) const;

 private:
  const TwoByteRuntime& runtime_;
  int n_out_;
  int n_in_;
  TwoByteLinear linear_;
};

}  // namespace sotto::cpu
