// The CPU engine on Whisper-base sizes with made-up weights: the whole encoder, its parts, and the
// decoder, each as billions of products a second; Peak is what the machine could do.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "base/buffer.h"
#include "base/thread_pool.h"
#include "cpu/blocks.h"
#include "cpu/convolutions.h"
#include "cpu/decoder.h"
#include "cpu/encoder.h"
#include "cpu/int8_blocks.h"
#include "cpu/multiply_loops.h"
#include "model/seeded.h"
#include "whisper_base.h"

namespace {

using namespace sotto;
using bench::kBase;
using bench::pool;

constexpr auto kFloat32 = model::ComputeType::float32;
constexpr double kT = 1500, kD = 512, kF = 2048, kLayers = 6;

cpu::PackedWeights& packed() {
  static cpu::PackedWeights instance;
  return instance;
}

const cpu::Runtime& engine() {
  static const cpu::Runtime instance{cpu::kernels_for(active_isa()), pool(), packed()};
  return instance;
}

void report(benchmark::State& state, double products) {
  state.counters["GMAC/s"] =
      benchmark::Counter(products * 1e-9, benchmark::Counter::kIsIterationInvariantRate);
}

Buffer<float> numbers(std::size_t n) {
  Buffer<float> buffer(n);
  for (std::size_t i = 0; i < n; ++i) {
    buffer[i] = static_cast<float>(i * 2654435761u % 1000) * 1e-3f - 0.5f;
  }
  return buffer;
}

/// What the machine multiplies at best in these numbers (cpu/multiply_loops.h).
void Peak(benchmark::State& state, const cpu::MultiplyLoop cpu::MultiplyLoops::*numbers) {
  const cpu::MultiplyLoop loop = cpu::multiply_loops_for(active_isa()).*numbers;
  if (loop.products == 0) {
    state.SkipWithError("this instruction set has no products of these numbers");
    return;
  }
  constexpr std::int64_t kSteps = 2'000'000;
  for (auto _ : state) {
    engine().parallel_for(pool().size(), [&](std::int64_t, int) { loop.run(kSteps); });
  }
  report(state, static_cast<double>(loop.products) * kSteps * pool().size());
}
BENCHMARK_CAPTURE(Peak, float32, &cpu::MultiplyLoops::float32)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Peak, bfloat16, &cpu::MultiplyLoops::bfloat16)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Peak, int16, &cpu::MultiplyLoops::int16)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Peak, int8, &cpu::MultiplyLoops::int8)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

const cpu::Int8Runtime& int8_engine() {
  static const cpu::Int8Runtime instance{cpu::int8_kernels_for(active_isa()), pool(), packed()};
  return instance;
}

/// As Linear, in int8; the widest layer writes the activations of the next.
void Int8Linear(benchmark::State& state) {
  const auto n_out = static_cast<int>(state.range(0)), n_in = static_cast<int>(state.range(1));
  const int block = int8_engine().kernels.block, n_blocks = cpu::blocks_of(1500, block);
  const auto size = [&](int d) { return static_cast<std::size_t>(n_blocks) * block * d; };
  const Buffer<float> w = numbers(static_cast<std::size_t>(n_out) * n_in), bias = numbers(n_out);
  const cpu::Int8Linear layer(int8_engine(), cpu::quantize(w.span(), n_out, n_in), bias.span());
  const Buffer<float> rows = numbers(size(n_in));
  cpu::Int8Activations x(int8_engine().kernels, n_blocks, n_in);
  cpu::quantize_blocks(int8_engine(), x, rows.data(), n_blocks, n_in);
  Buffer<float> y(size(n_out));
  cpu::Int8Activations bytes(int8_engine().kernels, n_blocks, n_out);
  Buffer<float> scratch(static_cast<std::size_t>(cpu::kGroup * block * pool().size()));
  for (auto _ : state) {
    if (n_out == 2048) {
      layer(bytes, x, n_blocks, cpu::Activation::gelu, scratch.data());
    } else {
      layer(y.data(), x, n_blocks);
    }
  }
  report(state, kT * n_out * n_in);
}
BENCHMARK(Int8Linear)
    ->Args({512, 512})
    ->Args({2048, 512})
    ->Args({512, 2048})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

/// Queries, keys and values of 1500 positions, quantised.
struct Projected {
  Projected() {
    const int n_blocks = cpu::blocks_of(1500, int8_engine().kernels.block);
    const Buffer<float> rows =
        numbers(static_cast<std::size_t>(n_blocks) * int8_engine().kernels.block * 512);
    cpu::quantize_blocks(int8_engine(), x, rows.data(), n_blocks, 512);
  }

