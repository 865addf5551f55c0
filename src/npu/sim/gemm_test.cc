// The whole-array product of the examples: right, in the same cycle in both engines, and fast.
#include "npu/design/examples/gemm.h"

#include <chrono>

#include "npu/kernels/kernels.h"
#include "npu/sim/sim_testing.h"

namespace sotto::npu::sim {
namespace {

using namespace testing;

/// Costs as measured in a core alone: 5427 cycles for 64 x 64 x 64 with AMD's kernel.
KernelLibrary library() {
  KernelLibrary result;
  result.add("zero_sums", host_function(zero_sums), Cycle{520});
  result.add("gemm_bf16", host_function(gemm_bf16), [](const CallArguments&) {
    return Cost{5427, {1024, 2048, 2048}};
  });
  return result;
}

Report run(design::GemmShape shape, EngineKind engine, Mode mode,
           std::vector<std::span<std::byte>> hosts = {}) {
  const auto program = design::lower(design::check(design::gemm(shape)));
  Options options;
  options.engine = engine;
  options.mode = mode;
  options.hosts = std::move(hosts);
  return simulate(program, library(), options);
}

TEST(Gemm, BothEnginesAgreeToTheCycle) {
  const Report plain = run({256, 128, 256}, EngineKind::reference, Mode::timing);
  const Report fast = run({256, 128, 256}, EngineKind::fast, Mode::timing);
  EXPECT_TRUE(fast.finished());
  EXPECT_EQ(plain, fast) << to_string(plain) << to_string(fast);
}

TEST(Gemm, IsRight) {
  const int m = 256, k = 128, n = 512;
  std::vector<bfloat16> a(m * k), b(k * n);
  std::vector<float> c(m * n, -1.0f);
  for (int i = 0; i < m * k; ++i) a[i] = bfloat16(static_cast<float>(i % 7 - 3));
  for (int i = 0; i < k * n; ++i) b[i] = bfloat16(static_cast<float>(i % 5 - 2));
  const auto bytes = [](auto& all) { return std::as_writable_bytes(std::span(all)); };
  const Report timed = run({m, k, n}, EngineKind::fast, Mode::both, {bytes(a), bytes(b), bytes(c)});
  EXPECT_TRUE(timed.findings.empty()) << to_string(timed);
  const auto expect_product = [&] {
    for (int row = 0; row < m; row += 37) {
      for (int column = 0; column < n; ++column) {
        float sum = 0;
        for (int i = 0; i < k; ++i) {
          sum += static_cast<float>(a[row * k + i]) * static_cast<float>(b[i * n + column]);
        }
        ASSERT_EQ(c[row * n + column], sum) << row << " " << column;
      }
    }
  };
  expect_product();
  // Data does not change the time, nor its absence.
  const Report without = run({m, k, n}, EngineKind::fast, Mode::timing);
  EXPECT_EQ(timed, without) << to_string(timed) << to_string(without);
  std::fill(c.begin(), c.end(), -1.0f);
  run({m, k, n}, EngineKind::fast, Mode::functional, {bytes(a), bytes(b), bytes(c)});
  expect_product();
}

TEST(Gemm, SaysWhatBinds) {
  const auto bottleneck = [](Cycle product) {
    KernelLibrary kernels = library();
    kernels.add("gemm_bf16", {}, product);
    Options options;
    options.mode = Mode::timing;
    return simulate(design::lower(design::check(design::gemm({512, 512, 512}))), kernels, options)
        .binding()
        .resource;
  };
  EXPECT_EQ(bottleneck(5427).substr(0, 4), "core");
  // Tiles of 8 KB on eight channels, in runs of 128 bytes: 4 GB/s on each are some 3,700 cycles.
  EXPECT_EQ(bottleneck(1000).substr(0, 11), "host memory");
}

TEST(Gemm, IsFastToSimulate) {
  const auto begin = std::chrono::steady_clock::now();
  const Report report = run({1024, 1024, 1024}, EngineKind::fast, Mode::timing);
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const double rate = 16 * static_cast<double>(report.cycles()) / seconds;
  RecordProperty("core_cycles_per_second", std::to_string(rate));
  std::cout << to_string(report) << rate * 1e-6 << " M core-cycles/s\n";
  // The goal is 100 M on an idle machine in a release build; this is to notice a collapse.
  EXPECT_GT(rate, 5e6);
}

}  // namespace
}  // namespace sotto::npu::sim
