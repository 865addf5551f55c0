// The emulated bfloat16 instructions of the NPU core: billions of products a second on one thread,
// with the bit-exact model and with plain float32, for each instruction set of this machine.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <vector>

#include "base/isa.h"
#include "npu/kernels/host/bf16_mac.h"

namespace {

using namespace sotto;
using namespace sotto::npu::host;

/// Bits of normally distributed numbers.
std::vector<bfloat16> numbers(std::size_t n) {
  std::mt19937 generator(1);
  std::normal_distribution<float> distribution;
  std::vector<bfloat16> out;
  for (std::size_t i = 0; i < n; ++i) {
    out.push_back(
        bfloat16::from_bits(narrow_to_bf16(distribution(generator), Rounding::conv_even)));
  }
  return out;
}

void report(benchmark::State& state, double products) {
  state.counters["GMAC/s"] =
      benchmark::Counter(products * 1e-9, benchmark::Counter::kIsIterationInvariantRate);
}

constexpr int kTile = 64, kBlocksM = kTile / 4, kBlocksN = kTile / 4, kBlocksK = kTile / 8;
constexpr double kProducts = 1.0 * kTile * kTile * kTile;

/// 64×64×64 in blocks of 4×8 and 8×4, an instruction a call, as the device kernels issue them: 2×4
/// accumulators that take turns.
void GemmByInstruction(benchmark::State& state, const MacKernels& kernels) {
  const auto a = numbers(kTile * kTile), b = numbers(kTile * kTile);
  std::vector<float> c(kTile * kTile);
  for (auto _ : state) {
    for (int m = 0; m < kBlocksM; m += 2) {
      for (int n = 0; n < kBlocksN; n += 4) {
        alignas(64) std::array<std::array<float, 16>, 8> sums{};
        for (int k = 0; k < kBlocksK; ++k) {
          for (int i = 0; i < 8; ++i) {
            kernels.mac_4x8x4(sums[i].data(), &a[((m + i / 4) * kBlocksK + k) * 32],
                              &b[(k * kBlocksN + n + i % 4) * 32], 1, 0, 0, false);
          }
        }
        for (int i = 0; i < 8; ++i) {
          std::copy(sums[i].begin(), sums[i].end(), &c[((m + i / 4) * kBlocksN + n + i % 4) * 16]);
        }
      }
    }
    benchmark::DoNotOptimize(c.data());
  }
  report(state, kProducts);
}

/// The same with one chain for each block of c.
void GemmByChain(benchmark::State& state, const MacKernels& kernels) {
  const auto a = numbers(kTile * kTile), b = numbers(kTile * kTile);
  std::vector<float> c(kTile * kTile);
  for (auto _ : state) {
    std::fill(c.begin(), c.end(), 0.0f);
    for (int m = 0; m < kBlocksM; ++m) {
      for (int n = 0; n < kBlocksN; ++n) {
        kernels.mac_4x8x4(&c[(m * kBlocksN + n) * 16], &a[m * kBlocksK * 32], &b[n * 32], kBlocksK,
                          32, kBlocksN * 32, false);
      }
    }
    benchmark::DoNotOptimize(c.data());
  }
  report(state, kProducts);
}

/// Blocks of zeros on an empty accumulator, as padding makes them.
void Zeros(benchmark::State& state, const MacKernels& kernels) {
  const std::vector<bfloat16> a(32, bfloat16::from_bits(0)), b = numbers(32);
  std::array<float, 16> c{};
  for (auto _ : state) {
    kernels.mac_4x8x4(c.data(), a.data(), b.data(), 1, 0, 0, false);
    benchmark::DoNotOptimize(c.data());
  }
  report(state, 128);
}

void Elementwise(benchmark::State& state, const MacKernels& kernels) {
  const auto a = numbers(16), b = numbers(16);
  std::array<float, 16> c{};
  for (auto _ : state) {
    kernels.mac_elementwise_16(c.data(), a.data(), b.data(), false);
    benchmark::DoNotOptimize(c.data());
  }
  report(state, 16);
}

/// Through the current core's state, as aie::mmul calls it.
void CallThroughCore(benchmark::State& state) {
  const auto a = numbers(32), b = numbers(32);
  std::array<float, 16> c{};
  for (auto _ : state) {
    mac_4x8x4(c.data(), a.data(), b.data());
    benchmark::DoNotOptimize(c.data());
  }
  report(state, 128);
}
BENCHMARK(CallThroughCore);

const bool kRegistered = [] {
  for (const Isa isa : {Isa::portable, Isa::avx2, Isa::avx512}) {
    if (!machine_has(isa)) continue;
    for (const MacModel model : {MacModel::exact, MacModel::plain_f32}) {
      const MacKernels* const kernels = &mac_kernels(isa, model);
      const auto add = [&](const char* name, void (*run)(benchmark::State&, const MacKernels&)) {
        const std::string full = std::string(name) + "/" + std::string(name_of(isa)) +
                                 (model == MacModel::exact ? "/exact" : "/plain_f32");
        benchmark::RegisterBenchmark(full.c_str(),
                                     [=](benchmark::State& state) { run(state, *kernels); });
      };
      add("GemmByInstruction", GemmByInstruction);
      add("GemmByChain", GemmByChain);
      add("Zeros", Zeros);
      add("Elementwise", Elementwise);
    }
  }
  return true;
}();

}  // namespace
