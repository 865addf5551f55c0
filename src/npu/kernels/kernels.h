// The functions that the cores of the array run. Outputs come first; layouts are those of blocks.h;
// every buffer is aligned to 32 bytes and does not overlap another one. A kernel that rounds sets
// the core's rounding register (and the saturation register where it needs it) itself and leaves
// them so.
#pragma once

#include "npu/kernels/blocks.h"

extern "C" {

// --- bring-up

/// out = in, 32-bit words; `words` is a multiple of 16, at least 128.
void passthrough(int32* out, const int32* in, int words);
/// out = factor * in, rounded to nearest even; `count` is a multiple of 32, at least 32.
void scale_bf16(bfloat16* out, const bfloat16* in, bfloat16 factor, int count);

// --- products (gemm.h)

/// Sums of a tile to zero: c is 64 x 64 float32, layout C.
void zero_sums(float* c);
/// The same for so many blocks of 4 x 4 float32, at least 8.
void zero_blocks(float* blocks, int count);
/// c += a b: c 64 x 64 float32 (C), a 64 x 8 kb (A, [16][kb]), b 8 kb x 64 (V, [kb][16]); kb >= 1.
void gemm_bf16(float* c, const bfloat16* a, const bfloat16* b, int kb);
/// The same with k = 64.
void gemm_bf16_tile(float* c, const bfloat16* a, const bfloat16* b);
/// The same as gemm_bf16 in integers: c 64 x 64 int32, a 64 x 8 kb and b 8 kb x 64 int8; kb >= 1.
void gemm_int8(int32* c, const int8* a, const int8* b, int kb);

// --- rows on their own (gelu.cc, softmax.cc, layer_norm.cc). `count` and `width` are elements;
// buffers of count elements are as large as the next multiple of 32.

/// out = x Phi(x) of every element of `in`, count >= 0; of NaN it is NaN or zero. Elements of out
/// beyond count stay what they are; what `in` holds there does not matter.
void gelu_bf16(bfloat16* out, const bfloat16* in, int count);
/// out = exp(x - max x) / sum, count >= 1; the largest x must be finite. Elements of out beyond
/// count become zero; what `in` holds there does not matter. A weight below 2^-32 of the largest
/// counts as that.
void softmax_bf16(bfloat16* out, const bfloat16* in, int count);
/// out = (x - mean) / sqrt(variance + 1e-5) * gamma + beta of every row of `width` elements, a
/// multiple of 16, 16 … 2^23 - 16; rows >= 1, |x| < 2^30.
void layer_norm_bf16(bfloat16* out, const bfloat16* in, const bfloat16* gamma, const bfloat16* beta,
                     int rows, int width);

// --- LayerNorm folded into a product (row_statistics.cc)
//
// With W' = gamma W (rounded to bfloat16), s_n = sum of the column n of W' and c_n = beta W + bias,
//     LayerNorm(x) W + bias = (x W' - mean s_n + sigma c_n) / sigma     of every row.
// x W' is an ordinary product. The two other terms are one more step of k = 8 for the epilogue:
// rows    [16] A blocks, row = [-m_1, -m_2, -m_1, sigma_1, sigma_2, sigma_1, -m_1, -m_2]
// columns [16] B blocks, column = [s_1, s_1, s_2, c_1, c_1, c_2, s_3, s_2]
// where x_1 + x_2 + x_3 is x in bfloat16 parts, the largest first: mean s_n is good to 2^-17 of its
// size, which the division by sigma makes larger where rows hardly vary about a large mean.

/// Adds the rows of a, 64 x 64 (layout A), to their statistics, [16] blocks of 4 x 4 float32 each:
/// every column of a block of `sums` holds the sums of the four rows, the diagonal of a block of
/// `squares` those of their squares; |x| < 2^30. They begin with
/// zero_blocks.
void row_statistics(float* sums, float* squares, const bfloat16* a);
/// From the statistics of rows, and 1 / their width: the row blocks above and, for every block of
/// four rows, 1 / sigma in bfloat16: 16 high parts (each row's four times), then 16
/// low ones.
void finish_statistics(bfloat16* rows, bfloat16* inverse_sigmas, const float* sums,
                       const float* squares, float inverse_width);

// --- passes over a tile's sums c (layout C, float32), in place, and to bfloat16 (epilogue.cc)

/// c = a bias: `columns` are [16] B blocks, column = [bias_1, bias_2, 0, ...]. Products are added.
void bias_sums(float* c, const bfloat16* columns);
/// c += plane, 64 x 64 bfloat16 in layout A: a residual or positions, high part then low part.
void add_plane(float* c, const bfloat16* plane);
/// c = (c + rows x columns) * inverse_sigmas of each row: LayerNorm folded in, see above. Rows of
/// zeros leave the multiplication.
void normalise_sums(float* c, const bfloat16* rows, const bfloat16* columns,
                    const bfloat16* inverse_sigmas);
/// c = GELU(c).
void gelu_sums(float* c);
/// Rows outside first <= row < end become zero, whatever the sums there hold.
void clear_sums(float* c, int first, int end);

/// A strip (16 rows, whose sums `c` leads to) as 16 x 64 outputs of layout A, K or V. Strips follow
/// each other, so that four of them are a tile.
void round_strip_a(bfloat16* out, const float* c);
void round_strip_k(bfloat16* out, const float* c);
void round_strip_v(bfloat16* out, const float* c);
/// In two parts: high + low is the float32 value within 2^-17. Layout A.
void round_parts(bfloat16* high, bfloat16* low, const float* c);

// --- attention of 64 queries, heads of 64 (attention.cc)
//
// Per block of queries: attention_reference on the first tile of keys, zero_sums(o), then
// attention_keys and attention_values on every tile, the first included, then attention_finish.
//   q         64 queries (layout A), scaled so that q k is in units of log2; a tile of them is kept
//             with passthrough
//   k, v      64 keys (layout K: k runs over the head) and values (V: k runs over the keys), of
//             which the first `valid`, 1 … 64, count. Keys behind those may hold anything, values
//             must be finite.
//   p         weights of a tile, 64 queries x 64 keys (layout A), zero from `valid` on
//   o         weighted sums of values, 64 x 64 float32 (layout C)
//   row_sums  [16] blocks of 4 x 4 float32: the sums of the rows' weights, in all columns
//   offsets   the same shape: minus the reference of a row; what its scores begin with
// Scores q k lie between -4096 and 4096, and none is 4096 or more above its row's reference, which
// is a score rounded to bfloat16: at most 8 from it. Further out that distance grows until the
// largest weight comes near those that count as 2^-32.

/// Sets offsets to the rows' largest scores and row_sums to zero.
void attention_reference(float* offsets, float* row_sums, const bfloat16* q, const bfloat16* k,
                         int valid);
/// Minus the largest scores, offsets added, of the shape of offsets.
void attention_largest(float* minus_largest, const bfloat16* q, const bfloat16* k,
                       const float* offsets, int valid);
/// Weights of a tile, of the keys up to the next multiple of 8 from `valid` on; behind those p
/// stays as it is, but for zeros among its last eight keys. `sums` becomes `before` plus the
/// weights' sums: both are of the shape of row_sums, and not the same. Returns 1 where a score was
/// too large, else 0: then p and `sums` are of no use, and attention_again is due.
int attention_weights(bfloat16* p, float* sums, const float* before, const bfloat16* q,
                      const bfloat16* k, const float* offsets, int valid);
/// Raises the references of the rows whose largest scores have more than `least` >= 0 above them by
/// what they have, rounded to a whole number, and scales o and row_sums accordingly; exact but for
/// what underflows.
void attention_raise(float* o, float* row_sums, float* offsets, const float* minus_largest,
                     float least);
/// What attention_weights has returned 1 for, with references raised.
void attention_again(float* o, float* sums, float* before, float* offsets, bfloat16* p,
                     const bfloat16* q, const bfloat16* k, int valid);
/// All weights of a tile, with references raised where that is due, and zeros from `valid` on.
void attention_keys(float* o, float* row_sums, float* offsets, bfloat16* p, const bfloat16* q,
                    const bfloat16* k, int valid);
/// o += p v.
void attention_values(float* o, const bfloat16* p, const bfloat16* v);
/// out = o / row_sums of strip `strip`, 16 x 64 (layout A).
void attention_finish(bfloat16* out, const float* o, const float* row_sums, int strip);
/// 1 / row_sums as normalise_sums takes it, which then does what attention_finish begins with.
void invert_sums(bfloat16* inverse, const float* row_sums);
}
