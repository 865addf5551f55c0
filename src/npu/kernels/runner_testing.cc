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
  if (!has_norm(product.epilogue)) {
    bias_rows(fold.rows.data());
    return fold;
  }
  Buffer<float> sums(kTileBlocks * kSum), squares(kTileBlocks * kSum);
  zero_statistics(sums.data(), squares.data());
  for (int k = 0; k < product.x.columns; ++k) {
    row_statistics(sums.data(), squares.data(), product.x.at(row, k), kTile / 8);
  }
  reset_core();
  finish_statistics(fold.rows.data(), fold.inverse_sigmas.data(), sums.data(), squares.data(),
                    product.x.columns * kTile);
  return fold;
}

void finish(const Product& product, const float* c, const Fold& fold, int row, int n) {
  const bfloat16 *rows = fold.rows.data(), *sigmas = fold.inverse_sigmas.data();
  const bfloat16* columns = product.linear.step(n);
  for (int strip = 0; strip < kStrips; ++strip) {
    const int first = product.first_row - kTile * row - 16 * strip;
    const int end = product.end_row - kTile * row - 16 * strip;
    bfloat16* out = product.out.at(row, product.out_column + n) + strip * kStrip;
    const auto low = [&] { return product.low->at(row, n) + strip * kStrip; };
    reset_core();
    switch (product.epilogue) {
      case Epilogue::residual:
        epilogue_residual(out, low(), c, rows, columns, strip, first, end);
        break;
      case Epilogue::gelu:
        epilogue_gelu(out, c, rows, columns, strip, first, end);
        break;
      case Epilogue::gelu_planes:
        epilogue_parts(out, low(), c, strip, first, end);
        break;
      case Epilogue::norm_a:
        epilogue_norm_a(out, c, rows, columns, sigmas, strip, first, end);
        break;
      case Epilogue::norm_k:
        epilogue_norm_k(out, c, rows, columns, sigmas, strip, first, end);
        break;
      case Epilogue::norm_v:
        epilogue_norm_v(out, c, rows, columns, sigmas, strip, first, end);
        break;
      case Epilogue::norm_gelu:
        epilogue_norm_gelu(out, c, rows, columns, sigmas, strip, first, end);
        break;
    }
  }
}

void compute_row(const Product& product, int row) {
  const Fold fold = fold_of(product, row);
  Buffer<float> c(kTile * kTile);
  for (int n = 0; n < product.linear.tiles.rows; ++n) {
    const auto add_planes = [&] {
      for (const Tiles* plane : product.planes) add_plane(c.data(), plane->at(row, n));
    };
    zero_sums(c.data());
    if (product.epilogue == Epilogue::residual) add_planes();
    for (const Tiles* x : {&product.x, product.low_x}) {
      for (int k = 0; x != nullptr && k < x->columns; ++k) {
        gemm_bf16(c.data(), x->at(row, k), product.linear.tiles.at(n, k), kTile / 8);
      }
    }
    if (product.epilogue == Epilogue::gelu_planes) {
      reset_core();
      gelu_sums(c.data(), fold.rows.data(), product.linear.step(n));
      add_planes();
    }
    finish(product, c.data(), fold, row, n);
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
      attention_values(o.data(), p.data(), attention.v.at(tile, head), valid);
    }
    for (int strip = 0; strip < kStrips; ++strip) {
      reset_core();
      bfloat16* const out = attention.out.at(row, head) + strip * kStrip;
      if (attention.low == nullptr) {
        attention_finish(out, o.data(), row_sums.data(), strip);
      } else {
        attention_finish_parts(out, attention.low->at(row, head) + strip * kStrip, o.data(),
                               row_sums.data(), strip);
      }
    }
  }
}

}  // namespace

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
