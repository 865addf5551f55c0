// The decoder on Whisper-base sizes with made-up weights: a step of 1 to 16 sequences in each type
// of numbers, as time for a token and bytes a second, beside the bytes a second at which the same
// threads read a buffer of the same size.
//
// Alternate them: --benchmark_enable_random_interleaving=true --benchmark_repetitions=9
#include <benchmark/benchmark.h>

#include <memory>
#include <vector>

#include "base/buffer.h"
#include "base/thread_pool.h"
#include "bench/memory_probe.h"
#include "bench/work.h"
#include "cpu/decoder.h"
#include "model/seeded.h"
#include "whisper_base.h"

namespace {

using namespace sotto;
using bench::kBase;
using bench::pool;
using model::ComputeType;

constexpr int kTokens = 100;  // of a window

const model::Weights& weights() {
  static const model::Weights instance = model::seeded_weights(kBase, 1);
  return instance;
}

const std::vector<float>& features() {
  static const std::vector<float> instance = model::seeded_numbers("features", 1, 1500 * 512, 0, 1);
  return instance;
}

model::Decoder& decoder(ComputeType type) {
  static std::unique_ptr<model::Decoder> instances[4];
  auto& instance = instances[static_cast<int>(type)];
  if (!instance) {
    instance = cpu::make_decoder(kBase, weights(), active_isa(), type, pool());
    instance->start(features());
  }
  return *instance;
}

/// Bytes that a step of `batch` windows with `n_past` tokens each reads.
std::size_t step_bytes(ComputeType type, std::size_t batch, std::size_t n_past) {
  const int n = static_cast<int>(batch);
  const bench::Work work = bench::step_work(kBase, type, n, n, static_cast<int>(n_past));
  return static_cast<std::size_t>(work[bench::Resource::memory]);
}

void report_bytes(benchmark::State& state, std::size_t bytes) {
  state.counters["MB"] = static_cast<double>(bytes) * 1e-6;
  state.counters["GB/s"] = benchmark::Counter(static_cast<double>(bytes) * 1e-9,
                                              benchmark::Counter::kIsIterationInvariantRate);
}

/// One token for each of `batch` sequences with windows of their own.
void Step(benchmark::State& state, ComputeType type) {
  const auto batch = static_cast<std::size_t>(state.range(0));
  std::vector<std::unique_ptr<model::Decoder>> sequences;
  std::vector<model::Step> steps;
  for (std::size_t i = 0; i < batch; ++i) {
    sequences.push_back(decoder(type).new_sequence());
    sequences.back()->start(features());
    steps.push_back({.sequence = sequences.back().get(),
                     .token = 50258,
                     .allowed = {.ranges = {{{0, 50364}, {50364, 51865}}}}});
  }
  for (auto _ : state) {
    if (sequences.front()->size() == kTokens) {
      for (const auto& sequence : sequences) sequence->rewind();
    }
    sequences.front()->step(steps);
  }
  report_bytes(state, step_bytes(type, batch, kTokens / 2));
  state.counters["ms/token"] = benchmark::Counter(
      static_cast<double>(batch) * 1e3,
      benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK_CAPTURE(Step, int8, ComputeType::int8)->Arg(1)->Arg(5)->Arg(8)->Arg(16)->UseRealTime();
BENCHMARK_CAPTURE(Step, float32, ComputeType::float32)->Arg(1)->Arg(8)->UseRealTime();
BENCHMARK_CAPTURE(Step, bfloat16, ComputeType::bfloat16)->Arg(1)->Arg(8)->UseRealTime();
BENCHMARK_CAPTURE(Step, int8_float32, ComputeType::int8_float32)->Arg(1)->Arg(8)->UseRealTime();

/// All threads read as much memory as a step of `batch` sequences does.
void ReadMemory(benchmark::State& state) {
  const std::size_t bytes =
      step_bytes(ComputeType::int8, static_cast<std::size_t>(state.range(0)), kTokens / 2);
  const Buffer<std::byte> buffer(bytes);
  for (auto _ : state) {
    benchmark::DoNotOptimize(bench::read_memory(buffer.span(), pool()));
  }
  report_bytes(state, bytes);
}
BENCHMARK(ReadMemory)->Arg(1)->Arg(8)->UseRealTime();

/// Keys and values of a window.
void Start(benchmark::State& state, ComputeType type) {
  for (auto _ : state) decoder(type).start(features());
  state.counters["GMAC/s"] = benchmark::Counter(6.0 * 1500 * 2 * 512 * 512 * 1e-9,
                                                benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK_CAPTURE(Start, int8, ComputeType::int8)->UseRealTime();
BENCHMARK_CAPTURE(Start, float32, ComputeType::float32)->UseRealTime();

/// A prompt of this many tokens.
void Prompt(benchmark::State& state, ComputeType type) {
  const std::vector<int> tokens(static_cast<std::size_t>(state.range(0)), 50258);
  for (auto _ : state) {
    decoder(type).rewind();
    benchmark::DoNotOptimize(decoder(type).append(tokens, 1).data());
  }
}
BENCHMARK_CAPTURE(Prompt, int8, ComputeType::int8)->Arg(4)->Arg(224)->UseRealTime();
BENCHMARK_CAPTURE(Prompt, float32, ComputeType::float32)->Arg(4)->Arg(224)->UseRealTime();

}  // namespace
