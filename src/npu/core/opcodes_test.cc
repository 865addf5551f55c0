#include "npu/core/opcodes.h"

#include <gtest/gtest.h>

namespace sotto::npu::core {
namespace {

TEST(Opcodes, EachHasOneRow) {
  for (int i = 0; i < kOpcodes; ++i) {
    for (const Opcode member : choices(static_cast<Opcode>(i))) {
      EXPECT_EQ(info(member).opcode, member);
    }
  }
}

TEST(Opcodes, MembersOfAFamilyHaveTheSameTiming) {
  for (int i = 0; i < kOpcodes; ++i) {
    const auto family = choices(static_cast<Opcode>(i));
    for (const Opcode member : family) {
      const OpcodeInfo& one = info(family[0]);
      const OpcodeInfo& other = info(member);
      ASSERT_EQ(one.defs.size(), other.defs.size());
      for (size_t d = 0; d < one.defs.size(); ++d) {
        EXPECT_EQ(one.defs[d].cycle, other.defs[d].cycle);
        EXPECT_EQ(one.defs[d].cls, other.defs[d].cls);
      }
      EXPECT_EQ(one.memory_cycle, other.memory_cycle);
    }
  }
}

int own_distance(Opcode opcode) {
  return flow_latency(info(opcode).defs[0], info(opcode).uses[0]);
}

TEST(Opcodes, DependentProductsAreAsFarApartAsMeasured) {
  EXPECT_EQ(own_distance(Opcode::vmac_f), 4);  // 6 - 3 + 1
  EXPECT_EQ(own_distance(Opcode::vmac), 2);    // 5 - 3 + 1 - 1 for the bypass
}

TEST(Opcodes, DistancesOfNeighboursInAKernel) {
  const auto flow = [](Opcode def, Opcode use, size_t operand) {
    return flow_latency(info(def).defs[0], info(use).uses[operand]);
  };
  EXPECT_EQ(flow(Opcode::vlda_am, Opcode::vmac_f, 0), 5);     // 7 - 3 + 1
  EXPECT_EQ(flow(Opcode::vmac_f, Opcode::vst_am, 0), 6);      // 6 - 1 + 1
  EXPECT_EQ(flow(Opcode::vmac, Opcode::vst_am, 0), 5);        // 5 - 1 + 1
  EXPECT_EQ(flow(Opcode::vlda, Opcode::vmac_f, 1), 7);        // 7 - 1 + 1
  EXPECT_EQ(flow(Opcode::vshuffle, Opcode::vshuffle, 0), 1);  // 2 - 1 + 1 - 1
  EXPECT_EQ(flow(Opcode::vshuffle, Opcode::vmac_f, 1), 2);    // 2 - 1 + 1
}

TEST(Opcodes, OldValuesMayBeReadWhileALoadIsUnderWay) {
  // vmac.f reads x in cycle 1, the load writes in cycle 7: it may be issued 6 cycles before.
  EXPECT_EQ(anti_latency(info(Opcode::vmac_f).uses[1], info(Opcode::vlda).defs[0]), -6);
  // Both in the mv slot with the bypass: 1 - 2 + 1.
  EXPECT_EQ(anti_latency(info(Opcode::vadd).uses[0], info(Opcode::vadd).defs[0]), 0);
}

TEST(Opcodes, OnlyLoadUnitAFeedsAccumulators) {
  for (int i = 0; i < kOpcodes; ++i) {
    for (const Opcode member : choices(static_cast<Opcode>(i))) {
      const OpcodeInfo& row = info(member);
      if (row.memory != MemoryUse::load || row.defs.empty()) continue;
      const RegisterClass cls = row.defs[0].cls;
      if (cls == RegisterClass::am || cls == RegisterClass::bm || cls == RegisterClass::cm) {
        EXPECT_EQ(row.slot, Slot::lda) << row.mnemonic;
      }
    }
  }
}

TEST(Opcodes, ConstantsFitTheirFields) {
  EXPECT_TRUE(encodable(Opcode::vldb, AddressMode::offset, 96));  // 3 bits of 32 bytes: -128 … 96
  EXPECT_FALSE(encodable(Opcode::vldb, AddressMode::offset, 128));
  EXPECT_TRUE(encodable(Opcode::vlda, AddressMode::offset, 992));  // 6 bits: -1024 … 992
  EXPECT_FALSE(encodable(Opcode::vlda, AddressMode::offset, 1024));
  EXPECT_FALSE(encodable(Opcode::vlda, AddressMode::offset, 16));
  EXPECT_TRUE(encodable(Opcode::vlda, AddressMode::increment, -2048));  // 7 bits
  EXPECT_FALSE(encodable(Opcode::vldb_128, AddressMode::offset, 0));
  EXPECT_TRUE(encodable(Opcode::padda, AddressMode::increment, 2044));  // 10 bits of 4 bytes
  EXPECT_FALSE(encodable(Opcode::paddb, AddressMode::increment, 2044));
  EXPECT_TRUE(encodable(Opcode::vextbcst_imm, AddressMode::none, 31));  // 5 bits without sign
  EXPECT_FALSE(encodable(Opcode::vextbcst_imm, AddressMode::none, 32));
  EXPECT_FALSE(encodable(Opcode::vextbcst_imm, AddressMode::none, -1));
  EXPECT_TRUE(encodable(Opcode::vst_128, AddressMode::offset, 992));  // as of 256 bits
  EXPECT_FALSE(encodable(Opcode::vst_128, AddressMode::offset, 16));
  EXPECT_TRUE(encodable(Opcode::vlda, AddressMode::stack, -64));
  EXPECT_FALSE(encodable(Opcode::vldb, AddressMode::stack, -64));
}

// Neither load unit A nor the scalar slot reaches the shifts.
TEST(Opcodes, ShiftsAreSetThroughTheMoveSlot) {
  const auto ways = choices(Opcode::set_s);
  ASSERT_EQ(ways.size(), 2u);
  EXPECT_EQ(info(ways[0]).slot, Slot::mv);
  EXPECT_EQ(info(ways[1]).slot, Slot::lng);
  EXPECT_TRUE(encodable(ways[0], AddressMode::none, 511));
  EXPECT_FALSE(encodable(ways[0], AddressMode::none, 512));
  EXPECT_TRUE(encodable(ways[1], AddressMode::none, 512));
  // The store of the next bundle shifts by it.
  EXPECT_EQ(flow_latency(info(ways[0]).defs[0], info(Opcode::vst_srs_cm).uses[1]), 1);
}

TEST(Opcodes, PostIncrementsAddPointerAndModifier) {
  const Signature all = signature(Opcode::vst_srs_bm, AddressMode::increment_2d);
  ASSERT_EQ(all.defs.size(), 2u);
  EXPECT_EQ(all.defs[0].cls, RegisterClass::p);
  EXPECT_EQ(all.defs[1].cls, RegisterClass::dc);
  ASSERT_EQ(all.uses.size(), 4u);
  EXPECT_EQ(all.uses[1].cls, RegisterClass::s);
  EXPECT_EQ(all.uses[2].cls, RegisterClass::p);
}

}  // namespace
}  // namespace sotto::npu::core
