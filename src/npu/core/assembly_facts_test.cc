// Every form of every instruction, as assembly.h writes it, is one that AMD's assembler takes, as
// far as facts about it can say that (assembly_facts_testing.h).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "npu/core/assembly.h"
#include "npu/core/assembly_facts_testing.h"
#include "npu/core/formats.h"
#include "npu/core/loops_testing.h"

namespace sotto::npu::core {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::problem_of_assembly;
using testing::problem_of_bundle;

TEST(AssemblyFacts, TakeWhatTheAssemblerTakes) {
  for (const char* line :
       {"nop", "nopa", "nopb; nopa; nops; nopxm; nopv", "padda [p1], #4; movxm r2, #64",
        "vlda wl3, [sp, #-1024]", "vldb.3d wl2, [p1], d1", "vmov MCD, x0", "vmov x0, SCD",
        "lda p3, [p1, #32]", "padda [sp], #32", "add r1, r2, #3", "mov p6, sp",
        "vmac.f bml0, bml0, x0, x4, r0; movxm ls, #.l_start", "ret lr"}) {
    EXPECT_EQ(problem_of_bundle(line), "") << line;
  }
}

TEST(AssemblyFacts, RefuseWhatTheAssemblerRefuses) {
  for (const char* line :
       {"padda [p0], #4; padda [p0], #4", "add r0, r0, r0; add r0, r0, r0",
        "padda [p1], #4; add r0, r0, r1; mov r2, r1; lda r0, [p0, #0]", "padda [p0], #2060",
        "padda [p0], #6", "padda [sp], #150000", "padda [sp], #22", "mova r0, #2000",
        "vlda wl0, [sp, #0]", "padda [p0], MCD"}) {
    EXPECT_NE(problem_of_bundle(line), "") << line;
  }
}

TEST(AssemblyFacts, RefuseOtherRegisters) {
  for (const char* line :
       {"vlda wl12, [p0], #32", "vlda x0, [p0], #32", "vlda wl0, [p8], #32", "vlda wl0, [r0], #32",
        "vlda.3d wl0, [p0], d4", "vshuffle bmh8, x0, x1, r2", "vsel.32 x0, x1, x2, r24",
        "vsel.8 x0, x1, x2, r17", "st s0, [p0, #0]", "vextract.s32 r0, x0, r20",
        "sel.nez r0, r1, r2, r26", "vextract.bf16 r0, x0, r16", "jl lr, #.l"}) {
    EXPECT_NE(problem_of_bundle(line), "") << line;
  }
}

TEST(AssemblyFacts, LabelsThatAreNamedStandSomewhere) {
  EXPECT_EQ(problem_of_assembly("  .globl f\nf:\n  jnz r1, #.there\n  nop\n.there:\n  ret lr\n"),
            "");
  EXPECT_THAT(problem_of_assembly("f:\n  jnz r1, #.there; nopa\n"), HasSubstr("no label .there\n"));
  EXPECT_THAT(problem_of_assembly("f:\nf:\n"), HasSubstr("stands there twice: f:"));
  EXPECT_THAT(problem_of_assembly("  vmac bml0, bml0, x0, x1, r0\n"),
              HasSubstr("no such instruction: vmac "));
}

/// The first and the last register of a class; one of each kind of scalars.
std::vector<Register> registers_of(RegisterClass cls) {
  const auto all = [](std::initializer_list<const char*> names) {
    std::vector<Register> registers;
    for (const char* name : names) registers.push_back(*parse_register(name));
    return registers;
  };
  if (cls == RegisterClass::any_scalar) {
    return all({"r0", "r31", "p7", "m7", "dn0", "dj3", "dc7", "s3", "crSat", "lc", "ls", "le", "sp",
                "lr"});
  }
  if (cls == RegisterClass::stored)
    return all({"r0", "r31", "p7", "m7", "dn0", "dj3", "dc7", "lr"});
  const int last = register_file(cls).count - 1;
  return {Register{cls, 0}, Register{cls, static_cast<uint8_t>(last)}};
}

/// Instructions of a form, with each operand's registers in turn.
std::vector<Instruction> instructions(Opcode opcode, AddressMode mode, int64_t immediate) {
  const Signature operands = signature(opcode, mode);
  Instruction first = {.opcode = opcode, .mode = mode, .immediate = immediate};
  for (const Timing& def : operands.defs) first.defs.push_back(registers_of(def.cls)[0]);
  for (const Timing& use : operands.uses) first.uses.push_back(registers_of(use.cls)[0]);
  std::vector<Instruction> all = {first};
  for (size_t i = 0; i < operands.defs.size(); ++i) {
    for (const Register reg : registers_of(operands.defs[i].cls)) {
      all.push_back(first);
      all.back().defs[i] = reg;
    }
  }
  for (size_t i = 0; i < operands.uses.size(); ++i) {
    for (const Register reg : registers_of(operands.uses[i].cls)) {
      all.push_back(first);
      all.back().uses[i] = reg;
    }
  }
  return all;
}

/// The least and the largest constant that the form can hold.
std::set<int64_t> constants(Opcode opcode, AddressMode mode) {
  std::set<int64_t> held;
  for (int64_t power = 1; power <= int64_t{1} << 32; power *= 2) {
    for (const int64_t value : {power - 1, power, -power, -power - 1}) {
      for (int64_t near = value - 64; near <= value; ++near) {
        if (encodable(opcode, mode, near)) held.insert(near);
      }
    }
  }
  if (held.empty()) return {0};
  return {*held.begin(), *held.rbegin()};
}

/// What may follow the mnemonic of an opcode's row: nothing, or types (vneg_gtz has them without a
/// point).
std::set<std::string> suffixes(const std::string& mnemonic) {
  std::set<std::string> all;
  for (const std::string& name : testing::mnemonics(mnemonic)) {
    const std::string rest = name.substr(mnemonic.size());
    if (rest.empty() || std::isalpha(rest[0]) == 0) all.insert(rest);
  }
  return all;
}

std::string bundle_of(const Instruction& made) {
  const auto label_of = [](const Instruction& one) -> std::string {
    switch (one.opcode) {
      case Opcode::movxm_ls:
      case Opcode::movxm_le:
      case Opcode::j:
      case Opcode::jl:
      case Opcode::jz:
      case Opcode::jnz:
      case Opcode::jnz_leave:
        return ".L_there";
      default:
        return "";
    }
  };
  Bundle bundle;
  bundle.instructions = {made};
  bundle.bytes = bundle_bytes(bundle.slots());
  return assembly_of(bundle, label_of);
}

/// The types with which all registers and constants of a form make instructions that there are; the
/// last problem if there are none.
std::set<std::string> types_of(Opcode opcode, AddressMode mode, std::string& problem) {
  std::set<std::string> good;
  for (const std::string& suffix : suffixes(info(opcode).mnemonic)) {
    bool all_good = true;
    for (const int64_t constant : constants(opcode, mode)) {
      for (Instruction& made : instructions(opcode, mode, constant)) {
        made.suffix = suffix;
        const std::string wrong = problem_of_bundle(bundle_of(made));
        if (wrong.empty()) continue;
        all_good = false;
        problem = wrong;
      }
    }
    if (all_good) good.insert(suffix);
  }
  return good;
}

TEST(AssemblyFacts, HaveEveryFormOfEveryInstruction) {
  int forms = 0;
  for (int i = 0; i < kOpcodes; ++i) {
    for (const Opcode opcode : choices(static_cast<Opcode>(i))) {
      if (opcode == Opcode::nop) continue;  // a bundle without instructions
      for (int mode = 0; mode < kAddressModes; ++mode) {
        if ((info(opcode).modes & (1u << mode)) == 0) continue;
        std::string problem;
        EXPECT_FALSE(types_of(opcode, static_cast<AddressMode>(mode), problem).empty())
            << info(opcode).mnemonic << ", opcode " << static_cast<int>(opcode) << ", mode " << mode
            << ": " << problem;
        ++forms;
      }
    }
  }
  EXPECT_GT(forms, 250);
}

TEST(AssemblyFacts, HaveTheTypesOfAnInstruction) {
  std::string problem;
  EXPECT_THAT(types_of(Opcode::vlda_ups_bm, AddressMode::offset, problem),
              ElementsAre(".s32.d16", ".s32.s16", ".s64.d32", ".s64.s32"));
  EXPECT_THAT(types_of(Opcode::vlt_8, AddressMode::none, problem), ElementsAre(".d8", ".s8"));
}

TEST(AssemblyFacts, HaveTheLinesOfALoop) {
  EXPECT_EQ(problem_of_assembly(assembly_of(pipeline(gemm_loop(2, 4, 16)), "gemm")), "");
}

}  // namespace
}  // namespace sotto::npu::core
