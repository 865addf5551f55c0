// What Whisper-base's encoder left behind in some rows of tiles, against float64 on the operands
// that each operator was given; and the kernels that the encoder does not use, on its numbers.
// Every check adds the error that it measured to the test's report.
#pragma once

#include <vector>

#include "npu/kernels/encoder_testing.h"

namespace sotto::npu::kernels::testing {

/// Rows of tiles that are checked: one in the middle, and the last one, of whose 64 frames 28
/// count.
inline constexpr int kCheckedRows[] = {5, 23};

/// The frames of a row of tiles in layout A, as numbers; only those that count.
Matrix frames(const Tiles& tiles, int row);

/// The residual stream in a row of tiles, as it is now.
struct Residual {
  Matrix high, low;
};
Residual residual(const KernelEncoder& encoder, int row);

void check_convolutions(const KernelEncoder& encoder, const model::MelWindow& mel, int row);
/// Self-attention of a layer, from the residual stream before it.
void check_attention(const KernelEncoder& encoder, const Residual& before, int layer, int row);
/// The perceptron of a layer, from the residual stream before it.
void check_feed_forward(const KernelEncoder& encoder, const Residual& before, int layer, int row);
/// Rows behind the last frame are zero wherever the encoder keeps operands.
void check_padding(const KernelEncoder& encoder, int layer);

// --- kernels on their own (real_rows_testing.cc)

/// softmax_bf16 of the scores of the layer's attention, 1500 long.
void check_softmax(const KernelEncoder& encoder, int layer, int row);
/// layer_norm_bf16 of every frame with the layer's first LayerNorm.
void check_layer_norm(const KernelEncoder& encoder, int layer);
/// gemm_int8 of the perceptron's second product, quantised.
void check_int8(const KernelEncoder& encoder, int layer, int row);
/// What the layer's GELU takes, all frames: its range goes to the report, gelu_bf16 over all of it.
void check_gelu(const KernelEncoder& encoder, Runner& runner, int layer);

/// Scores of a head for the frames of a row of tiles, in units of log2: frames x n_audio_ctx.
Matrix scores(const KernelEncoder& encoder, int row, int head);

}  // namespace sotto::npu::kernels::testing
