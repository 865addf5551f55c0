#include "npu/kernels/runner_testing.h"

#include <algorithm>

namespace sotto::npu::kernels::testing {
namespace {

/// The core as it leaves reset, but for how it adds: the next kernel must set what it needs.
void reset_core() {
  host::core() = {.mac_model = host::core().mac_model};
}

/// The rows of a tile row as the epilogue's step and factor (kernels.h).
struct Fold {
  Buffer<bfloat16> rows{kStepBlock}, inverse_sigmas{kStepBlock};
};

Fold fold_of(const Product& product, int row) {
  Fold fold;
  if (!has_norm(product.epilogue)) return fold;
  Buffer<float> sums(kTileBlocks * kSum), squares(kTileBlocks * kSum);
  zero_blocks(sums.data(), kTileBlocks);
  zero_blocks(squares.data(), kTileBlocks);
  for (int k = 0; k < product.x.columns; ++k) {
    row_statistics(sums.data(), squares.data(), product.x.at(row, k));
  }
  reset_core();
  finish_statistics(fold.rows.data(), fold.inverse_sigmas.data(), sums.data(), squares.data(),
                    1.0f / static_cast<float>(product.x.columns * kTile));
  return fold;
}

void send_strip(Epilogue epilogue, bfloat16* out, bfloat16* low, const float* c, int strip) {
  reset_core();
  if (has_two_parts(epilogue)) {
    round_parts(out, low, c + strip * kStripSums);
  } else {
    round_strip(out, c + strip * kStripSums, layout_of(epilogue));
  }
}

void compute_row(const Product& product, int row) {
  const Fold fold = fold_of(product, row);
  Buffer<float> c(kTile * kTile);
  for (int n = 0; n < product.linear.tiles.rows; ++n) {
    const auto add_planes = [&] {
      for (const Tiles* plane : product.planes) add_plane(c.data(), plane->at(row, n));
    };
    const bfloat16* columns = product.linear.step(n);
    zero_sums(c.data());
    if (!has_norm(product.epilogue)) bias_sums(c.data(), columns);
    if (product.epilogue == Epilogue::residual) add_planes();
    for (const Tiles* x : {&product.x, product.low_x}) {
      for (int k = 0; x != nullptr && k < x->columns; ++k) {
        gemm_bf16(c.data(), x->at(row, k), product.linear.tiles.at(n, k), kTile / 8);
      }
    }
    reset_core();
    if (has_norm(product.epilogue)) {
      normalise_sums(c.data(), fold.rows.data(), columns, fold.inverse_sigmas.data());
    }
    reset_core();
    if (has_gelu(product.epilogue)) gelu_sums(c.data());
    if (product.epilogue == Epilogue::gelu_planes) add_planes();
    clear_sums(c.data(), product.first_row - kTile * row, product.end_row - kTile * row);
    for (int strip = 0; strip < kStrips; ++strip) {
      const int at = strip * kStrip;
      send_strip(product.epilogue, product.out.at(row, product.out_column + n) + at,
                 product.low == nullptr ? nullptr : product.low->at(row, n) + at, c.data(), strip);
    }
  }
}

void compute_row(const Attention& attention, int row) {
  Buffer<float> o(kTile * kTile), row_sums(kTileBlocks * kSum), offsets(kTileBlocks * kSum);
  Buffer<bfloat16> p(kTile * kTile);
  for (int head = 0; head < attention.q.columns; ++head) {
    const bfloat16* q = attention.q.at(row, head);
    zero_sums(o.data());
    reset_core();
    attention_reference(offsets.data(), row_sums.data(), q, attention.k.at(0, head),
                        std::min(attention.keys, kTile));
    for (int tile = 0; tile * kTile < attention.keys; ++tile) {
      const int valid = std::min(kTile, attention.keys - kTile * tile);
      reset_core();
      attention_keys(o.data(), row_sums.data(), offsets.data(), p.data(), q,
                     attention.k.at(tile, head), valid);
      attention_values(o.data(), p.data(), attention.v.at(tile, head));
    }
    const Buffer<bfloat16> zeros(kStepBlock);
    Buffer<bfloat16> inverse(kStepBlock);
    reset_core();
    invert_sums(inverse.data(), row_sums.data());
    reset_core();
    normalise_sums(o.data(), zeros.data(), zeros.data(), inverse.data());
    for (int strip = 0; strip < kStrips; ++strip) {
      const int at = strip * kStrip;
      const bool in_parts = attention.low != nullptr;
      send_strip(in_parts ? Epilogue::residual : Epilogue::norm_a, attention.out.at(row, head) + at,
                 in_parts ? attention.low->at(row, head) + at : nullptr, o.data(), strip);
    }
  }
}

}  // namespace

void round_strip(bfloat16* out, const float* c, Layout layout) {
  switch (layout) {
    case Layout::a:
      return round_strip_a(out, c);
    case Layout::k:
      return round_strip_k(out, c);
    case Layout::v:
      return round_strip_v(out, c);
  }
}

void DirectRunner::run(const Product& product) {
  pool_.parallel_for(product.x.rows, [&](std::int64_t row, int) {
    host::CoreState core = {.mac_model = model_};
    const host::CoreScope scope(core);
    compute_row(product, static_cast<int>(row));
  });
}

void DirectRunner::run(const Attention& attention) {
  pool_.parallel_for(attention.q.rows, [&](std::int64_t row, int) {
    host::CoreState core = {.mac_model = model_};
    const host::CoreScope scope(core);
    compute_row(attention, static_cast<int>(row));
  });
}

}  // namespace sotto::npu::kernels::testing
