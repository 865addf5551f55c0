#include "npu/cycles/explain.h"

#include <algorithm>
#include <array>
#include <iomanip>
#include <map>
#include <set>
#include <sstream>

#include "base/error.h"
#include "npu/core/assembly.h"

namespace sotto::npu::cycles {
namespace {

std::string times(int64_t count) {
  return count == 1 ? "once" : concat(count, " times");
}

const CompiledPiece* piece_of(const Compiled& compiled, const KernelCost& cost,
                              const LoopCost* loop) {
  if (loop == nullptr) return nullptr;
  auto left = loop - cost.loops.data();
  for (const CompiledPiece& piece : compiled.pieces) {
    if (piece.is_loop && left-- == 0) return &piece;
  }
  return nullptr;
}

/// The buffers that lie in a bank.
std::string buffers_in(const recorder::Kernel& kernel, int bank) {
  std::string names;
  for (const recorder::Object& object : kernel.objects) {
    if (object.bank != bank) continue;
    names += (names.empty() ? "" : " or ") + object.name;
  }
  return names;
}

template <typename F>
void for_each_of_kernel(const core::Program& program, F f) {
  const int first = program.loop ? program.loop->first : 0;
  const int last = program.loop ? program.loop->last : static_cast<int>(program.bundles.size()) - 1;
  for (int i = first; i <= last; ++i) {
    for (const core::Instruction& made : program.bundles[static_cast<size_t>(i)].instructions) {
      f(made);
    }
  }
}

/// "vec 128, ldb 100, ... of 128 cycles": how often each slot is taken, the busiest first.
std::string occupancy(const core::Program& program) {
  std::array<int, core::kSlots> used{};
  for_each_of_kernel(program, [&](const core::Instruction& made) {
    ++used[static_cast<size_t>(core::info(made.opcode).slot)];
  });
  std::vector<int> order;
  for (int slot = 0; slot < core::kSlots; ++slot) {
    if (used[static_cast<size_t>(slot)] > 0) order.push_back(slot);
  }
  const auto count = [&](int slot) { return used[static_cast<size_t>(slot)]; };
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return count(a) > count(b); });
  std::string text;
  for (const int slot : order) {
    text += concat(text.empty() ? "" : ", ", core::kSlotNames[slot], " ", count(slot));
  }
  const int cycles = program.loop ? program.loop->last - program.loop->first + 1
                                  : static_cast<int>(program.bundles.size());
  return concat(text, " of ", cycles, " cycles");
}

/// "p0 p2 to a (bank 0), p3 to b (bank 1)": where the pointers of the code point.
std::string pointers(const recorder::Kernel& kernel, const core::Program& program) {
  std::map<int, std::set<std::string>> by_bank;
  for_each_of_kernel(program, [&](const core::Instruction& made) {
    if (!made.access || made.mode == core::AddressMode::stack) return;
    const size_t pointer = core::info(made.opcode).uses.size();
    by_bank[made.access->bank].insert(core::register_name(made.uses[pointer]));
  });
  std::string text;
  for (const auto& [bank, names] : by_bank) {
    text += text.empty() ? "" : ", ";
    for (const std::string& name : names) text += name + " ";
    text += bank < 0 ? "to several banks"
                     : concat("to ", buffers_in(kernel, bank), " (bank ", bank, ")");
  }
  return text;
}

std::string describe(const LoopCost& loop, const CompiledPiece& piece) {
  std::ostringstream out;
  out << loop.interval << " cycles an iteration; " << loop.bound << " are the least ("
      << loop.binding << ")\n";
  out << loop.trips << " iterations, entered " << times(loop.runs) << "; " << loop.stages
      << (loop.stages == 1 ? " stage" : " stages") << ", "
      << (loop.unroll == 1 ? "not unrolled"
                           : concat(loop.unroll,
                                    " iterations in the table (registers do not "
                                    "rotate)"))
      << "\n";
  if (loop.spills > 0 || !piece.code.kept.empty()) {
    out << loop.spills << " values spilled, " << piece.code.kept.size()
        << " invariants on the stack\n";
  }
  if (loop.is_guarded) {
    out << "guarded: a plain twin of " << piece.plain_bytes
        << " bytes runs when there are too few iterations; " << kGuardCycles << " cycles and "
        << kGuardBytes << " bytes for the choice are assumed, not scheduled\n";
  }
  return out.str();
}

}  // namespace

std::string explain(const recorder::Kernel& kernel, const Compiled& compiled,
                    const KernelCost& cost) {
  const LoopCost* const loop = hot_loop(cost);
  const CompiledPiece* const piece = piece_of(compiled, cost, loop);
  core::Program all;
  if (piece == nullptr) all.bundles = compiled.image.bundles;
  const core::Program& program = piece == nullptr ? all : piece->code.program;
  std::ostringstream out;
  out << kernel.name << ", " << kernel.size << ": " << cost.cycles << " cycles a call";
  if (loop == nullptr) {
    out << ", no loop\n";
  } else {
    out << ", " << loop->cycles * loop->runs << " in the loop of " << loop->name << "\n"
        << describe(*loop, *piece);
  }
  out << "slots: " << occupancy(program) << "\n";
  const std::string where = pointers(kernel, program);
  if (!where.empty()) out << "pointers: " << where << "\n";
  for (const LoopCost& other : cost.loops) {
    if (&other == loop) continue;
    out << "other loop: " << other.name << ", " << other.interval << " cycles an iteration, "
        << other.cycles * other.runs << " in all\n";
  }
  out << "\n" << core::slot_table(program);
  if (loop != nullptr && loop->stages > 1) {
    out << "\nThe number before an instruction "
        << (program.loop ? "is its stage: how many iterations have begun since its own.\n"
                         : "says how many iterations before the last its own is: there are so few "
                           "that all are drawn.\n");
  }
  return out.str();
}

std::string assembly(const recorder::Kernel& kernel, const Compiled& compiled) {
  std::ostringstream out;
  out << "// " << kernel.name << ", " << kernel.size << ": scheduled by Sotto for AIE2 (npu1)\n"
      << "// The code of this call: arguments are not read, sizes and trips are constants, and so\n"
         "// are pointers, as offsets in the core's memory, which it sees from 0x70000 on:\n";
  for (const recorder::Object& object : kernel.objects) {
    out << "//   " << object.name << ": " << object.bytes << " bytes at 0x" << std::hex
        << object.address << std::dec << ", bank " << object.bank << "\n";
  }
  if (compiled.stack_bytes > 0) {
    out << "// has a frame of " << compiled.stack_bytes << " bytes\n";
  }
  out << "// saves the caller's registers; leaves crRnd and crSat as it sets them\n";
  return out.str() + core::assembly_of(compiled.image, kernel.name);
}

}  // namespace sotto::npu::cycles
