#include "npu/core/assembly.h"

#include <algorithm>
#include <array>
#include <limits>
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
  if (choices(Opcode::padd_sp)[0] == interchangeable(made.opcode)[0]) {
    return concat(row.mnemonic, " [sp], ", constant(made.immediate));
  }
  std::vector<std::string> operands;
  const auto add = [&](const std::string& operand) {
    if (!operand.empty()) operands.push_back(operand);
  };
  add(port_before(made.opcode));
  // That a call writes lr is not said.
  const bool is_call = made.opcode == Opcode::jl || made.opcode == Opcode::jl_ind;
  for (size_t i = 0; i < row.defs.size() && !is_call; ++i) add(register_name(made.defs[i]));
  // divs names its tied r31 once; what a jump out of the call returns is read behind it.
  const size_t shown = made.opcode == Opcode::jnz_leave ? 1 : row.uses.size();
  for (size_t i = made.opcode == Opcode::divs ? 1 : 0; i < shown; ++i) {
    add(register_name(made.uses[i]));
  }
  add(port_after(made.opcode));
  add(address_of(made));
  if (has_constant(row)) add(constant(made.immediate));
  std::string text = full_mnemonic(made);
  for (size_t i = 0; i < operands.size(); ++i) text += (i == 0 ? " " : ", ") + operands[i];
  return text;
}

std::string assembly_of(const Bundle& bundle, const LabelOf& label_of) {
  if (bundle.instructions.empty() && bundle.bytes == 2) return "nop";
  const SlotSet filled = filled_slots(bundle);
  std::string line;
  for (int slot = 0; slot < kSlots; ++slot) {
    if (!filled.has(static_cast<Slot>(slot))) continue;
    std::string text = kNops[slot];
    for (const Instruction& made : bundle.instructions) {
      if (info(made.opcode).slot != static_cast<Slot>(slot)) continue;
      text = assembly_of(made);
      const std::string label = label_of ? label_of(made) : "";
      if (label.empty()) continue;
      if (const size_t at = text.find('#'); at != std::string::npos) {
        text = text.substr(0, at + 1) + label;
      } else {
        text += (text.find(' ') == std::string::npos ? " #" : ", #") + label;
      }
    }
    line += (line.empty() ? "" : "; ") + text;
  }
  return line;
}

std::string assembly_of(const Pipeline& made, const std::string& name) {
  const Program& program = made.program;
  const std::string start = concat(".L_", name, "_start"), end = concat(".L_", name, "_end");
  // The loop registers hold addresses of bundles.
  const auto label_of = [&](const Instruction& one) -> std::string {
    return one.opcode == Opcode::movxm_ls ? start : one.opcode == Opcode::movxm_le ? end : "";
  };
  std::ostringstream out;
  out << "  .globl " << name << "\n  .p2align 4\n  .type " << name << ",@function\n";
  out << "// enters with " << holders(made, true) << "\n";
  out << "// leaves with " << holders(made, false) << "\n" << name << ":\n";
  for (int i = 0; i < static_cast<int>(program.bundles.size()); ++i) {
    if (program.loop && i == program.loop->first) out << "  .p2align 4\n" << start << ":\n";
    if (program.loop && i == program.loop->last) out << "  .p2align 4\n" << end << ":\n";
    out << "  " << assembly_of(program.bundles[static_cast<size_t>(i)], label_of) << "\n";
  }
  out << "  ret lr\n";
  for (int i = 0; i < kDelaySlots; ++i) out << "  nop\n";
  return out.str();
}

namespace {

constexpr size_t kTableColumns = std::size(kColumns);
using Row = std::array<std::string, kTableColumns>;

/// A long instruction stands in the column of scalars; it leaves that of moves empty.
size_t column_of(Slot slot) {
  const Slot shown = slot == Slot::lng ? Slot::alu : slot;
  return static_cast<size_t>(std::find(std::begin(kColumns), std::end(kColumns), shown) -
                             std::begin(kColumns));
}

std::vector<Row> rows_of(const Program& program, int first, int last) {
  int64_t newest = 0, oldest = std::numeric_limits<int64_t>::max();
  for (int i = first; i <= last; ++i) {
    for (const Instruction& made : program.bundles[static_cast<size_t>(i)].instructions) {
      if (made.operation < 0) continue;
      newest = std::max(newest, made.iteration);
      oldest = std::min(oldest, made.iteration);
    }
  }
  const int unroll = program.loop ? program.loop->iterations : 1;
  const int interval = (last - first + 1) / unroll;
  const bool has_stages = newest - oldest >= unroll;
  std::vector<Row> rows;
  for (int i = first; i <= last; ++i) {
    // Of the iterations that have begun.
    const int64_t newest_here = newest - (unroll - 1) + (i - first) / interval;
    Row& row = rows.emplace_back();
    for (const Instruction& made : program.bundles[static_cast<size_t>(i)].instructions) {
      std::string stage = has_stages ? "  " : "";
      if (has_stages && made.operation >= 0) stage = concat(newest_here - made.iteration, " ");
      row[column_of(info(made.opcode).slot)] = stage + assembly_of(made);
    }
  }
  return rows;
}

}  // namespace

std::string slot_table(const Program& program) {
  const int first = program.loop ? program.loop->first : 0;
  const int last = program.loop ? program.loop->last : static_cast<int>(program.bundles.size()) - 1;
  std::vector<Row> rows = rows_of(program, first, last);
  Row head;
  for (size_t c = 0; c < kTableColumns; ++c) head[c] = kSlotNames[static_cast<int>(kColumns[c])];
  std::array<size_t, kTableColumns> widths{};  // 0: empty, and not drawn
  for (const Row& row : rows) {
    for (size_t c = 0; c < kTableColumns; ++c) {
      if (!row[c].empty()) widths[c] = std::max({widths[c], row[c].size(), head[c].size()});
    }
  }
  std::ostringstream out;
  const auto draw = [&](const std::string& number, const Row& row) {
    std::string line = std::string(5 - std::min<size_t>(number.size(), 5), ' ') + number;
    for (size_t c = 0; c < kTableColumns; ++c) {
      if (widths[c] > 0) line += " | " + row[c] + std::string(widths[c] - row[c].size(), ' ');
    }
    out << line.substr(0, line.find_last_not_of(' ') + 1) << "\n";
  };
  draw("cycle", head);
  for (size_t i = 0; i < rows.size(); ++i) draw(std::to_string(i), rows[i]);
  return out.str();
}

}  // namespace sotto::npu::core
