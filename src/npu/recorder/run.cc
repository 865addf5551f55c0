#include "npu/recorder/run.h"

#include <algorithm>
#include <cstring>
#include <deque>
#include <map>

#include "base/error.h"
#include "npu/core/banks.h"
#include "npu/kernels/host/core_state.h"

namespace sotto::npu::recorder {
namespace {

using core::AddressMode;
using core::Operand;
using core::Operation;

constexpr size_t kScalarBytes = 8;

int64_t scalar(const Bits& bits, int unit = 0) {
  int64_t value = 0;
  std::memcpy(&value, bits.bytes.data() + kScalarBytes * static_cast<size_t>(unit), sizeof value);
  return value;
}
void set_scalar(Bits& bits, int64_t value, int unit = 0) {
  std::memcpy(bits.bytes.data() + kScalarBytes * static_cast<size_t>(unit), &value, sizeof value);
}

/// Units of a modifier (registers.h).
enum { kM, kDn, kDj, kDc, kSecond };

int64_t turn(Bits& modifier, int64_t at) {
  const auto part = [&](int unit) { return scalar(modifier, unit); };
  if (part(kDc) != part(kDn)) {
    set_scalar(modifier, part(kDc) + 1, kDc);
    return at + part(kDj);
  }
  set_scalar(modifier, 0, kDc);
  return at + part(kM);
}

int64_t turn_3d(Bits& modifier, int64_t at) {
  const auto part = [&](int unit) { return scalar(modifier, unit); };
  if (part(kDc) != part(kDn)) return turn(modifier, at);
  set_scalar(modifier, 0, kDc);
  if (part(kSecond + kDc) != part(kSecond + kDn)) {
    set_scalar(modifier, part(kSecond + kDc) + 1, kSecond + kDc);
    return at + part(kSecond + kDj);
  }
  set_scalar(modifier, 0, kSecond + kDc);
  return at + part(kM);
}

class Machine {
 public:
  explicit Machine(const Kernel& kernel)
      : cells_(static_cast<size_t>(kernel.cells)),
        memory_(static_cast<size_t>(core::kBanks * core::kBankBytes)) {
    for (const Object& object : kernel.objects) {
      std::copy(object.before.begin(), object.before.end(), memory_.begin() + object.address);
    }
  }

  void run(const std::vector<Region>& regions) {
    for (const Region& region : regions) {
      if (region.kind != Region::Kind::outer_loop) {
        run(region.piece);
        continue;
      }
      take(region.enters);
      for (int64_t i = 0; i < region.trips; ++i) {
        run(region.body);
        take(region.carries);
      }
    }
  }

  std::vector<std::byte> memory() && { return std::move(memory_); }

 private:
  Bits& cell(int index) { return cells_[static_cast<size_t>(index)]; }
  void take(const std::vector<Carry>& carries) {
    for (const Carry& carry : carries) cell(carry.to) = part_of(carry.from);
  }
  /// Parts of cells are those of vectors.
  Bits part_of(const Part& from) {
    Bits bits;
    const Bits& whole = cell(from.value);
    const size_t skipped = 32 * static_cast<size_t>(from.first);
    std::copy(whole.bytes.begin() + static_cast<std::ptrdiff_t>(skipped), whole.bytes.end(),
              bits.bytes.begin());
    return bits;
  }

  void run(const Piece& piece) {
    piece_ = &piece;
    registers_.assign(piece.graph.registers.size(), {});
    past_.assign(piece.graph.registers.size(), {});
    int oldest = 0;
    for (const Entry& entry : piece.entries) oldest = std::max(oldest, entry.distance);
    for (auto& past : past_) past.resize(static_cast<size_t>(oldest));
    for (const Entry& entry : piece.entries) {
      const auto reg = static_cast<size_t>(entry.reg);
      Bits& to = entry.distance == 0 ? registers_[reg]
                                     : past_[reg][static_cast<size_t>(entry.distance) - 1];
      to = part_of(entry.from);
    }
    for (int64_t i = 0; i < piece.graph.trips; ++i) {
      for (size_t k = 0; k < piece.graph.operations.size(); ++k) step(k);
      for (size_t reg = 0; oldest > 0 && reg < registers_.size(); ++reg) {
        past_[reg].pop_back();
        past_[reg].push_front(registers_[reg]);
      }
    }
    for (size_t reg = 0; reg < registers_.size(); ++reg) {
      if (piece.graph.registers[reg].live_out) cell(piece.cells[reg]) = registers_[reg];
    }
  }

