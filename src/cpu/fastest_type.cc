#include "cpu/fastest_type.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "base/buffer.h"
#include "base/stopwatch.h"
#include "base/thread_pool.h"
#include "cpu/bf16_blocks.h"
#include "cpu/blocks.h"
#include "cpu/gemv_linear.h"
#include "cpu/int8_blocks.h"
#include "cpu/multiply_loops.h"
#include "cpu/rows.h"
#include "model/seeded.h"

namespace sotto::cpu {
namespace {

// A layer that stays in the cache of a core and is long enough to be timed.
constexpr int kOut = 256, kIn = 256;
constexpr int kBlocks = 3;

/// The shortest of several runs: what disturbs a run makes it longer only.
template <typename Body>
double shortest(const Body& body) {
  constexpr int kRuns = 10;
  double seconds = std::numeric_limits<double>::infinity();
  for (int run = 0; run < kRuns; ++run) {
    const Stopwatch stopwatch;
    body();
    seconds = std::min(seconds, stopwatch.seconds());
  }
  return seconds;
}

std::vector<float> numbers(const char* name, int size) {
  return model::seeded_numbers(name, 1, static_cast<std::size_t>(size), 0, 1);
}

double time_int8(const Int8Runtime& runtime, const std::vector<float>& weight,
                 const std::vector<float>& bias, const std::vector<float>& x, float* y) {
  const Int8Linear layer(runtime, quantize(weight, kOut, kIn), bias);
  Int8Activations bytes(runtime.kernels, kBlocks, kIn);
  quantize_blocks(runtime, bytes, x.data(), kBlocks, kIn);
  return shortest([&] { layer(y, bytes, kBlocks); });
}

double time_bf16(const Runtime& runtime, const Bf16Kernels& kernels,
                 const std::vector<float>& weight, const std::vector<float>& bias, float* y) {
  const Bf16Linear layer(runtime, kernels, weight, bias, kOut, kIn);
  const Buffer<Bf16> pairs(static_cast<std::size_t>(kBlocks * kernels.block * kIn));
  return shortest([&] { layer(y, pairs.data(), kBlocks); });
}

}  // namespace

model::ComputeType fastest(const TypeTimes& times) {
  constexpr double kWorthIt = 1.1;
  model::ComputeType type = model::ComputeType::float32;
  double best = times.float32 / kWorthIt;
  if (times.bfloat16 && *times.bfloat16 < best) {
    best = *times.bfloat16;
    type = model::ComputeType::bfloat16;
  }
  if (times.int8 && *times.int8 < best) type = model::ComputeType::int8;
  return type;
}

TypeTimes time_encoder_types(Isa isa) {
  ThreadPool pool(1);
  PackedWeights weights;
  const Runtime runtime{kernels_for(isa), pool, weights};
  const Int8Runtime int8{int8_kernels_for(isa), pool, weights};
  const int n_positions = kBlocks * runtime.kernels.block;
  const std::vector<float> weight = numbers("weight", kOut * kIn), bias(kOut),
                           x = numbers("x", n_positions * kIn);
  Buffer<float> y(static_cast<std::size_t>(n_positions * kOut));
  const BlocksLinear layer(runtime, weight, bias, kOut, kIn);
  TypeTimes times{.float32 = shortest([&] { layer(y.data(), x.data(), kBlocks); }),
                  .bfloat16 = std::nullopt,
                  .int8 = time_int8(int8, weight, bias, x, y.data())};
  const Bf16Kernels* const bf16 = bf16_kernels_for(isa);
  if (bf16 != nullptr) times.bfloat16 = time_bf16(runtime, *bf16, weight, bias, y.data());
  return times;
}

TypeTimes time_decoder_types(Isa isa) {
  ThreadPool pool(1);
  PackedWeights weights;
  const GemvRuntime place{{kernels_for(isa), pool, weights}, gemv_int8_for(isa)};
  const std::vector<float> weight = numbers("weight", kOut * kIn), x = numbers("x", kIn);
  Buffer<float> y(kOut);
  const RowsLinear floats(place, weight, {}, kOut, kIn);
  const GemvLinear bytes(place, weight, {}, kOut, kIn);
  GemvScratch scratch(1, kIn);
  return {.float32 = shortest([&] { floats(y.data(), x.data(), 1); }),
          .bfloat16 = std::nullopt,  // half of the bytes at no better products than int8's
          .int8 = shortest([&] { bytes(y.data(), scratch.quantise(place, x.data(), 1, kIn), 1); })};
}

bool bfloat16_is_faster(Isa isa) {
  const auto products_a_second = [](const MultiplyLoop& loop) {
    constexpr std::int64_t kSteps = 4096;
    return static_cast<double>(kSteps * loop.products) / shortest([&] { loop.run(kSteps); });
  };
  const MultiplyLoops& loops = multiply_loops_for(isa);
  if (loops.bfloat16.products == 0) return false;
  static const bool faster = products_a_second(loops.bfloat16) > products_a_second(loops.float32);
  return faster;
}

}  // namespace sotto::cpu
