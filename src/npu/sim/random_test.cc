// Random designs in both engines: what the checker accepts finishes, in the same cycle, with the
// same numbers in every line of the report and the same data; and again without reset.
#include <gtest/gtest.h>

#include <random>

#include "npu/sim/random_designs_testing.h"

namespace sotto::npu::sim {
namespace {

using namespace testing;

constexpr std::uint32_t kDesigns = 1500;

struct Outcome {
  Report report;
  std::vector<std::vector<std::int32_t>> words;
};

/// Other costs for most seeds: FIFOs that just hold a word, slow or instant memory, free locks.
void vary(Costs& costs, std::uint32_t seed) {
  std::mt19937 random(seed);
  const auto one_of = [&](std::initializer_list<int> values) {
    return *(values.begin() + random() % values.size());
  };
  if (seed % 4 == 0) return;
  costs.egress_words = one_of({6, 7, 12, 30});
  costs.ingress_words = one_of({1, 2, 16, 40});
  costs.memory_latency = one_of({1, 5, 5, 9});
  costs.chain = one_of({0, 2, 11});
  costs.dma_acquire = one_of({1, 1, 4});
  costs.core_acquire = one_of({1, 15, 40});
  costs.ring_turn = one_of({0, 70});
  costs.bank_slack = one_of({0, 1, 3});
  costs.request = one_of({1000, 18000, 400000});
  costs.write_request = one_of({1000, 18000, 400000});
  costs.request_byte = one_of({0, 138, 1000});
  costs.new_page = one_of({0, 12500, 300000});
  costs.requests_ahead = one_of({1, 2, 8});
  costs.burst_gap_cycles = one_of({0, 1, 5});
  costs.read_latency = one_of({0, 250000});
}

Outcome run(const design::ArrayProgram& program, std::uint32_t seed, EngineKind engine) {
  Hosts hosts(program);
  Options options = quick(engine);
  const int clocks[] = {800, 1027, 1309, 1600, 1800};
  options.mhz = clocks[seed % 5];
  options.hosts = hosts.spans();
  options.dispatches = 2;
  vary(options.costs, seed);
  Report report = simulate(program, random_design(seed).library, options);
  return {std::move(report), std::move(hosts.words)};
}

TEST(Random, AcceptedDesignsFinishInTheSameCycleInBothEngines) {
  std::uint32_t accepted = 0;
  struct {
    int stalls = 0, output = 0, locks = 0;  // cores that waited so
  } met;
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
    for (const CoreReport& core : plain.report.cores) {
      met.stalls += core.bank_stalls > 0;
      met.output += core.wait_output > 0;
      met.locks += core.wait_lock > 0;
    }
  }
  EXPECT_GE(accepted, 1000u);
  EXPECT_GT(met.stalls, 200);
  EXPECT_GT(met.output, 50);
  EXPECT_GT(met.locks, 50);
}

}  // namespace
}  // namespace sotto::npu::sim
