#include "npu/core/assembly.h"

#include <algorithm>
#include <array>
#include <sstream>
#include <vector>

#include "base/error.h"
#include "npu/core/formats.h"
#include "npu/core/hardware_loop.h"

namespace sotto::npu::core {
namespace {

constexpr Slot kColumns[] = {Slot::lda, Slot::ldb, Slot::st, Slot::alu, Slot::mv, Slot::vec};
constexpr const char* kNops[kSlots] = {"nopa", "nopb", "nops", "nopx", "nopm", "nopv", "nopxm"};

/// The mnemonic with its element types, and 2d or 3d after its first word.
std::string full_mnemonic(const Instruction& made) {
  std::string name = info(made.opcode).mnemonic + made.suffix;
  const char* const dimensions = made.mode == AddressMode::increment_2d   ? ".2d"
                                 : made.mode == AddressMode::increment_3d ? ".3d"
                                                                          : "";
  return name.insert(std::min(name.find('.'), name.size()), dimensions);
}

std::string constant(int64_t value) {
  return concat("#", value);
}

std::string address_of(const Instruction& made) {
  const size_t first = info(made.opcode).uses.size();
  const auto name = [&](size_t i) { return register_name(made.uses[first + i]); };
  switch (made.mode) {
    case AddressMode::none:
      return "";
    case AddressMode::offset: {
      // 128-bit loads and the tile's memory map take a bare pointer.
      const bool bare = info(made.opcode).immediate.bits == 0;
      return bare ? concat("[", name(0), "]")
                  : concat("[", name(0), ", ", constant(made.immediate), "]");
    }
    case AddressMode::index:
      return concat("[", name(0), ", ", name(1), "]");
    case AddressMode::increment:
      return concat("[", name(0), "], ", constant(made.immediate));
    case AddressMode::stack:
      return concat("[sp, ", constant(made.immediate), "]");
    default:
      return concat("[", name(0), "], ", name(1));
  }
}

/// Streams and the cascade are operands without a register.
const char* port_before(Opcode opcode) {
  return opcode == Opcode::mov_ms ? "ms" : opcode == Opcode::vmov_mcd ? "MCD" : "";
}
const char* port_after(Opcode opcode) {
  return opcode == Opcode::mov_ss ? "SS" : opcode == Opcode::vmov_scd ? "SCD" : "";
}

bool has_constant(const OpcodeInfo& row) {
  return row.memory == MemoryUse::none && row.immediate.bits > 0;
}

/// Slots to fill with instructions or nops so that the shortest format is the bundle's size.
SlotSet filled_slots(const Bundle& bundle) {
  const SlotSet taken = bundle.slots();
  SlotSet best = taken;
  int fewest = kSlots + 1;
  for (int bits = 0; bits < 1 << kSlots; ++bits) {
    const SlotSet all(static_cast<uint8_t>(bits));
    if (!taken.within(all) || bundle_bytes(all) != bundle.bytes) continue;
    int count = 0;
    for (int slot = 0; slot < kSlots; ++slot) count += all.has(static_cast<Slot>(slot));
    if (count >= fewest) continue;
    best = all;
    fewest = count;
  }
  return best;
}

/// Registers and what they hold, "p0 = in, x3 = one".
std::string holders(const Pipeline& made, bool entering) {
  std::string text;
  const Loop& loop = made.loop;
  const auto add = [&](Register reg, const std::string& name) {
    text += concat(text.empty() ? "" : ", ", register_name(reg), " = ", name);
  };
  std::vector<int> depth(loop.registers.size(), 0);
  std::vector<bool> written(loop.registers.size(), false);
  for (const Operation& operation : loop.operations) {
    for (const Operand& def : operation.defs) written[static_cast<size_t>(def.reg)] = true;
    for (const Operand& use : operation.uses) {
      int& deepest = depth[static_cast<size_t>(use.reg)];
      deepest = std::max(deepest, use.distance);
    }
  }
  for (int reg = 0; reg < static_cast<int>(loop.registers.size()); ++reg) {
    const VirtualRegister& which = loop.registers[static_cast<size_t>(reg)];
    const bool constant_value = !written[static_cast<size_t>(reg)];
    const bool state = which.storage == Storage::state;
    if (entering && (state || constant_value)) add(made.allocation.of(reg, 0), which.name);
    for (int d = 1; entering && !state && !constant_value && d <= depth[static_cast<size_t>(reg)];
         ++d) {
      add(made.allocation.of(reg, -d), concat(which.name, "[-", d, "]"));
    }
    if (!entering && (which.live_out || state)) {
      add(made.allocation.of(reg, loop.trips - 1), which.name);
    }
  }
  return text.empty() ? "nothing" : text;
}

}  // namespace

std::string assembly_of(const Instruction& made) {
  const OpcodeInfo& row = info(made.opcode);
  std::vector<std::string> operands;
  const auto add = [&](const std::string& operand) {
    if (!operand.empty()) operands.push_back(operand);
  };
  add(port_before(made.opcode));
  for (size_t i = 0; i < row.defs.size(); ++i) add(register_name(made.defs[i]));
  // divs names its tied r31 once.
  for (size_t i = made.opcode == Opcode::divs ? 1 : 0; i < row.uses.size(); ++i) {
    add(register_name(made.uses[i]));
  }
  add(port_after(made.opcode));
  add(address_of(made));
  if (has_constant(row)) add(constant(made.immediate));
  std::string text = full_mnemonic(made);
  for (size_t i = 0; i < operands.size(); ++i) text += (i == 0 ? " " : ", ") + operands[i];
  return text;
}

std::string assembly_of(const Bundle& bundle) {
  if (bundle.instructions.empty() && bundle.bytes == 2) return "nop";
  const SlotSet filled = filled_slots(bundle);
  std::string line;
  for (int slot = 0; slot < kSlots; ++slot) {
    if (!filled.has(static_cast<Slot>(slot))) continue;
    std::string text = kNops[slot];
    for (const Instruction& made : bundle.instructions) {
      if (info(made.opcode).slot == static_cast<Slot>(slot)) text = assembly_of(made);
    }
    line += (line.empty() ? "" : "; ") + text;
  }
  return line;
}

std::string assembly_of(const Pipeline& made, const std::string& name) {
  const Program& program = made.program;
  const std::string start = concat(".L_", name, "_start"), end = concat(".L_", name, "_end");
  std::ostringstream out;
  out << "  .globl " << name << "\n  .p2align 4\n  .type " << name << ",@function\n";
  out << "// enters with " << holders(made, true) << "\n";
  out << "// leaves with " << holders(made, false) << "\n" << name << ":\n";
  for (int i = 0; i < static_cast<int>(program.bundles.size()); ++i) {
    const bool first = program.loop && i == program.loop->first;
    if (first) out << "  .p2align 4\n" << start << ":\n";
    if (program.loop && i == program.loop->last) out << "  .p2align 4\n" << end << ":\n";
    std::string line = assembly_of(program.bundles[static_cast<size_t>(i)]);
    // The loop registers hold addresses of bundles.
    for (const auto& [mnemonic, label] : {std::pair("movxm ls, #", start), {"movxm le, #", end}}) {
      const size_t at = line.find(mnemonic);
      if (at == std::string::npos) continue;
      const size_t digits = at + std::string(mnemonic).size();
      const size_t stop = std::min(line.find(';', digits), line.size());
      line.replace(digits, stop - digits, label);
    }
    out << "  " << line << "\n";
  }
  out << "  ret lr\n";
  for (int i = 0; i < kDelaySlots; ++i) out << "  nop\n";
  return out.str();
}

std::string slot_table(const Program& program) {
  const int first = program.loop ? program.loop->first : 0;
  const int last = program.loop ? program.loop->last : static_cast<int>(program.bundles.size()) - 1;
  int64_t newest = 0;
  for (int i = first; i <= last; ++i) {
    for (const Instruction& made : program.bundles[static_cast<size_t>(i)].instructions) {
      newest = std::max(newest, made.iteration);
    }
  }
  std::vector<std::array<std::string, 6>> rows;
  std::array<size_t, 6> widths{};
  for (size_t c = 0; c < 6; ++c)
    widths[c] = std::string(kSlotNames[static_cast<int>(kColumns[c])]).size();
  for (int i = first; i <= last; ++i) {
    std::array<std::string, 6> row;
    for (const Instruction& made : program.bundles[static_cast<size_t>(i)].instructions) {
      const Slot slot = info(made.opcode).slot;
      for (size_t c = 0; c < 6; ++c) {
        if (kColumns[c] != slot && !(slot == Slot::lng && kColumns[c] == Slot::alu)) continue;
        const int64_t behind = made.operation < 0 || !program.loop ? 0 : newest - made.iteration;
        row[c] = concat(behind > 0 ? concat(behind, " ") : "  ", assembly_of(made));
        widths[c] = std::max(widths[c], row[c].size());
      }
    }
    rows.push_back(std::move(row));
  }
  std::ostringstream out;
  const auto cell = [&](const std::string& text, size_t c) {
    out << " | " << text << std::string(widths[c] - text.size(), ' ');
  };
  out << "cycle";
  for (size_t c = 0; c < 6; ++c) cell(kSlotNames[static_cast<int>(kColumns[c])], c);
  out << "\n";
  for (size_t i = 0; i < rows.size(); ++i) {
    const std::string number = std::to_string(i);
    out << std::string(5 - std::min<size_t>(number.size(), 5), ' ') << number;
    for (size_t c = 0; c < 6; ++c) cell(rows[i][c], c);
    out << "\n";
  }
  return out.str();
}

}  // namespace sotto::npu::core
