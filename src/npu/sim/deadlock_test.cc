// Programs that stand still, and what is said of them: spoiled behind the checker's back.
#include <gmock/gmock.h>

#include "npu/design/examples/passthrough.h"
#include "npu/sim/sim_testing.h"

namespace sotto::npu::sim {
namespace {

using namespace testing;
using design::ArrayProgram;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

void copy(std::int32_t* out, const std::int32_t* in, int words) {
  std::copy_n(in, words, out);
}

ArrayProgram program() {
  return design::lower(design::check(design::passthrough(4096)));
}

class Deadlock : public ::testing::TestWithParam<EngineKind> {
 protected:
  Report run(const ArrayProgram& program) {
    Hosts hosts(program);
    Options options = quick(GetParam());
    options.hosts = hosts.spans();
    KernelLibrary library;
    library.add("passthrough", host_function(copy), Cycle{300});
    return simulate(program, library, options);
  }
};

/// The instructions but for those for which `drop` is true.
template <typename Drop>
void edit(ArrayProgram& program, const Drop& drop) {
  auto stream = design::decode(program.instructions);
  std::vector<design::Instruction> kept;
  std::vector<design::Where> lines;
  for (std::size_t i = 0; i < stream.instructions.size(); ++i) {
    if (drop(stream.instructions[i])) continue;
    kept.push_back(stream.instructions[i]);
    lines.push_back(program.instruction_lines[i]);
  }
  stream.instructions = kept;
  program.instructions = design::encode(stream);
  program.instruction_lines = lines;
}

/// Pushes into the queue of mm2s 0.
bool is_fill(const design::Instruction& instruction) {
  const auto* write = std::get_if<design::Write>(&instruction);
  return write != nullptr && write->address == 0x1D214;
}

TEST_P(Deadlock, ATaskIsMissing) {
  ArrayProgram spoiled = program();
  edit(spoiled, is_fill);
  const Report report = run(spoiled);
  EXPECT_THAT(
      report.deadlock,
      ElementsAre(
          "the sequence waits for a token of s2mm 0 of shim (0,0), 'out'  [passthrough.cc:31]",
          "s2mm 0 of shim (0,0), 'out' has received 0 of 4096 words and waits for mm2s 0 of core "
          "(0,2), 'out'  [passthrough.cc:15]",
          "mm2s 0 of core (0,2), 'out' waits for 1 of lock 'out.out.full' of core (0,2) (it is 0)  "
          "[passthrough.cc:15]",
          "core (0,2) waits for 1 of lock 'in.in0.full' of core (0,2) (it is 0)  "
          "[passthrough.cc:19]",
          "s2mm 0 of core (0,2), 'in' has received 0 of 1024 words and waits for mm2s 0 of shim "
          "(0,0), 'in'  [passthrough.cc:14]",
          "mm2s 0 of shim (0,0), 'in' has no task left: it sends no token and moves no word  "
          "[passthrough.cc:14]"));
}

TEST_P(Deadlock, ACoreGivesBackTooLittle) {
  ArrayProgram spoiled = program();
  for (design::CoreOperation& operation : spoiled.cores[0].operations) {
    auto* release = std::get_if<design::LockRelease>(&operation);
    if (release != nullptr && release->lock == 48) release->value = 0;
  }
  const Report report = run(spoiled);
  ASSERT_FALSE(report.deadlock.empty());
  // Two buffers were free; then nobody gives one back.
  EXPECT_THAT(report.deadlock,
              ::testing::Contains(
                  HasSubstr("s2mm 0 of core (0,2), 'in' waits for 1 of lock 'in.in0.empty'")));
  EXPECT_THAT(report.deadlock.back(), HasSubstr("wait for each other"));
}

TEST_P(Deadlock, LastsUntilNothingMoves) {
  ArrayProgram spoiled = program();
  for (design::CoreOperation& operation : spoiled.cores[0].operations) {
    auto* release = std::get_if<design::LockRelease>(&operation);
    if (release != nullptr && release->lock == 48) release->value = 0;
  }
  const Report report = run(spoiled);
  ASSERT_FALSE(report.finished());
  // Two objects of 1,024 words have come in, been copied and gone out again.
  EXPECT_GT(report.cycles(), 2 * 1024);
  EXPECT_LT(report.cycles(), 10 * 1024);
  const CoreReport& core = report.cores[0];
  EXPECT_LE(core.busy() + core.wait_input + core.wait_output + core.wait_lock, report.cycles());
}

TEST_P(Deadlock, AStreamIsCut) {
  ArrayProgram spoiled = program();
  std::erase_if(spoiled.connections, [](const auto& made) { return made.stream == "in"; });
  const Report report = run(spoiled);
  ASSERT_FALSE(report.deadlock.empty());
  EXPECT_THAT(report.deadlock.back(), HasSubstr("no stream leads to it"));
}

TEST_P(Deadlock, ATokenIsMissing) {
  ArrayProgram spoiled = program();
  auto stream = design::decode(spoiled.instructions);
  for (design::Instruction& instruction : stream.instructions) {
    auto* write = std::get_if<design::Write>(&instruction);
    if (write != nullptr && write->address == 0x1D204) write->value &= ~0x80000000u;
  }
  spoiled.instructions = design::encode(stream);
  const Report report = run(spoiled);
  ASSERT_EQ(report.deadlock.size(), 2u);
  EXPECT_THAT(report.deadlock[1], HasSubstr("has no task left: it sends no token"));
}

TEST_P(Deadlock, AFullQueueDropsATask) {
  ArrayProgram spoiled = program();
  auto stream = design::decode(spoiled.instructions);
  std::vector<design::Instruction> more;
  for (const design::Instruction& instruction : stream.instructions) {
    more.push_back(instruction);
    for (int i = 0; is_fill(instruction) && i < 4; ++i) more.push_back(instruction);
  }
  stream.instructions = more;
  spoiled.instructions = design::encode(stream);
  const Report report = run(spoiled);
  int dropped = 0;
  for (const Finding& finding : report.findings) {
    dropped += finding.kind == Finding::Kind::dropped_task;
  }
  EXPECT_EQ(dropped, 1);
}

TEST_P(Deadlock, WhatIsLeftOverIsNamed) {
  ArrayProgram spoiled = program();
  auto stream = design::decode(spoiled.instructions);
  std::vector<design::Instruction> more;
  for (const design::Instruction& instruction : stream.instructions) {
    more.push_back(instruction);
    if (is_fill(instruction)) more.push_back(instruction);
  }
  stream.instructions = more;
  spoiled.instructions = design::encode(stream);
  const Report report = run(spoiled);
  EXPECT_TRUE(report.finished());
  ASSERT_FALSE(report.findings.empty());
  EXPECT_EQ(report.findings[0].kind, Finding::Kind::not_at_rest);
}

TEST_P(Deadlock, ACoreThatNeverWaitsIsRefused) {
  ArrayProgram spoiled = program();
  std::erase_if(spoiled.cores[0].operations, [](const auto& operation) {
    return std::holds_alternative<design::LockAcquire>(operation);
  });
  EXPECT_THROW(run(spoiled), Error);
}

INSTANTIATE_TEST_SUITE_P(Engines, Deadlock,
                         ::testing::Values(EngineKind::reference, EngineKind::fast));

}  // namespace
}  // namespace sotto::npu::sim
