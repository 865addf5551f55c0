// The replay refuses what is wrong: schedules with one thing changed.
#include "npu/core/replay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "npu/core/emit.h"
#include "npu/core/loops_testing.h"
#include "npu/core/pipeline.h"

namespace sotto::npu::core {
namespace {

using ::testing::HasSubstr;

/// The program with this schedule and the registers of another.
std::string verdict(const Pipeline& made, const Schedule& schedule) {
  return check_against(made.loop, made.allocation, emit(made.loop, schedule, made.allocation));
}

/// Whether the schedule fits into the slots; a mutant that does not is refused before it is
/// emitted.
bool has_slots(const Schedule& schedule) {
  std::vector<SlotSet> rows(static_cast<size_t>(schedule.interval));
  for (const Placement& placement : schedule.placements) {
    SlotSet& row = rows[static_cast<size_t>(placement.cycle % schedule.interval)];
    const SlotSet slot = occupied_by(info(placement.opcode).slot);
    if (row.meets(slot)) return false;
    row = row | slot;
  }
  return true;
}

/// Iterations from each operation to a store, whose every run is seen; kUnseen when there is none.
constexpr int kUnseen = 1000;
std::vector<int> iterations_to_a_store(const Loop& loop) {
  std::vector<int> reach(loop.operations.size(), kUnseen);
  for (size_t rounds = 0; rounds < loop.operations.size(); ++rounds) {
    for (size_t op = 0; op < loop.operations.size(); ++op) {
      const Operation& operation = loop.operations[op];
      const bool stores = info(choices(operation.opcode)[0]).memory == MemoryUse::store;
      if (stores) reach[op] = 0;
      for (const Operand& def : operation.defs) {
        for (size_t user = 0; user < loop.operations.size(); ++user) {
          for (const Operand& use : loop.operations[user].uses) {
            const bool reads = use.reg == def.reg && span_of(loop, use).meets(span_of(loop, def));
            if (reads) reach[op] = std::min(reach[op], reach[user] + use.distance);
          }
        }
      }
    }
  }
  return reach;
}

/// Flow of values only: operations that define what `to` uses.
bool is_flow(const Loop& loop, const Edge& edge) {
  for (const Operand& def : loop.operations[static_cast<size_t>(edge.from)].defs) {
    if (loop.registers[static_cast<size_t>(def.reg)].storage == Storage::state) continue;
    for (const Operand& use : loop.operations[static_cast<size_t>(edge.to)].uses) {
      if (use.reg == def.reg && use.distance == edge.distance &&
          span_of(loop, use).meets(span_of(loop, def))) {
        return true;
      }
    }
  }
  return false;
}

TEST(Replay, RefusesReadsOneCycleTooEarly) {
  int mutants = 0;
  for (uint32_t seed = 0; seed < 140; ++seed) {
    const Pipeline made = pipeline(random_loop(seed, 24), {.seeds = 2});
    ASSERT_EQ(verdict(made, made.schedule), "");
    const std::vector<int> reach = iterations_to_a_store(made.loop);
    for (const Edge& edge : dependences(made.loop)) {
      const Placement& from = made.schedule.placements[static_cast<size_t>(edge.from)];
      const Placement& to = made.schedule.placements[static_cast<size_t>(edge.to)];
      const int slack =
          to.cycle + edge.distance * made.schedule.interval - from.cycle - edge.latency;
      if (slack != 0 || to.cycle == 0 || !is_flow(made.loop, edge)) continue;
      if (edge.distance + reach[static_cast<size_t>(edge.to)] >= made.loop.trips) continue;
      Schedule mutant = made.schedule;
      --mutant.placements[static_cast<size_t>(edge.to)].cycle;
      if (!has_slots(mutant) || mutant.stages() != made.schedule.stages()) continue;
      ++mutants;
      EXPECT_NE(verdict(made, mutant), "")
          << "loop " << seed << ": operation " << edge.to << " one cycle closer to " << edge.from;
    }
  }
  EXPECT_GT(mutants, 60);
}

TEST(Replay, RefusesSwappedRegisters) {
  int mutants = 0;
  for (uint32_t seed = 0; seed < 120; ++seed) {
    const Pipeline made = pipeline(random_loop(seed, 24), {.seeds = 2});
    const std::vector<int> reach = iterations_to_a_store(made.loop);
    for (size_t i = 0; i < made.program.bundles.size(); ++i) {
      for (size_t k = 0; k < made.program.bundles[i].instructions.size(); ++k) {
        const Instruction& whole_one = made.program.bundles[i].instructions[k];
        if (info(whole_one.opcode).uses.size() < 2 || whole_one.operation < 0) continue;
        if (whole_one.uses[0] == whole_one.uses[1] ||
            whole_one.uses[0].cls != whole_one.uses[1].cls) {
          continue;
        }
        const int seen = reach[static_cast<size_t>(whole_one.operation)];
        if (whole_one.iteration + seen >= made.loop.trips) continue;
        Program mutant = made.program;
        std::vector<Register>& uses = mutant.bundles[i].instructions[k].uses;
        std::swap(uses[0], uses[1]);
        ++mutants;
        EXPECT_NE(check_against(made.loop, made.allocation, mutant), "")
            << "loop " << seed << ": bundle " << i << ": " << info(whole_one.opcode).mnemonic;
      }
    }
  }
  EXPECT_GT(mutants, 60);
}

TEST(Replay, RefusesAStaleSum) {
  // Four dependent products need 16 cycles; closer, one of them adds to an old sum.
  const Pipeline made = pipeline(chain_loop(4, 8));
  ASSERT_EQ(made.schedule.interval, 16);
  for (int op = 1; op < 4; ++op) {
    Schedule mutant = made.schedule;
    --mutant.placements[static_cast<size_t>(op)].cycle;
    EXPECT_THAT(verdict(made, mutant), HasSubstr("another value of s3")) << op;
  }
}

struct Wrong : public ::testing::Test {
  Pipeline made = pipeline(gemm_loop(2, 4, 16));
  Program program = made.program;
  Bundle& bundle_with(Slot slot) {
    for (Bundle& bundle : program.bundles) {
      if (bundle.slots().has(slot)) return bundle;
    }
    return program.bundles[0];
  }
};

TEST_F(Wrong, TwoInstructionsInASlot) {
  Bundle& bundle = bundle_with(Slot::vec);
  bundle.instructions.push_back(bundle.instructions.back());
  bundle.instructions.back() = bundle.instructions.front();
  EXPECT_THAT(problem_of(program), HasSubstr("two instructions in a slot"));
}

TEST_F(Wrong, FormatThatDoesNotExist) {
  bundle_with(Slot::vec).bytes = 2;
  EXPECT_THAT(problem_of(program), HasSubstr("no format of 2 bytes"));
}

TEST_F(Wrong, RegisterOfAnotherFile) {
  for (Instruction& instruction : bundle_with(Slot::vec).instructions) {
    if (info(instruction.opcode).slot == Slot::vec) instruction.uses[1] = {RegisterClass::bm, 3};
  }
  EXPECT_THAT(problem_of(program), HasSubstr("cannot read bmh1"));
}

TEST_F(Wrong, LoopThatIsNotAligned) {
  program.bundles.insert(program.bundles.begin(), Bundle{});
  ++program.loop->first;
  ++program.loop->last;
  EXPECT_THAT(problem_of(program), HasSubstr("not aligned"));
}

TEST_F(Wrong, LoopThatIsSetUpTooLate) {
  Program late;
  late.bundles = {Bundle{}, Bundle{}};
  late.bundles[0].instructions.push_back(
      {.opcode = Opcode::movxm_lc, .immediate = 4, .defs = {{RegisterClass::lc, 0}}});
  late.bundles[0].bytes = 16;
  late.bundles[1].bytes = 16;
  late.loop = HardwareLoop{1, 1, 4, 1};
  EXPECT_THAT(problem_of(late), HasSubstr("set up too late"));
}

TEST_F(Wrong, ConstantThatDoesNotFit) {
  for (Instruction& instruction : bundle_with(Slot::ldb).instructions) instruction.immediate = 4096;
  EXPECT_THAT(problem_of(program), HasSubstr("cannot hold 4096"));
}

TEST_F(Wrong, PortUsedTwice) {
  // A load into x writes through the port of vpack five bundles later: 6 = 5 + 1.
  Program port;
  port.bundles.resize(6);
  port.bundles[0].instructions.push_back({.opcode = Opcode::vlda,
                                          .mode = AddressMode::offset,
                                          .defs = {{RegisterClass::w, 0}},
                                          .uses = {{RegisterClass::p, 0}}});
  port.bundles[5].instructions.push_back(
      {.opcode = Opcode::vpack, .defs = {{RegisterClass::w, 4}}, .uses = {{RegisterClass::x, 4}}});
  port.bundles[0].bytes = port.bundles[5].bytes = 4;
  HashSemantics semantics;
  EXPECT_THAT(replay(port, {}, semantics).problem, HasSubstr("vpack needs unit"));
  port.bundles[5].instructions[0].opcode = Opcode::vmov_x;
  port.bundles[5].instructions[0].defs[0] = {RegisterClass::x, 2};
  EXPECT_EQ(replay(port, {}, semantics).problem, "");
}

TEST(Replay, TwoAccessesOfOneBankStall) {
  Program pair;
  pair.bundles.resize(1);
  for (const Opcode opcode : {Opcode::vlda, Opcode::vldb}) {
    pair.bundles[0].instructions.push_back(
        {.opcode = opcode,
         .mode = AddressMode::offset,
         .defs = {{RegisterClass::w, static_cast<uint8_t>(opcode == Opcode::vldb)}},
         .uses = {{RegisterClass::p, 0}},
         .access = Access{.object = 0, .bank = 1}});
  }
  pair.bundles[0].bytes = 6;
  HashSemantics semantics;
  EXPECT_EQ(replay(pair, {}, semantics).cycles, 2);  // 1 bundle + 1
  pair.bundles[0].instructions[0].access->bank = 2;
  EXPECT_EQ(replay(pair, {}, semantics).cycles, 1);
}

TEST(Replay, ALoadAndAStoreOfOneBankStallToo) {
  Program pair;
  pair.bundles.resize(1);
  pair.bundles[0].instructions = {{.opcode = Opcode::vldb,
                                   .mode = AddressMode::offset,
                                   .defs = {{RegisterClass::w, 0}},
                                   .uses = {{RegisterClass::p, 0}},
                                   .access = Access{.object = 0, .bank = 1}},
                                  {.opcode = Opcode::vst,
                                   .mode = AddressMode::offset,
                                   .uses = {{RegisterClass::w, 1}, {RegisterClass::p, 1}},
                                   .access = Access{.object = 1, .bank = 1}}};
  pair.bundles[0].bytes = 8;
  HashSemantics semantics;
  EXPECT_EQ(replay(pair, {}, semantics).cycles, 2);
  pair.bundles[0].instructions[1].access->bank = 3;
  EXPECT_EQ(replay(pair, {}, semantics).cycles, 1);
}

}  // namespace
}  // namespace sotto::npu::core
