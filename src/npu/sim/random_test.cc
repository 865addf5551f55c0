// Random designs in both engines: what the checker accepts finishes, in the same cycle, with the
// same numbers in every line of the report and the same data; and again without reset. Spoiled
// ones, too: that the check accepts only what finishes shows where a design may well be wrong.
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <random>

#include "base/testing.h"
#include "npu/design/spoil_testing.h"
#include "npu/sim/random_designs_testing.h"

namespace sotto::npu::sim {
namespace {

using namespace testing;

/// A slow build tries a part of what the other one tries.
constexpr std::uint32_t kPart = sotto::testing::kSlowBuild ? 10 : 1;
constexpr std::uint32_t kDesigns = 1500 / kPart;

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

/// What a design uses of what a design can say, by name: so that the test knows what it tried.
std::map<std::string, int> uses(const design::Design& d) {
  using namespace design;
  std::map<std::string, int> has;
  const auto column = [&](TileRef tile) {
    return d.tiles[static_cast<std::size_t>(tile.index)].id.column;
  };
  const auto end = [&](const FifoEnd& at) {
    const TileId id = d.tiles[static_cast<std::size_t>(at.tile.index)].id;
    const std::string where = kind_of(id) == TileKind::core ? "core" : "memory tile";
    if (at.layout.size() > 1) {
      ++has[where + ", " + std::to_string(at.layout.size()) + " dimensions"];
    }
    has["room"] += at.room > 0;
    has["bank"] += at.bank.has_value();
    has["depth 1"] += at.depth == 1;
  };
  for (const Fifo& fifo : d.fifos) {
    has["broadcast"] += fifo.consumers.size() > 1;
    has["shared"] += fifo.shared;
    has["repeat"] += fifo.repeat > 1;
    has["padding"] += !fifo.padding.empty();
    end(*fifo.producer);
    for (const FifoEnd& at : fifo.consumers) {
      end(at);
      has["between columns"] += column(at.tile) != column(fifo.producer->tile);
    }
  }
  for (const Link& link : d.links) {
    has["join"] += link.inputs.size() > 1;
    has["distribute"] += link.outputs.size() > 1;
    has["memory tile to memory tile"] += std::any_of(
        d.links.begin(), d.links.end(),
        [&](const Link& other) { return other.inputs[0].fifo == link.outputs[0].fifo; });
  }
  for (const Core& core : d.cores) has["owner of its locks"] += !core.shares.empty();
  for (const Task& task : d.tasks) {
    const Transfer& moved = task.transfers[0];
    if (moved.layout.size() > 1) {
      ++has["task, " + std::to_string(moved.layout.size()) + " dimensions"];
    }
    has["runs that move on"] += task.runs > 1 && moved.run_stride > 0;
    has["runs of the same"] += task.runs > 1 && moved.run_stride == 0;
  }
  has["more than four tasks of a channel"] += d.tasks.size() > 5;
  for (const Step& step : d.sequence) {
    has["parameter"] += std::holds_alternative<WriteParameter>(step.action);
  }
  return has;
}

TEST(Random, AcceptedDesignsFinishInTheSameCycleInBothEngines) {
  std::uint32_t accepted = 0;
  struct {
    int stalls = 0, output = 0, locks = 0;  // cores that waited so
  } met;
  std::map<std::string, int> used;  // by so many designs
  for (std::uint32_t seed = 0; seed < kDesigns; ++seed) {
    const RandomDesign made = random_design(seed);
    if (!design::testing::findings_of(made.design).empty()) continue;
    ++accepted;
    for (const auto& [name, times] : uses(made.design)) used[name] += times > 0;
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
  const int part = static_cast<int>(kPart);
  EXPECT_GE(accepted, 1000 / kPart);
  EXPECT_GT(met.stalls, 200 / part);
  EXPECT_GT(met.output, 50 / part);
  EXPECT_GT(met.locks, 50 / part);
  for (const auto& [name, designs] : used) {
    RecordProperty(name, designs);
    EXPECT_GE(designs, sotto::testing::kSlowBuild ? 1 : 20) << name;
  }
}

/// Without data, as sizes may be absurd.
Report timed(const design::ArrayProgram& program, const KernelLibrary& library, EngineKind engine) {
  Options options = quick(engine);
  options.mode = Mode::timing;
  options.dispatches = 2;
  options.cycles_max = 2000000;
  return simulate(program, library, options);
}

TEST(Random, SpoiledDesignsThatAreAcceptedFinish) {
  std::mt19937 random(6);
  int accepted = 0, refused = 0, deadlocks = 0;
  for (std::uint32_t seed = 0; seed < 6000 / kPart; ++seed) {
    RandomDesign made = random_design(seed);
    // What a program that owns its locks does, the check is told.
    if (!made.design.cores[0].shares.empty()) continue;
    for (std::uint32_t times = 1 + seed % 2; times > 0; --times) {
      design::testing::Spoiler(random).spoil(made.design);
    }
    const auto findings = design::testing::findings_of(made.design);
    if (!findings.empty()) {
      ++refused;
      deadlocks += findings[0].category == design::Category::deadlock;
      continue;
    }
    const auto program = design::lower(design::check(made.design));
    Report fast;
    try {
      fast = timed(program, random_design(seed).library, EngineKind::fast);
    } catch (const Error&) {
      continue;  // too long
    }
    ++accepted;
    ASSERT_TRUE(fast.finished()) << seed << "\n" << to_string(fast);
    if (fast.cycles() > 100000) continue;
    const Report plain = timed(program, random_design(seed).library, EngineKind::reference);
    ASSERT_EQ(plain, fast) << seed << "\n" << to_string(plain) << to_string(fast);
  }
  RecordProperty("accepted", accepted);
  RecordProperty("refused", refused);
  RecordProperty("deadlocks", deadlocks);
  const int part = static_cast<int>(kPart);
  EXPECT_GE(accepted, 1000 / part);
  EXPECT_GE(refused, 1000 / part);
  EXPECT_GE(deadlocks, 20 / part);
}

}  // namespace
}  // namespace sotto::npu::sim
