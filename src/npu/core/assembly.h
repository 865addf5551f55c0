// Code as text: assembly that AMD's compiler for these cores (Peano, llvm-aie) assembles, and a
// table of cycles × slots for people.
#pragma once

#include <string>

#include "npu/core/pipeline.h"
#include "npu/core/program.h"

namespace sotto::npu::core {

/// "vlda.3d wh3, [p0], d0".
std::string assembly_of(const Instruction& instruction);

/// One line per bundle, with the nops that give it its size.
std::string assembly_of(const Bundle& bundle);

/// A function `name` that runs the code and returns; comments say which registers it enters and
/// leaves with.
std::string assembly_of(const Pipeline& made, const std::string& name);

/// The kernel of the loop (all of the code when there is none), a row per cycle, a column per slot.
/// A number before an instruction says how many iterations behind the newest it is.
std::string slot_table(const Program& program);

}  // namespace sotto::npu::core
