#include "cpu/fastest_type.h"

#include <algorithm>
#include <array>
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

/// The shortest of several runs of each body, in turn: what disturbs a run makes it longer only,
/// and what lasts longer than a run disturbs all.
template <typename... Bodies>
std::array<double, sizeof...(Bodies)> shortest(const Bodies&... bodies) {
  constexpr int kRuns = 10;
  std::array<double, sizeof...(Bodies)> seconds;
  seconds.fill(std::numeric_limits<double>::infinity());
  for (int run = 0; run < kRuns; ++run) {
    std::size_t i = 0;
    const auto time = [&](const auto& body) {
      const Stopwatch stopwatch;
      body();
      seconds[i] = std::min(seconds[i], stopwatch.seconds());
      ++i;
    };
    (time(bodies), ...);
  }
  return seconds;
}

std::vector<float> numbers(const char* name, int size) {
  return model::seeded_numbers(name, 1, static_cast<std::size_t>(size), 0, 1);
}

}  // namespace

model::ComputeType fastest(const TypeTimes& times, double worth) {
  model::ComputeType type = model::ComputeType::float32;
  double best = times.float32 / worth;
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
  const BlocksLinear floats(runtime, weight, bias, kOut, kIn);
  const Int8Linear bytes(int8, quantize(weight, kOut, kIn), bias);
  Int8Activations byte_inputs(int8.kernels, kBlocks, kIn);
  quantize_blocks(int8, byte_inputs, x.data(), kBlocks, kIn);
  const auto run_floats = [&] { floats(y.data(), x.data(), kBlocks); };
  const auto run_bytes = [&] { bytes(y.data(), byte_inputs, kBlocks); };
  const Bf16Kernels* const bf16 = bf16_kernels_for(isa);
  if (bf16 == nullptr) {
    const auto [float_seconds, byte_seconds] = shortest(run_floats, run_bytes);
    return {.float32 = float_seconds, .bfloat16 = std::nullopt, .int8 = byte_seconds};
  }
  const Bf16Linear halves(runtime, *bf16, weight, bias, kOut, kIn);
  const Buffer<Bf16> half_inputs(static_cast<std::size_t>(kBlocks * bf16->block * kIn));
  const auto [float_seconds, byte_seconds, half_seconds] =
      shortest(run_floats, run_bytes, [&] { halves(y.data(), half_inputs.data(), kBlocks); });
  return {.float32 = float_seconds, .bfloat16 = half_seconds, .int8 = byte_seconds};
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
  const auto [float_seconds, byte_seconds] =
      shortest([&] { floats(y.data(), x.data(), 1); },
               [&] { bytes(y.data(), scratch.quantise(place, x.data(), 1, kIn), 1); });
  // bfloat16 has half of the bytes at no better products than int8's.
  return {.float32 = float_seconds, .bfloat16 = std::nullopt, .int8 = byte_seconds};
}

bool bfloat16_is_faster(Isa isa) {
  constexpr std::int64_t kSteps = 4096;
  const MultiplyLoops& loops = multiply_loops_for(isa);
  if (loops.bfloat16.products == 0) return false;
  const auto [floats, halves] =
      shortest([&] { loops.float32.run(kSteps); }, [&] { loops.bfloat16.run(kSteps); });
  return loops.bfloat16.products / halves > loops.float32.products / floats;
}

}  // namespace sotto::cpu