  const Buffer<float> w = numbers(1536 * 512), bias = numbers(1536), sums = numbers(512 * 512);
  const cpu::Int8Linear layer{int8_engine(), cpu::quantize(w.span(), 1536, 512), bias.span(), 64};
  cpu::Int8Activations x{int8_engine().kernels, cpu::blocks_of(1500, int8_engine().kernels.block),
                         512};
  cpu::Int8Attention attention{int8_engine(), 1500, 8, 64};
};

void Int8Projections(benchmark::State& state) {
  Projected p;
  for (auto _ : state) p.attention.project(p.layer, p.x, p.sums.data());
  report(state, kT * 3 * kD * kD);
}
BENCHMARK(Int8Projections)->UseRealTime()->Unit(benchmark::kMillisecond);

void Int8Attention(benchmark::State& state) {
  Projected p;
  p.attention.project(p.layer, p.x, p.sums.data());
  cpu::Int8Activations out(int8_engine().kernels, cpu::blocks_of(1500, int8_engine().kernels.block),
                           512, 64);
  for (auto _ : state) p.attention(out);
  report(state, 2 * kT * kT * kD);
}
BENCHMARK(Int8Attention)->UseRealTime()->Unit(benchmark::kMillisecond);

void Int8LayerNorm(benchmark::State& state) {
  const int block = int8_engine().kernels.block, n_blocks = cpu::blocks_of(1500, block);
  const Buffer<float> gamma = numbers(512), beta = numbers(512);
  const Buffer<float> x = numbers(static_cast<std::size_t>(n_blocks) * block * 512);
  cpu::Int8Activations y(int8_engine().kernels, n_blocks, 512);
  Buffer<float> scratch(static_cast<std::size_t>(512 * block * pool().size()));
  const cpu::Int8LayerNorm layer(int8_engine(), gamma.span(), beta.span(), 512);
  for (auto _ : state) layer(y, x.data(), 1500, scratch.data());
}
BENCHMARK(Int8LayerNorm)->UseRealTime()->Unit(benchmark::kMillisecond);

/// One linear layer on 1500 positions: outputs, inputs.
void Linear(benchmark::State& state) {
  const auto n_out = static_cast<int>(state.range(0)), n_in = static_cast<int>(state.range(1));
  const int block = engine().kernels.block, n_blocks = cpu::blocks_of(1500, block);
  const auto size = [&](int d) { return static_cast<std::size_t>(n_blocks) * block * d; };
  const Buffer<float> w = numbers(static_cast<std::size_t>(n_out) * n_in), bias = numbers(n_out);
  const cpu::BlocksLinear layer(engine(), w.span(), bias.span(), n_out, n_in);
  const Buffer<float> x = numbers(size(n_in));
  Buffer<float> y(size(n_out));
  const auto activation =
      n_out > n_in && n_out == 2048 ? cpu::Activation::gelu : cpu::Activation::none;
  for (auto _ : state) layer(y.data(), x.data(), n_blocks, activation);
  report(state, kT * n_out * n_in);
}
BENCHMARK(Linear)
    ->Args({512, 512})
    ->Args({1536, 512})
    ->Args({2048, 512})
    ->Args({512, 2048})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

void Attention(benchmark::State& state) {
  const int block = engine().kernels.block, n_blocks = cpu::blocks_of(1500, block);
  const std::ptrdiff_t stride = std::ptrdiff_t{512} * block;
  const Buffer<float> qkv = numbers(static_cast<std::size_t>(3 * stride * n_blocks));
  Buffer<float> out(static_cast<std::size_t>(stride * n_blocks));
  Buffer<float> scratch(cpu::attention_scratch(block, 64) * pool().size());
  for (auto _ : state) {
    cpu::multi_head_attention(engine(),
                              {.out = out.data(),
                               .out_block = stride,
                               .q = qkv.data(),
                               .q_block = 3 * stride,
                               .k = qkv.data() + stride,
                               .v = qkv.data() + 2 * stride,
                               .kv_block = 3 * stride,
                               .n_query_blocks = n_blocks,
                               .n_keys = 1500,
                               .n_heads = 8,
                               .d = 64},
                              scratch.data());
  }
  report(state, 2 * kT * kT * kD);
}
BENCHMARK(Attention)->UseRealTime()->Unit(benchmark::kMillisecond);

