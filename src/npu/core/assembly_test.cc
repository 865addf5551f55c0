#include "npu/core/assembly.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "npu/core/formats.h"
#include "npu/core/loops_testing.h"
#include "npu/core/weave.h"

namespace sotto::npu::core {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;

Register named(const char* name) {
  return *parse_register(name);
}

TEST(Assembly, WritesInstructionsAsPeanoDoes) {
  const Register d0{RegisterClass::d3, 0};
  const auto text = [](Instruction made) { return assembly_of(made); };
  EXPECT_EQ(text({.opcode = Opcode::vlda,
                  .mode = AddressMode::increment_3d,
                  .defs = {named("wh3"), named("p0"), named("dc0"), named("dc4")},
                  .uses = {named("p0"), d0}}),
            "vlda.3d wh3, [p0], d0");
  EXPECT_EQ(text({.opcode = Opcode::vlda_ups_cm,
                  .suffix = ".s32.s8",
                  .mode = AddressMode::increment,
                  .immediate = 32,
                  .defs = {named("cm1"), named("p0")},
                  .uses = {named("s0"), named("p0")}}),
            "vlda.ups.s32.s8 cm1, s0, [p0], #32");
  EXPECT_EQ(text({.opcode = Opcode::vst_srs_cm,
                  .suffix = ".d8.s32",
                  .mode = AddressMode::increment_2d,
                  .defs = {named("p1"), named("dc1")},
                  .uses = {named("cm2"), named("s0"), named("p1"), named("d1")}}),
            "vst.2d.srs.d8.s32 cm2, s0, [p1], d1");
  EXPECT_EQ(text({.opcode = Opcode::vmac_f,
                  .defs = {named("bmh0")},
                  .uses = {named("bmh0"), named("x1"), named("x11"), named("r3")}}),
            "vmac.f bmh0, bmh0, x1, x11, r3");
  EXPECT_EQ(text({.opcode = Opcode::vbneg_ltz_8,
                  .suffix = ".s8",
                  .defs = {named("x2"), named("r25:r24")},
                  .uses = {named("x0")}}),
            "vbneg_ltz.s8 x2, r25:r24, x0");
  EXPECT_EQ(text({.opcode = Opcode::padds,
                  .mode = AddressMode::increment_m,
                  .defs = {named("p0")},
                  .uses = {named("p0"), named("m4")}}),
            "padds [p0], m4");
  EXPECT_EQ(text({.opcode = Opcode::add_imm,
                  .immediate = 34,
                  .defs = {named("r3")},
                  .uses = {named("r2")}}),
            "add r3, r2, #34");
  EXPECT_EQ(text({.opcode = Opcode::vst_am,
                  .mode = AddressMode::stack,
                  .immediate = -64,
                  .uses = {named("amhl3"), named("sp")}}),
            "vst amhl3, [sp, #-64]");
}

TEST(Assembly, NopsGiveABundleItsSize) {
  Bundle bundle;
  EXPECT_EQ(assembly_of(bundle), "nop");
  bundle.instructions.push_back({.opcode = Opcode::vclr, .defs = {named("cm0")}});
  for (const int size : bundle_sizes(bundle.slots())) {
    bundle.bytes = size;
    const std::string line = assembly_of(bundle);
    SlotSet slots = bundle.slots();
    // Read back: the slots named are those of a format of this size.
    const std::pair<const char*, Slot> nops[] = {{"nopa", Slot::lda},
                                                 {"nopb", Slot::ldb},
                                                 {"nops", Slot::st},
                                                 {"nopxm", Slot::lng},
                                                 {"nopm", Slot::mv}};
    for (const auto& [nop, slot] : nops) {
      if (line.find(nop) != std::string::npos) slots = slots | slot;
    }
    if (line.find("nopx") != std::string::npos && line.find("nopxm") == std::string::npos) {
      slots = slots | Slot::alu;
    }
    EXPECT_EQ(bundle_bytes(slots), size) << line;
  }
}

TEST(Assembly, AFunctionHasItsLoopAndSaysWhereValuesAre) {
  const std::string text = assembly_of(pipeline(increment_loop(64)), "increment");
  EXPECT_THAT(text, HasSubstr("  .globl increment\n"));
  EXPECT_THAT(text, HasSubstr("movxm ls, #.L_increment_start"));
  EXPECT_THAT(text, HasSubstr("movxm le, #.L_increment_end"));
  EXPECT_THAT(text, HasSubstr("movxm lc, #"));
  EXPECT_THAT(text, HasSubstr("  .p2align 4\n.L_increment_end:\n"));
  EXPECT_THAT(text, HasSubstr(" = one"));
  EXPECT_THAT(text, HasSubstr("  ret lr\n  nop\n  nop\n  nop\n  nop\n  nop\n"));
}

TEST(Assembly, OfACallHasALabelForEachPlaceThatItNames) {
  Weaver weaver;
  const int label = weaver.label();
  weaver.add(pipeline(increment_loop(64)).program, 0);
  weaver.jump(label, named("r5"), 3);
  const std::string text = assembly_of(weaver.finish(), "twice");
  for (const char* place : {".L_twice_0_start", ".L_twice_0_end", ".L_twice_1"}) {
    EXPECT_THAT(text, HasSubstr(concat("\n", place, ":\n")));
  }
  EXPECT_THAT(text, HasSubstr("movxm ls, #.L_twice_0_start"));
  EXPECT_THAT(text, HasSubstr("movxm le, #.L_twice_0_end"));
  EXPECT_THAT(text, ContainsRegex("jnz r5, #\\.L_twice_1\n"));
  EXPECT_THAT(text, HasSubstr("\n  .size twice, .L_twice_size-twice\n"));
}

TEST(Assembly, StagesCountFromTheNewestIterationOfTheirCycle) {
  const Pipeline made = pipeline(increment_loop(64));
  ASSERT_GT(made.schedule.stages(), 1);
  const std::string table = slot_table(made.program);
  for (size_t op = 0; op < made.loop.operations.size(); ++op) {
    const Placement& placement = made.schedule.placements[op];
    const std::string shown =
        concat(placement.cycle / made.schedule.interval, " ", info(placement.opcode).mnemonic);
    EXPECT_THAT(table, HasSubstr(shown));
  }
}

TEST(Assembly, TheTableHasARowPerCycle) {
  const Pipeline made = pipeline(gemm_loop(2, 4, 16));
  const std::string table = slot_table(made.program);
  // A line for the head and one for each cycle of the kernel.
  EXPECT_EQ(std::count(table.begin(), table.end(), '\n'),
            1 + made.schedule.interval * made.allocation.unroll);
  EXPECT_THAT(table, HasSubstr("cycle | lda"));
  EXPECT_THAT(table, HasSubstr("vmac.f"));
}

TEST(Assembly, MovesTheStackPointerAndLeavesTheCall) {
  const Register sp{RegisterClass::sp, 0}, r1{RegisterClass::r, 1}, r2{RegisterClass::r, 2};
  EXPECT_EQ(assembly_of({.opcode = Opcode::paddb_sp, .immediate = -64, .defs = {sp}, .uses = {sp}}),
            "paddb [sp], #-64");
  EXPECT_EQ(assembly_of({.opcode = Opcode::jnz_leave, .uses = {r1, r2}}), "jnz r1");
}

}  // namespace
}  // namespace sotto::npu::core
