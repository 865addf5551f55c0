// A Whisper encoder computed by the device kernels alone, on the host and without an array: every
// activation lies in tiles as in the NPU's memory, every product, epilogue and attention is the
// kernel that a core runs. The host packs, loops and hands out.
#pragma once

#include <vector>

#include "base/thread_pool.h"
#include "model/encoder.h"
#include "model/weights.h"
#include "npu/kernels/kernels.h"
#include "npu/kernels/kernels_testing.h"

namespace sotto::npu::kernels::testing {

/// A matrix of 64 x 64 tiles.
struct Tiles {
  int rows, columns;  ///< in tiles
  Buffer<bfloat16> data;

  Tiles(int rows_in, int columns_in)
      : rows(rows_in),
        columns(columns_in),
        data(static_cast<std::size_t>(rows_in * columns_in) * kTile * kTile) {}
  bfloat16* at(int row, int column) { return data.data() + offset(row, column); }
  const bfloat16* at(int row, int column) const { return data.data() + offset(row, column); }

 private:
  std::size_t offset(int row, int column) const {
    return static_cast<std::size_t>(row * columns + column) * kTile * kTile;
  }
};

/// A linear layer as the array takes it: weights in bfloat16 (layout V), and the step that adds the
/// bias or folds a LayerNorm in.
struct Linear {
  Matrix w;                  ///< inputs x outputs, what the tiles hold
  std::vector<double> s, c;  ///< of every output, as in kernels.h
  Tiles tiles;               ///< [outputs / 64][inputs / 64]
  Buffer<bfloat16> columns;  ///< [outputs / 64] steps

  const bfloat16* step(int n) const { return columns.data() + n * kTileBlocks * kOperand; }
};

struct Norm {
  std::vector<float> gamma, beta;
};

/// The rows of a tile row as LayerNorm's step and factor (kernels.h).
struct RowFold {
  Buffer<bfloat16> rows{kTileBlocks * kOperand}, inverse_sigmas{kTileBlocks * kOperand};
};

using NormEpilogue = decltype(&epilogue_norm_a);

class KernelEncoder {
 public:
  KernelEncoder(const model::Dims& dims, const model::Weights& weights, ThreadPool& pool);

  void convolve(const model::MelWindow& mel);
  /// Self-attention and its residual; leaves q, k, v and mixed as they were used.
  void attend(int layer);
  /// The multi-layer perceptron and its residual; leaves hidden.
  void feed_forward(int layer);
  /// The features after the last LayerNorm, n_audio_ctx x n_audio_state.
  std::vector<float> features() const;

  Tiles high, low;       ///< the residual stream in two parts
  Tiles q, k, v, mixed;  ///< layouts A, K, V, A
  Tiles hidden;

  Linear projection(int layer, const char* name, double scale) const;  ///< query, key or value
  Linear output(int layer) const;
  Linear first(int layer) const;  ///< of the perceptron
  Linear second(int layer) const;

 private:
  std::vector<float> read(const std::string& name, const model::Shape& shape) const;
  std::vector<float> bias(const std::string& name, int size) const;
  Norm norm(const std::string& name) const;
  std::vector<RowFold> fold() const;
  int end_of(int tile_row, int strip) const { return frames_ - kTile * tile_row - 16 * strip; }
  /// out = epilogue(LayerNorm folded into high times the layer); `epilogue` is one of the four
  /// epilogue_norm kernels.
  void project(Tiles& out, const Linear& linear, const std::vector<RowFold>& folds,
               NormEpilogue epilogue);
  void add_residual_product(const Tiles& x, const Linear& linear);
  void convolve_first(Tiles& planes, const model::MelWindow& mel);

  const model::Dims dims_;
  const model::Weights& weights_;
  ThreadPool& pool_;
  const int frames_, width_, tile_rows_;
  Buffer<bfloat16> bias_rows_{kTileBlocks * kOperand};
};

/// log2(e) / sqrt(64): what the queries' weights carry.
inline const double kQueryScale = 1.4426950408889634 / 8;

}  // namespace sotto::npu::kernels::testing
