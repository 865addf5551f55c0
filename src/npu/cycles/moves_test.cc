#include "npu/cycles/moves.h"

#include <gmock/gmock.h>

#include <array>
#include <map>

#include "npu/core/opcodes.h"

namespace sotto::npu::cycles {
namespace {

using core::Instruction;
using core::Register;
using core::RegisterClass;
using ::testing::SizeIs;

Register x(int index) {
  return {RegisterClass::x, static_cast<uint8_t>(index)};
}

/// What every vector unit holds after the instructions, one after the other: at first its number.
std::map<int, int> after(const std::vector<Instruction>& instructions) {
  std::map<int, int> units, stack;
  const auto held = [&](int unit) { return units.contains(unit) ? units[unit] : unit; };
  for (const Instruction& made : instructions) {
    const bool stores = core::info(made.opcode).memory == core::MemoryUse::store;
    if (stores) stack[static_cast<int>(made.immediate)] = held(made.uses[0].first_unit());
    if (made.defs.empty()) continue;
    std::vector<int> read;
    for (int i = 0; i < made.defs[0].units(); ++i) {
      const bool loads = made.access.has_value();
      read.push_back(loads ? stack.at(static_cast<int>(made.immediate))
                           : held(made.uses[0].first_unit() + i));
    }
    for (size_t i = 0; i < read.size(); ++i) {
      units[made.defs[0].first_unit() + static_cast<int>(i)] = read[i];
    }
  }
  return units;
}

TEST(Moves, AChainGoesFromItsEnd) {
  const auto made = in_order(
      {{x(1), x(0)}, {x(2), x(1)}}, [](Register) { return x(11); }, 0);
  EXPECT_THAT(made, SizeIs(2));
  auto units = after(made);
  EXPECT_EQ(units[x(1).first_unit()], x(0).first_unit());
  EXPECT_EQ(units[x(2).first_unit()], x(1).first_unit());
}

TEST(Moves, ACircleGoesByAFreeRegister) {
  const auto made = in_order(
      {{x(1), x(0)}, {x(0), x(1)}}, [](Register) { return x(11); }, 0);
  EXPECT_THAT(made, SizeIs(3));
  auto units = after(made);
  EXPECT_EQ(units[x(1).first_unit()], x(0).first_unit());
  EXPECT_EQ(units[x(0).first_unit()], x(1).first_unit());
}

TEST(Moves, ACircleGoesOverTheStackWhenNoRegisterIsFree) {
  const auto made = in_order(
      {{x(1), x(0)}, {x(0), x(1)}}, [](Register) { return std::nullopt; }, 64);
  EXPECT_THAT(made, SizeIs(5));  // a vector of two units: two stores, a move, two loads
  auto units = after(made);
  EXPECT_EQ(units[x(1).first_unit() + 1], x(0).first_unit() + 1);
  EXPECT_EQ(units[x(0).first_unit() + 1], x(1).first_unit() + 1);
}

TEST(Moves, VectorsOnTheStackLieAtMultiplesOf32) {
  const Register r0{RegisterClass::r, 0}, r1{RegisterClass::r, 1};
  const auto made = in_order(
      {{r0, r1}, {r1, r0}, {x(1), x(0)}, {x(0), x(1)}}, [](Register) { return std::nullopt; }, 64);
  for (const Instruction& one : made) {
    if (one.opcode == core::Opcode::vst) {
      EXPECT_EQ(one.immediate % 32, 0);
    }
  }
}

TEST(Moves, WhatStaysIsNoInstruction) {
  EXPECT_THAT(in_order(
                  {{x(1), x(1)}}, [](Register) { return x(11); }, 0),
              SizeIs(0));
}

TEST(Moves, PartsOfRegistersHaveNames) {
  EXPECT_EQ(part_of(x(3), 1, 1), (Register{RegisterClass::w, 7}));
  EXPECT_EQ(part_of({RegisterClass::cm, 2}, 2, 2), (Register{RegisterClass::bm, 5}));
  EXPECT_EQ(part_of({RegisterClass::d, 0}, 3, 1), (Register{RegisterClass::dc, 0}));
}

}  // namespace
}  // namespace sotto::npu::cycles
