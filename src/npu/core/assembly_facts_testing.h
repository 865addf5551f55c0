// What AMD's assembler for AIE2 (llvm-mc of Peano, llvm-aie) takes, as a table of facts that was
// written down apart from our opcode tables: mnemonics, slots, operands, ranges of constants. It
// judges the text that assembly.h makes.
//
// Source: the assembly strings and operand classes of llvm-aie, llvm/lib/Target/AIE/aie2/
// AIE2GenInstrInfo.td, AIE2GenFixupInstrInfo.td and AIE2GenRegisterInfo.td (19ba03dc), with the
// slots and the assembly strings of scalar spills in xdna-emu, tools/aie2-isa.json (7380bd56),
// which is made of the same sources; syntax of bundles, labels and streams from what
// llvm/test/MC/AIE/{bundles,nops,addressing-modes,stream-identifier}.s assemble.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sotto::npu::core::testing {

/// What is wrong with a line of instructions, "vlda wl0, [p0], #32; nopb"; empty when nothing is.
std::string problem_of_bundle(std::string_view line);

/// What is wrong with the assembly of a function, a line for each problem: its instructions, its
/// directives, and labels that are named and stand nowhere.
std::string problem_of_assembly(const std::string& text);

/// The mnemonics that begin so, in alphabetical order.
std::vector<std::string> mnemonics(std::string_view beginning);

}  // namespace sotto::npu::core::testing
