// "sotto npu" as a user meets it, and the costs of kernels that it stands on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "apps/npu_designs.h"
#include "apps/npu_table.h"
#include "apps/process.h"
#include "base/error.h"
#include "base/file.h"
#include "base/testing.h"
#include "npu/cycles/cost.h"
#include "npu/recorder/record.h"

namespace sotto::apps {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using testing::Outcome;
using ::testing::StartsWith;

class NpuTest : public ::testing::Test {
 protected:
  Outcome npu(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "npu");
    return testing::run(folder_.path(), arguments);
  }
  /// What a command that succeeds writes.
  std::string text(const std::vector<std::string>& arguments) {
    const Outcome outcome = npu(arguments);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.out << outcome.err;
    EXPECT_EQ(outcome.err, "");
    return outcome.out;
  }
  nlohmann::json simulation(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "simulate");
    arguments.push_back("--json");
    return nlohmann::json::parse(text(arguments));
  }
  void expect_usage(const std::vector<std::string>& arguments, const std::string& message) {
    const Outcome outcome = npu(arguments);
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(outcome.err, AllOf(StartsWith("sotto: "), HasSubstr(message),
                                   HasSubstr("\nsotto npu --help says what can be asked for.\n")));
    EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 2) << outcome.err;
  }

  sotto::testing::TemporaryFolder folder_;
};

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

TEST_F(NpuTest, ListNamesEveryDesign) {
  EXPECT_THAT(text({"list"}), ContainsRegex("^passthrough  .*\ngemm  .*--shape.*\nseed_layer  "));
}

TEST_F(NpuTest, CheckAcceptsWhatIsRight) {
  EXPECT_THAT(text({"check", "passthrough"}), StartsWith("ok: passthrough breaks no rule\n"));
  EXPECT_THAT(text({"check", "gemm", "--shape", "256x64x256"}),
              AllOf(StartsWith("ok: gemm 256x64x256 breaks no rule\ntiles 24, cores with a program "
                               "16, FIFOs 36, streams 36, tasks of a dispatch 12\n"),
                    ContainsRegex("fingerprint [0-9a-f]{64}\n$")));
}

TEST_F(NpuTest, CheckExplainsTheSeedsLayerInOneScreen) {
  const Outcome outcome = npu({"check", "seed_layer"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcome.err, "");
  const std::vector<std::string> lines = lines_of(outcome.out);
  EXPECT_LE(lines.size(), 24u);
  for (const std::string& line : lines) EXPECT_LE(line.size(), 110u) << line;
  EXPECT_EQ(std::ranges::count_if(
                lines, [](const auto& line) { return line.find(": no_producer: ") != line.npos; }),
            5);
  EXPECT_THAT(outcome.out,
              AllOf(StartsWith("design 'seed_layer': "),
                    HasSubstr("\n  no_producer: every FIFO has someone who fills it\n")));
  EXPECT_THAT(read_text_file(sotto::testing::source_path("docs/npu/design.md")),
              HasSubstr("\n```\n" + outcome.out + "```\n"));
}

TEST_F(NpuTest, AWrongDesignIsNeitherPlacedNorSimulated) {
  for (const char* action : {"plan", "simulate"}) {
    const Outcome outcome = npu({action, "seed_layer"});
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(outcome.err, AllOf(StartsWith("sotto: seed_layer is wrong in "),
                                   HasSubstr("sotto npu check seed_layer names them\n")));
    EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 1) << outcome.err;
  }
}

// Two buffers of 4,096 bytes at each end and the stack of 1,024 bytes; the kernel's 512 bytes of
// program and 880 of start-up and loop.
TEST_F(NpuTest, PlanAddsUp) {
  const std::string plan = text({"plan", "passthrough"});
  EXPECT_THAT(plan, ContainsRegex("core \\(0,2\\) +17,408 of 65,536 +48,128 +1,392 of 16,384 "
                                  "+14,992 +1,024 +1 of 2 +1 of 2 +4 of 16 +12 +4 of 16 +12\n"));
  EXPECT_THAT(plan, ContainsRegex("shim \\(0,0\\) +- +- +- +- +- +1 of 2 +1 of 2 +2 of 16 +14 "));
  EXPECT_THAT(plan, ContainsRegex("memory \\(0,1\\) +1 of 6 +1 of 4 +- +-\n"));  // passes through
  EXPECT_THAT(plan, HasSubstr("core (0,2)       0  0x00000   1,024  stack\n"));
}

