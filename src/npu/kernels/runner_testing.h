// The two operators that a Whisper encoder is made of on the array, as values, and who computes
// them: the kernels called one after another, or a network of cores that runs their program
// (network_testing.h).
#pragma once

#include <vector>

#include "base/thread_pool.h"
#include "npu/kernels/kernels.h"
#include "npu/kernels/kernels_testing.h"
#include "npu/kernels/phase.h"

namespace sotto::npu::kernels::testing {

/// A strip of sums as outputs of a layout.
void round_strip(bfloat16* out, const float* c, Layout layout);

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

  const bfloat16* step(int n) const { return columns.data() + n * kStepBlock; }
};

/// out = epilogue(x times the layer), as in phase.h.
struct Product {
  const Tiles& x;
  const Linear& linear;
  Epilogue epilogue;
  Tiles& out;
  int end_row;
  int out_column = 0;                     ///< the tile of `out` that the first one goes to
  Tiles* low = nullptr;                   ///< the second part of the result
  std::vector<const Tiles*> planes = {};  ///< what is added; may be where the result goes
  int first_row = 0;
  const Tiles* low_x = nullptr;  ///< the low part of x, if it is to be multiplied too
};

/// Attention of all queries and heads (tile columns) over the first `keys` keys.
struct Attention {
  const Tiles &q, &k, &v;
  Tiles& out;
  int keys;
  Tiles* low = nullptr;  ///< the second part of the result, if it is wanted
};

class Runner {
 public:
  virtual ~Runner() = default;
  virtual void run(const Product& product) = 0;
  virtual void run(const Attention& attention) = 0;
  /// How its cores add.
  virtual host::MacModel mac_model() const { return host::MacModel::exact; }
};

/// Calls the kernels, rows of tiles in parallel, each on a core as it leaves reset: none can live
/// on registers that the kernel before it, or the thread, has set.
class DirectRunner : public Runner {
 public:
  explicit DirectRunner(ThreadPool& pool, host::MacModel model = host::MacModel::exact)
      : pool_(pool), model_(model) {}
  void run(const Product& product) override;
  void run(const Attention& attention) override;
  host::MacModel mac_model() const override { return model_; }

 private:
  ThreadPool& pool_;
  const host::MacModel model_;
};

}  // namespace sotto::npu::kernels::testing
