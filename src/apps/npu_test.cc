// "sotto npu" as a user meets it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "apps/npu_designs.h"
#include "apps/npu_simulate.h"
#include "apps/npu_testing.h"
#include "base/error.h"
#include "base/file.h"
#include "base/testing.h"

namespace sotto::apps {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using testing::Outcome;
using ::testing::StartsWith;

class NpuTest : public testing::NpuCommandTest {
 protected:
  NpuTest() : NpuCommandTest({"npu"}) {}

  nlohmann::json simulation(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "simulate");
    arguments.push_back("--json");
    return nlohmann::json::parse(text(arguments));
  }
};

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

TEST_F(NpuTest, ListNamesEveryDesign) {
  const std::vector<std::string> lines = lines_of(text({"list"}));
  ASSERT_EQ(lines.size(), npu_examples().size());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const NpuExample& example = npu_examples()[i];
    EXPECT_THAT(lines[i], StartsWith(std::string(example.name) + "  "));
    EXPECT_EQ(lines[i].find("--shape") != std::string::npos, !example.shape.empty());
    EXPECT_EQ(lines[i].find("--type") != std::string::npos, example.has_type);
  }
}

TEST_F(NpuTest, EveryDesignIsCheckedPlacedAndSimulated) {
  const std::pair<const char*, std::vector<std::string>> runs[] = {
      {"passthrough", {}},
      {"layer_norm", {"--shape", "8x64"}},
      {"gemm_1x1", {"--shape", "100x70x80"}},
      {"gemm_2x2", {"--shape", "130x70x80", "--type", "int8"}},
      {"gemm", {"--shape", "500x130x384", "--type", "int8"}},
      {"softmax", {"--shape", "32x1500"}},
      {"gelu", {"--shape", "32x100"}},
      {"attention", {"--shape", "100x90"}}};
  ASSERT_EQ(std::size(runs) + 1, npu_examples().size());  // and seed_layer, which is wrong
  for (const auto& [design, options] : runs) {
    for (const char* action : {"check", "plan", "simulate"}) {
      std::vector<std::string> arguments = {action, design};
      arguments.insert(arguments.end(), options.begin(), options.end());
      EXPECT_THAT(text(arguments), HasSubstr(concat(design, options.empty() ? "" : " "))) << action;
    }
  }
  const nlohmann::json all = simulation({"attention", "--shape", "256x100"});
  // A tile of 64 keys and one of 36, on 16 cores.
  std::int64_t calls = 0;
  for (const nlohmann::json& kernel : all.at("kernel_costs").at("kernels")) {
    if (kernel.at("name") == "attention_keys") calls += kernel.at("calls").get<std::int64_t>();
  }
  EXPECT_EQ(calls, 2 * 16);
}

TEST_F(NpuTest, CheckAcceptsWhatIsRight) {
  EXPECT_THAT(text({"check", "passthrough"}), StartsWith("ok: passthrough breaks no rule\n"));
  EXPECT_THAT(
      text({"check", "gemm", "--shape", "256x64x256"}),
      AllOf(StartsWith("ok: gemm 256x64x256 bf16 breaks no rule\ntiles 24, cores with a program "
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
                                   HasSubstr("check names them\n")));
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
  EXPECT_THAT(plan, StartsWith("plan of gemm 512x512x512 bf16: 24 tiles\n"));
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
  EXPECT_EQ(all.at("design"), "gemm 256x128x256 bf16");
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
    EXPECT_EQ(core.at("kernels"), 540 + 2 * 2102 + 540);
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
  EXPECT_EQ(slow.at("cores")[0].at("kernels"), 4 * (22 + 1024 / 8));
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

TEST_F(NpuTest, PicturesAreWritten) {
  text({"simulate", "passthrough", "--svg", "out.svg", "--png", "out.png"});
  const std::string svg = read_text_file(folder_ / "out.svg");
  EXPECT_THAT(svg, AllOf(StartsWith("<svg "), HasSubstr("passthrough: simulated at 1800 MHz"),
                         HasSubstr(">in<"), HasSubstr(">out<")));
  EXPECT_THAT(read_text_file(folder_ / "out.png"), StartsWith("\x89PNG"));
  text({"simulate", "passthrough", "--svg", "again.svg"});
  EXPECT_EQ(read_text_file(folder_ / "again.svg"), svg);
  text({"plan", "passthrough", "--svg", "plan.svg"});
  EXPECT_THAT(read_text_file(folder_ / "plan.svg"),
              AllOf(HasSubstr("passthrough: the array"), ::testing::Not(HasSubstr("simulated"))));
  for (const char* option : {"--svg", "--png"}) {
    const Outcome outcome = npu({"simulate", "passthrough", option, "none/out"});
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(outcome.err, AllOf(StartsWith("sotto: "), HasSubstr("none/out")));
    EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 1) << outcome.err;
  }
}

TEST_F(NpuTest, WrongUsageExitsWith2) {
  expect_usage({},
               "what to do with the NPU's designs and kernels is missing: list, check, plan, "
               "simulate, kernels or calibrate");
  expect_usage({"draw"},
               "there is no 'sotto npu draw': list, check, plan, simulate, kernels or calibrate");
  expect_usage({"check"}, "DESIGN is required");
  expect_usage({"check", "gem"}, "there is no design 'gem': sotto npu list names them");
  expect_usage({"check", "gemm", "gemm"}, "'gemm' is one argument too many: sotto npu takes one");
  expect_usage({"check", "passthrough", "--shape", "1x1x1"},
               "--shape: the design passthrough has only one shape");
  expect_usage({"plan", "gemm", "--shape", "512x512"}, "'512x512' is not a shape such as");
  expect_usage({"plan", "gemm", "--shape", "512x512x"}, "--shape: '' is not a whole number");
  expect_usage({"plan", "softmax", "--shape", "24x1500"},
               "rows must be a multiple of the 16 cores");
  expect_usage({"plan", "gelu", "--type", "int8"}, "--type: the design gelu has only one type");
  expect_usage({"plan", "gemm", "--type", "f32"}, "'f32' is no type of a product");
  expect_usage({"simulate", "gemm", "--clock", "1000"},
               "--clock: '1000' is no clock of the array: there are 800, 1027, 1309, 1600, 1800");
  expect_usage({"plan", "gemm", "--svg", ""}, "--svg: the name of the file is empty");
  expect_usage({"check", "gemm", "--clock", "800"}, "there is no option '--clock'");
}

}  // namespace
}  // namespace sotto::apps
