// Code as text: assembly that AMD's compiler for these cores (Peano, llvm-aie) assembles, and a
// table of cycles × slots for people.
#pragma once

#include <functional>
#include <string>

#include "npu/core/image.h"
#include "npu/core/pipeline.h"
#include "npu/core/program.h"

namespace sotto::npu::core {

/// "vlda.3d wh3, [p0], d0".
std::string assembly_of(const Instruction& instruction);

/// The label that an instruction names instead of its constant; empty: none.
using LabelOf = std::function<std::string(const Instruction&)>;

/// One line per bundle, with the nops that give it its size.
std::string assembly_of(const Bundle& bundle, const LabelOf& label_of = {});

/// A function `name` that runs the code and returns; comments say which registers it enters and
/// leaves with.
std::string assembly_of(const Pipeline& made, const std::string& name);

/// The same of the code of a whole call (image_assembly.cc), without such comments.
std::string assembly_of(const Image& image, const std::string& name);

/// The kernel of the loop (all of the code when there is none), a row per cycle, a column per slot
/// that is used. The number before an instruction is its stage: how many iterations have begun
/// since its own.
std::string slot_table(const Program& program);

}  // namespace sotto::npu::core