TEST_F(NpuTest, PlanOfTheWholeArrayFillsItsMemoryTilesStreams) {
  const std::string plan = text({"plan", "gemm"});
  EXPECT_THAT(plan, StartsWith("plan of gemm 512x512x512: 24 tiles\n"));
  // Stack, two tiles of a and b each, one of c: 1,024 + 4 x 8,192 + 16,384.
  EXPECT_THAT(plan, ContainsRegex("core \\(3,5\\) +50,176 of 65,536 +15,360 "));
  EXPECT_THAT(plan, ContainsRegex("memory \\(2,1\\) +[^\n]* 6 of 6 "));
}

TEST_F(NpuTest, EverySimulatedFigureSaysSo) {
  for (const std::string& line : lines_of(text({"simulate", "passthrough"}))) {
    const bool heading = line.find(" MHz; ") != line.npos || line.find("ycles of the") != line.npos;
    if (heading) {
      EXPECT_THAT(line, ::testing::AnyOf(HasSubstr("simulated"), HasSubstr("Simulated")));
    }
    if (line.find(" = ") != line.npos || line.find("GB/s") != line.npos) {
      EXPECT_THAT(line, StartsWith("simulated "));
    }
  }
  EXPECT_THAT(text({"simulate", "passthrough"}),
              AllOf(StartsWith("passthrough, simulated at 1800 MHz; nothing here is measured\n"),
                    HasSubstr(concat("(", kNpuCostSource, ")"))));
}

TEST_F(NpuTest, SimulatedCyclesAddUp) {
  const nlohmann::json all = simulation({"gemm", "--shape", "256x128x256"});
  EXPECT_EQ(all.at("design"), "gemm 256x128x256");
  const nlohmann::json& simulated = all.at("simulated");
  const std::int64_t cycles = simulated.at("cycles");
  ASSERT_EQ(simulated.at("cores").size(), 16u);
  for (const nlohmann::json& core : simulated.at("cores")) {
    std::int64_t busy = 0, waiting = 0;
    for (const char* part : {"kernels", "locks", "control", "bank_stalls"}) {
      busy += core.at(part).get<std::int64_t>();
    }
    for (const char* part : {"wait_input", "wait_output", "wait_lock"}) {
      waiting += core.at(part).get<std::int64_t>();
    }
    EXPECT_EQ(core.at("busy"), busy);
    EXPECT_EQ(core.at("idle"), cycles - busy - waiting);
    EXPECT_GE(core.at("idle"), 0);
    // Zeros, K / 64 products, and zeros again before the next dispatch is waited for.
    EXPECT_EQ(core.at("kernels"), 542 + 2 * 2189 + 542);
  }
  // A and B once, C once.
  EXPECT_EQ(simulated.at("host_memory").at("read_bytes"), 2 * (256 * 128 + 128 * 256));
  EXPECT_EQ(simulated.at("host_memory").at("written_bytes"), 4 * 256 * 256);
  EXPECT_TRUE(simulated.at("findings").empty() && simulated.at("deadlock").empty());
}

TEST_F(NpuTest, EachClockIsASimulationOfItsOwn) {
  const auto run = [&](const char* clock) {
    return simulation({"passthrough", "--clock", clock}).at("simulated");
  };
  const nlohmann::json slow = run("800"), fast = run("1800");
  EXPECT_GT(fast.at("cycles"), slow.at("cycles"));  // memory's time is more of them
  EXPECT_LT(fast.at("ms"), slow.at("ms"));
  EXPECT_EQ(slow.at("cores")[0].at("kernels"), 4 * 164);
}

