// Random designs in both engines: what the checker accepts finishes, in the same cycle, with the
// same numbers in every line of the report and the same data; and again without reset.
#include <gtest/gtest.h>

#include "npu/sim/random_designs_testing.h"

namespace sotto::npu::sim {
namespace {

using namespace testing;

constexpr std::uint32_t kDesigns = 1500;

struct Outcome {
  Report report;
  std::vector<std::vector<std::int32_t>> words;
};

Outcome run(const design::ArrayProgram& program, std::uint32_t seed, EngineKind engine) {
  Hosts hosts(program);
  Options options = quick(engine);
  const int clocks[] = {800, 1027, 1309, 1600, 1800};
  options.mhz = clocks[seed % 5];
  options.hosts = hosts.spans();
  options.dispatches = 2;
  Report report = simulate(program, random_design(seed).library, options);
  return {std::move(report), std::move(hosts.words)};
}

TEST(Random, AcceptedDesignsFinishInTheSameCycleInBothEngines) {
  std::uint32_t accepted = 0;
  for (std::uint32_t seed = 0; seed < kDesigns; ++seed) {
    const RandomDesign made = random_design(seed);
    if (!design::testing::findings_of(made.design).empty()) continue;
    ++accepted;
    const auto program = design::lower(design::check(made.design));
    const Outcome plain = run(program, seed, EngineKind::reference);
    const Outcome fast = run(program, seed, EngineKind::fast);
    ASSERT_TRUE(plain.report.finished()) << seed << "\n" << to_string(plain.report);
    ASSERT_EQ(plain.report, fast.report) << seed << "\n"
                                         << to_string(plain.report) << to_string(fast.report);
    ASSERT_TRUE(plain.report.findings.empty()) << seed << "\n" << to_string(plain.report);
    ASSERT_EQ(plain.words, fast.words) << seed;
  }
  EXPECT_GE(accepted, 1000u);
}

}  // namespace
}  // namespace sotto::npu::sim