/// Both convolutions of the encoder, in the type of that number.
void Convolutions(benchmark::State& state) {
  const auto type = static_cast<cpu::ConvolutionType>(state.range(0));
  if (type == cpu::ConvolutionType::bfloat16 && active_isa() != Isa::avx512_bf16) {
    state.SkipWithError("needs AVX-512 BF16");
    return;
  }
  const model::Weights weights = model::seeded_weights(kBase, 1);
  cpu::PackedWeights panels;
  const cpu::Runtime runtime{cpu::kernels_for(active_isa()), pool(), panels};
  const auto convolutions = cpu::make_convolutions(
      runtime, active_isa(), type, cpu::Parameters(weights, "encoder", panels), kBase);
  const auto size = static_cast<std::size_t>(cpu::blocks_of(1500, runtime.kernels.block)) *
                    runtime.kernels.block * 512;
  const Buffer<float> mel = numbers(80 * 3000), positions = numbers(size);
  Buffer<float> y(size);
  state.SetLabel(std::string(name_of(type)));
  for (auto _ : state) {
    (*convolutions)(y.data(), {.data = mel.data(), .n_mels = 80, .n_frames = 3000, .stride = 3000},
                    positions.data());
  }
  report(state, kT * 2 * kD * 240 + kT * kD * kD * 3);
}
BENCHMARK(Convolutions)->DenseRange(0, 2)->UseRealTime()->Unit(benchmark::kMillisecond);

void LayerNorm(benchmark::State& state) {
  const int n_blocks = cpu::blocks_of(1500, engine().kernels.block);
  const Buffer<float> gamma = numbers(512), beta = numbers(512);
  const Buffer<float> x =
      numbers(static_cast<std::size_t>(n_blocks) * engine().kernels.block * 512);
  Buffer<float> y(x.size());
  const cpu::LayerNorm layer(engine(), gamma.span(), beta.span(), 512);
  for (auto _ : state) layer.blocks(y.data(), x.data(), n_blocks);
}
BENCHMARK(LayerNorm)->UseRealTime()->Unit(benchmark::kMillisecond);

/// One window of 30 s, in each type.
void Encoder(benchmark::State& state) {
  const auto type = static_cast<model::ComputeType>(state.range(0));
  if (type == model::ComputeType::bfloat16 && active_isa() != Isa::avx512_bf16) {
    state.SkipWithError("needs AVX-512 BF16");
    return;
  }
  const model::Weights weights = model::seeded_weights(kBase, 1);
  const auto encoder = cpu::make_encoder(kBase, weights, active_isa(), type, pool());
  const Buffer<float> mel = numbers(80 * 3000);
  Buffer<float> features(1500 * 512);
  const model::MelWindow window = {
      .data = mel.data(), .n_mels = 80, .n_frames = 3000, .stride = 3000};
  state.SetLabel(std::string(name_of(type)));
  for (auto _ : state) encoder->encode(window, features.span());
  report(state, kLayers * (kT * (4 * kD * kD + 2 * kD * kF) + 2 * kT * kT * kD) +
                    2 * kT * kD * 240 + kT * kD * 3 * kD);
}
BENCHMARK(Encoder)
    ->Arg(static_cast<int>(model::ComputeType::float32))
    ->Arg(static_cast<int>(model::ComputeType::bfloat16))
    ->Arg(static_cast<int>(model::ComputeType::int8))
    ->Arg(static_cast<int>(model::ComputeType::int8_float32))
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

/// Keys and values of a window for the decoder.
void DecoderStart(benchmark::State& state) {
  const model::Weights weights = model::seeded_weights(kBase, 1);
  const auto decoder = cpu::make_decoder(kBase, weights, active_isa(), kFloat32, pool());
  const Buffer<float> features = numbers(1500 * 512);
  for (auto _ : state) decoder->start(features.span());
  report(state, kLayers * kT * 2 * kD * kD);
}
BENCHMARK(DecoderStart)->UseRealTime()->Unit(benchmark::kMillisecond);

/// One append() of this many tokens to an empty sequence.
void DecoderPrompt(benchmark::State& state) {
  const model::Weights weights = model::seeded_weights(kBase, 1);
  const auto decoder = cpu::make_decoder(kBase, weights, active_isa(), kFloat32, pool());
  decoder->start(numbers(1500 * 512).span());
  const std::vector<int> tokens(static_cast<std::size_t>(state.range(0)), 50258);
  for (auto _ : state) {
    decoder->rewind();
    benchmark::DoNotOptimize(decoder->append(tokens, 1).data());
  }
}
BENCHMARK(DecoderPrompt)->Arg(4)->Arg(224)->UseRealTime()->Unit(benchmark::kMillisecond);

/// One token after another, up to 200.
void DecoderStep(benchmark::State& state) {
  const model::Weights weights = model::seeded_weights(kBase, 1);
  const auto decoder = cpu::make_decoder(kBase, weights, active_isa(), kFloat32, pool());
  decoder->start(numbers(1500 * 512).span());
  const int token = 50258;
  for (auto _ : state) {
    if (decoder->size() == 200) decoder->rewind();
    benchmark::DoNotOptimize(decoder->append({&token, 1}, 1).data());
  }
}
BENCHMARK(DecoderStep)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