  size_t unit_of(const Operand& operand) const {
    return static_cast<size_t>(
        unit_bytes(piece_->graph.registers[static_cast<size_t>(operand.reg)].cls));
  }
  Bits read(const Operand& operand) const {
    const auto reg = static_cast<size_t>(operand.reg);
    const Bits& whole = operand.distance == 0
                            ? registers_[reg]
                            : past_[reg][static_cast<size_t>(operand.distance) - 1];
    const core::Span span = core::span_of(piece_->graph, operand);
    const size_t unit = unit_of(operand);
    Bits bits;
    std::memcpy(bits.bytes.data(), whole.bytes.data() + unit * static_cast<size_t>(span.first),
                unit * static_cast<size_t>(span.units));
    return bits;
  }
  void write(const Operand& operand, const Bits& bits) {
    const core::Span span = core::span_of(piece_->graph, operand);
    const size_t unit = unit_of(operand);
    Bits& whole = registers_[static_cast<size_t>(operand.reg)];
    std::memcpy(whole.bytes.data() + unit * static_cast<size_t>(span.first), bits.bytes.data(),
                unit * static_cast<size_t>(span.units));
  }

  void step(size_t index) {
    const Operation& operation = piece_->graph.operations[index];
    const core::Signature plain = core::signature(operation.opcode, AddressMode::none);
    std::vector<Bits> sources, results(plain.defs.size());
    for (size_t i = 0; i < plain.uses.size(); ++i) sources.push_back(read(operation.uses[i]));
    const bool is_store =
        operation.access &&
        core::info(core::choices(operation.opcode)[0]).memory == core::MemoryUse::store;
    const size_t at = operation.access ? address_of(operation, plain.uses.size()) : 0;
    const auto bytes = operation.access ? static_cast<size_t>(operation.access->bytes) : 0;
    if (is_store) results.emplace_back();
    if (bytes > 0 && !is_store) {
      sources.emplace_back();
      std::memcpy(sources.back().bytes.data(), memory_.data() + at, bytes);
    }
    if (piece_->effects[index]) {
      piece_->effects[index](sources, results);
    } else {
      run_scalar(operation, sources, results);
    }
    if (is_store) std::memcpy(memory_.data() + at, results.back().bytes.data(), bytes);
    for (size_t i = 0; i < plain.defs.size(); ++i) write(operation.defs[i], results[i]);
    move(operation, plain);
  }

  size_t address_of(const Operation& operation, size_t pointer) const {
    int64_t at = scalar(read(operation.uses[pointer]));
    if (operation.mode == AddressMode::offset) at += operation.immediate;
    SOTTO_CHECK(at >= 0 && at + operation.access->bytes <= static_cast<int64_t>(memory_.size()));
    return static_cast<size_t>(at);
  }

  void move(const Operation& operation, const core::Signature& plain) {
    if (operation.defs.size() == plain.defs.size()) return;
    const size_t first = plain.uses.size();
    Bits pointer = read(operation.uses[first]), modifier;
    if (operation.uses.size() > first + 1) modifier = read(operation.uses[first + 1]);
    move_pointer(operation, pointer, modifier);
    write(operation.defs[plain.defs.size()], pointer);
    if (operation.defs.size() > plain.defs.size() + 1) write(operation.uses[first + 1], modifier);
  }

  std::vector<Bits> cells_, registers_;
  std::vector<std::deque<Bits>> past_;  ///< by register: what the iterations before wrote
  std::vector<std::byte> memory_;
  const Piece* piece_ = nullptr;
};

}  // namespace

int unit_bytes(RegisterClass cls) {
  switch (cls) {
    case RegisterClass::w:
    case RegisterClass::x:
    case RegisterClass::am:
    case RegisterClass::bm:
    case RegisterClass::cm:
      return 32;
    default:
      return static_cast<int>(kScalarBytes);
  }
}

void run_scalar(const Operation& operation, std::span<const Bits> sources,
                std::span<Bits> results) {
  if (results.empty()) return;
  switch (operation.opcode) {
    case Opcode::add_imm:
      set_scalar(results[0], scalar(sources[0]) + operation.immediate);
      break;
    case Opcode::add:
      set_scalar(results[0], scalar(sources[0]) + scalar(sources[1]));
      break;
    case Opcode::mov:
    case Opcode::mov_p:
      results[0] = sources[0];
      break;
    default:
      SOTTO_CHECK(sources.empty());
      set_scalar(results[0], operation.immediate);
  }
}

void move_pointer(const Operation& operation, Bits& pointer, Bits& modifier) {
  int64_t at = scalar(pointer);
  switch (operation.mode) {
    case AddressMode::increment:
      at += operation.immediate;
      break;
    case AddressMode::increment_m:
      at += scalar(modifier);
      break;
    case AddressMode::increment_2d:
      at = turn(modifier, at);
      break;
    case AddressMode::increment_3d:
      at = turn_3d(modifier, at);
      break;
    default:
      break;
  }
  set_scalar(pointer, at);
}

std::vector<std::byte> run(const Kernel& kernel) {
  host::CoreState state;
  const host::CoreScope scope(state);
  Machine machine(kernel);
  machine.run(kernel.regions);
  return std::move(machine).memory();
}

}  // namespace sotto::npu::recorder