TEST_F(NpuTest, TraceIsWrittenForPerfetto) {
  text({"simulate", "passthrough", "--trace", "out.json"});
  const auto trace = nlohmann::json::parse(read_text_file(folder_ / "out.json"));
  EXPECT_GT(trace.at("traceEvents").size(), 50u);
  const Outcome outcome = npu({"simulate", "passthrough", "--trace", "none/out.json"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, StartsWith("sotto: "));
}

TEST_F(NpuTest, WrongUsageExitsWith2) {
  expect_usage({}, "what to do with the NPU's designs is missing: list, check, plan or simulate");
  expect_usage({"draw"}, "there is no 'sotto npu draw': list, check, plan or simulate");
  expect_usage({"check"}, "DESIGN is required");
  expect_usage({"check", "gem"}, "there is no design 'gem': sotto npu list names them");
  expect_usage({"check", "gemm", "gemm"}, "'gemm' is one argument too many: sotto npu takes one");
  expect_usage({"check", "passthrough", "--shape", "1x1x1"},
               "--shape: the design passthrough has only one shape");
  expect_usage({"plan", "gemm", "--shape", "512x512"}, "'512x512' is not a shape such as");
  expect_usage({"plan", "gemm", "--shape", "512x512x"}, "--shape: '' is not a whole number");
  expect_usage({"plan", "gemm", "--shape", "100x64x256"}, "m and n must be multiples of 256");
  expect_usage({"simulate", "gemm", "--clock", "1000"},
               "--clock: '1000' is no clock of the array: there are 800, 1027, 1309, 1600, 1800");
  expect_usage({"check", "gemm", "--clock", "800"}, "there is no option '--clock'");
}

TEST(NpuTable, GroupsDigits) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(-1234567), "-1,234,567");
}

const NpuKernelCost& cost_of(std::string_view symbol) {
  const auto costs = npu_kernel_costs();
  return *std::ranges::find_if(costs, [&](const auto& cost) { return cost.symbol == symbol; });
}

TEST(NpuKernelCosts, AreThoseOfTheCode) {
  npu::cycles::Costs costs;
  EXPECT_EQ(cost_of("zero_sums").cycles, costs.of("zero_sums").cycles);
  // Recorded with 2,048 words, so half of the iterations are too many.
  const npu::cycles::KernelCost& copy = costs.of("passthrough");
  ASSERT_EQ(copy.loops.size(), 1u);
  EXPECT_EQ(cost_of("passthrough").cycles,
            copy.cycles - copy.loops[0].trips / 2 * copy.loops[0].interval);
}

// To compile the product anew takes minutes; its cycles stand in a table.
TEST(NpuKernelCosts, OfTheProductIsTheTables) {
  const std::string page = read_text_file(sotto::testing::source_path("docs/npu/cycles.md"));
  EXPECT_THAT(page,
              HasSubstr(concat("| `gemm_bf16` | ", grouped(cost_of("gemm_bf16").cycles), " |")));
}

/// Accesses of 256 bits that a recorded call makes to each bank.
void count_accesses(const std::vector<npu::recorder::Region>& regions,
                    std::array<std::int64_t, 4>& banks) {
  using npu::recorder::Region;
  for (const Region& region : regions) {
    count_accesses(region.body, banks);
    const std::int64_t runs =
        region.kind == Region::Kind::inner_loop ? region.trips * region.runs : region.runs;
    for (const npu::core::Operation& operation : region.piece.graph.operations) {
      if (!operation.access || operation.access->bank < 0) continue;
      banks[static_cast<std::size_t>(operation.access->bank)] += runs;
    }
  }
}

TEST(NpuKernelCosts, BanksAreUsedAsRecorded) {
  std::array<std::int64_t, 4> product{}, zeros{}, copy{};
  count_accesses(npu::recorder::record("gemm_bf16").regions, product);
  count_accesses(npu::recorder::record("zero_sums").regions, zeros);
  count_accesses(npu::recorder::record("passthrough").regions, copy);
  // Recorded with c in bank 2, a in 0, b in 1.
  EXPECT_EQ(cost_of("gemm_bf16").accesses, (std::vector{product[2], product[0], product[1]}));
  EXPECT_EQ(cost_of("zero_sums").accesses, std::vector{zeros[2]});
  EXPECT_EQ(cost_of("passthrough").accesses, (std::vector{copy[1] / 2, copy[0] / 2}));
}

}  // namespace
}  // namespace sotto::apps
