// The epilogues of the encoder's products. Each is a loop of its own, without branches inside.
#include "npu/kernels/epilogue.h"

#include "npu/kernels/kernels.h"

using namespace sotto::npu::kernels;

void add_plane(float* __restrict c, const bfloat16* __restrict plane) {
  SOTTO_LOOP(128, int i = 0; i < kTileBlocks * kTile / 8; ++i, c += 2 * kSum) {
    const HalfPair halves = unweave(aie::load_v<kOperand>(plane + i * kOperand));
    store_sum(c, aie::add(load_sum(c), Sum(halves.left)));
    store_sum(c + kSum, aie::add(load_sum(c + kSum), Sum(halves.right)));
  }
}

void gelu_sums(float* __restrict c, const bfloat16* __restrict rows,
               const bfloat16* __restrict columns) {
  round_and_wrap();
  SOTTO_LOOP(128, int block = 0; block < kTileBlocks * kTile / 8; ++block) {
    const SumPair values = finished<EpilogueKind{.gelu = true}>(
        {.c = c, .rows = rows, .columns = columns}, block / 8, block % 8);
    store_sum(c + 2 * block * kSum, values.extract<kSum>(0));
    store_sum(c + (2 * block + 1) * kSum, values.extract<kSum>(1));
  }
}

void epilogue_residual(bfloat16* __restrict high, bfloat16* __restrict low,
                       const float* __restrict c, const bfloat16* __restrict rows,
                       const bfloat16* __restrict columns, int strip, int first, int end) {
  epilogue<EpilogueKind{.low = true}>(
      {.high = high, .low = low, .c = c, .rows = rows, .columns = columns}, strip, first, end);
}

void epilogue_gelu(bfloat16* __restrict out, const float* __restrict c,
                   const bfloat16* __restrict rows, const bfloat16* __restrict columns, int strip,
                   int first, int end) {
  epilogue_in_blocks<EpilogueKind{.gelu = true}>(
      {.high = out, .c = c, .rows = rows, .columns = columns}, strip, first, end);
}

void epilogue_parts(bfloat16* __restrict high, bfloat16* __restrict low, const float* __restrict c,
                    int strip, int first, int end) {
  epilogue<EpilogueKind{.step = false, .low = true}>({.high = high, .low = low, .c = c}, strip,
                                                     first, end);
}

void epilogue_norm_a(bfloat16* __restrict out, const float* __restrict c,
                     const bfloat16* __restrict rows, const bfloat16* __restrict columns,
                     const bfloat16* __restrict inverse_sigmas, int strip, int first, int end) {
  epilogue<EpilogueKind{.norm = true}>(
      {.high = out, .c = c, .rows = rows, .columns = columns, .inverse_sigmas = inverse_sigmas},
      strip, first, end);
}

void epilogue_norm_k(bfloat16* __restrict out, const float* __restrict c,
                     const bfloat16* __restrict rows, const bfloat16* __restrict columns,
                     const bfloat16* __restrict inverse_sigmas, int strip, int first, int end) {
  epilogue<EpilogueKind{.layout = Layout::k, .norm = true}>(
      {.high = out, .c = c, .rows = rows, .columns = columns, .inverse_sigmas = inverse_sigmas},
      strip, first, end);
}

void epilogue_norm_v(bfloat16* __restrict out, const float* __restrict c,
                     const bfloat16* __restrict rows, const bfloat16* __restrict columns,
                     const bfloat16* __restrict inverse_sigmas, int strip, int first, int end) {
  epilogue<EpilogueKind{.layout = Layout::v, .norm = true}>(
      {.high = out, .c = c, .rows = rows, .columns = columns, .inverse_sigmas = inverse_sigmas},
      strip, first, end);
}

void epilogue_norm_gelu(bfloat16* __restrict out, const float* __restrict c,
                        const bfloat16* __restrict rows, const bfloat16* __restrict columns,
                        const bfloat16* __restrict inverse_sigmas, int strip, int first, int end) {
  epilogue_in_blocks<EpilogueKind{.norm = true, .gelu = true}>(
      {.high = out, .c = c, .rows = rows, .columns = columns, .inverse_sigmas = inverse_sigmas},
      strip, first, end);
}
