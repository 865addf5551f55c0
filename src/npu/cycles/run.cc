#include "npu/cycles/run.h"

#include <algorithm>
#include <cstring>
#include <map>

#include "base/error.h"
#include "npu/core/banks.h"
#include "npu/core/replay.h"
#include "npu/kernels/host/core_state.h"
#include "npu/recorder/run.h"

namespace sotto::npu::cycles {
namespace {

using core::Execution;
using core::MemoryUse;
using core::Opcode;
using core::Token;
using core::Tokens;
using recorder::Bits;

constexpr size_t kVectorBytes = 32;
constexpr int64_t kDataBytes = int64_t{core::kBanks} * core::kBankBytes;
constexpr int64_t kStackBytes = 16 * 1024;
/// Where the caller's frame ends.
constexpr int64_t kStackPointer = kDataBytes + kStackBytes / 2;
constexpr Token kCallers = 0x5A000;  ///< what its registers hold, and their units
constexpr Token kCallersShift = 61;  ///< one of those that mean something

/// What an instruction multiplies, and the most that one of its types can.
struct Products {
  int macs = 0, peak = 1;
};

/// The control word says shape and types: modes of the operands in bits 1 to 4, variant in 5 to 7.
Products products_of(Opcode opcode, uint32_t control) {
  switch (opcode) {
    case Opcode::vmac:
    case Opcode::vmsc:
    case Opcode::vnegmac:
    case Opcode::vnegmsc:
    case Opcode::vmul:
    case Opcode::vnegmul:
    case Opcode::vmac_f:
    case Opcode::vmsc_f:
    case Opcode::vmul_f:
    case Opcode::vnegmul_f:
      break;
    default:
      return {};
  }
  constexpr uint32_t kShapeBits = 0xfe;
  switch (control & kShapeBits) {
    case 28:
      return {128, 128};  // bf16, 4 x 8 by 8 x 4
    case 60:
      return {16, 128};  // bf16, lane by lane
    case 776 & kShapeBits:
      return {256, 256};  // int8, 4 x 8 by 8 x 8
    case 56:
      return {32, 64};  // int16, lane by lane
    default:
      fail(ErrorKind::unsupported, "a product with the unknown control word ", control);
  }
}

/// Tokens of scalars are their values; those of vector units number their bits.
class BitSemantics : public core::Semantics {
 public:
  BitSemantics(const Compiled& compiled, const recorder::Kernel& kernel)
      : compiled_(compiled),
        memory_(static_cast<size_t>(kDataBytes + kStackBytes)),
        written_(memory_.size(), -1),
        read_(memory_.size(), -1) {
    vectors_.emplace_back();  // what registers hold at first
    for (const recorder::Object& object : kernel.objects) {
      std::copy(object.before.begin(), object.before.end(), memory_.begin() + object.address);
    }
  }

  void address(Execution& execution) override {
    const size_t own = plain(execution).defs.size(), first = plain(execution).uses.size();
    if (execution.defs.size() == own) return;
    Bits pointer = scalars(execution.uses[first]), modifier;
    if (execution.uses.size() > first + 1) modifier = scalars(execution.uses[first + 1]);
    core::Operation moved;
    moved.mode = execution.mode;
    moved.immediate = execution.immediate;
    recorder::move_pointer(moved, pointer, modifier);
    set_scalars(execution.defs[own], pointer, 0);
    for (size_t i = own + 1; i < execution.defs.size(); ++i) {
      constexpr size_t kCounter = 3, kNext = 4;  // dc among the units of a modifier
      set_scalars(execution.defs[i], modifier, kCounter + kNext * (i - own - 1));
    }
  }

  bool is_taken(const Tokens& condition) const override { return condition[0] != 0; }

  void execute(Execution& execution) override {
    const core::OpcodeInfo& row = core::info(execution.opcode);
    if (execution.opcode == Opcode::jnz) jumps_.push_back(execution.uses[0][0] != 0);
    std::vector<Bits> sources, results(row.defs.size());
    for (size_t i = 0; i < row.uses.size(); ++i) {
      sources.push_back(bits_of(execution.uses[i], is_vector(row.uses[i].cls)));
    }
    const bool stores = execution.access != nullptr && row.memory == MemoryUse::store;
    if (stores) results.emplace_back();
    if (execution.access != nullptr && !stores) sources.push_back(load(execution));
    count_products(execution, sources);
    compute(execution, sources, results);
    if (stores) store(execution, results.back());
    keep_scalars(execution, sources, results);
    for (size_t i = 0; i < row.defs.size(); ++i) {
      put(execution.defs[i], results[i], is_vector(row.defs[i].cls));
    }
  }

  std::vector<std::byte> memory() const { return {memory_.begin(), memory_.begin() + kDataBytes}; }
  const std::string& problem() const { return problem_; }
  const std::vector<bool>& jumps() const { return jumps_; }
  int64_t macs() const { return macs_; }
  double peak_cycles() const { return peak_cycles_; }

 private:
  void count_products(const Execution& execution, const std::vector<Bits>& sources) {
    if (sources.empty()) return;
    uint32_t control;
    std::memcpy(&control, sources.back().bytes.data(), sizeof(control));
    const Products made = products_of(execution.opcode, control);
    macs_ += made.macs;
    peak_cycles_ += static_cast<double>(made.macs) / made.peak;
  }

  static bool is_vector(core::RegisterClass cls) {
    return recorder::unit_bytes(cls) == static_cast<int>(kVectorBytes);
  }
  static core::Signature plain(const Execution& execution) {
    return core::signature(execution.opcode, core::AddressMode::none);
  }

  static Bits scalars(const Tokens& tokens) {
    Bits bits;
    std::memcpy(bits.bytes.data(), tokens.data(), sizeof(Token) * tokens.size());
    return bits;
  }
  static void set_scalars(Tokens& tokens, const Bits& bits, size_t first) {
    std::memcpy(tokens.data(), bits.bytes.data() + sizeof(Token) * first,
                sizeof(Token) * tokens.size());
  }
  Bits bits_of(const Tokens& tokens, bool vector) const {
    if (!vector) return scalars(tokens);
    Bits bits;
    for (size_t i = 0; i < tokens.size(); ++i) {
      const auto& unit = vectors_[static_cast<size_t>(tokens[i])];
      std::copy(unit.begin(), unit.end(), bits.bytes.data() + kVectorBytes * i);
    }
    return bits;
  }
  void put(Tokens& tokens, const Bits& bits, bool vector) {
    if (!vector) return set_scalars(tokens, bits, 0);
    for (size_t i = 0; i < tokens.size(); ++i) {
      tokens[i] = vectors_.size();
      std::copy_n(bits.bytes.data() + kVectorBytes * i, kVectorBytes,
                  vectors_.emplace_back().data());
    }
  }

  /// Where the access is: the pointer, an index and the constant.
  size_t address_of(const Execution& execution) {
    const size_t pointer = plain(execution).uses.size();
    int64_t at = static_cast<int64_t>(execution.uses[pointer][0]);
    const bool adds =
        execution.mode == core::AddressMode::offset || execution.mode == core::AddressMode::stack;
    if (adds) at += execution.immediate;
    if (execution.mode == core::AddressMode::stack) check_frame(execution, at);
    if (at >= 0 && at + execution.access->bytes <= static_cast<int64_t>(memory_.size())) {
      return static_cast<size_t>(at);
    }
    if (problem_.empty()) problem_ = concat("an access to address ", at);
    return 0;
  }

  /// What lies on the stack lies between the caller's frame and the stack pointer.
  void check_frame(const Execution& execution, int64_t at) {
    const auto top = static_cast<int64_t>(execution.uses.back()[0]);
    const bool inside = at >= kStackPointer && at + execution.access->bytes <= top;
    if (!inside && problem_.empty()) {
      problem_ = concat("an access at [sp, ", execution.immediate, "], outside the frame");
    }
  }

  Bits load(const Execution& execution) {
    const size_t at = address_of(execution);
    Bits bits;
    for (size_t i = 0; i < static_cast<size_t>(execution.access->bytes); ++i) {
      if (written_[at + i] == execution.cycle) race(at + i);
      read_[at + i] = execution.cycle;
      bits.bytes[i] = memory_[at + i];
    }
    return bits;
  }
  void store(const Execution& execution, const Bits& bits) {
    const size_t at = address_of(execution);
    for (size_t i = 0; i < static_cast<size_t>(execution.access->bytes); ++i) {
      if (written_[at + i] == execution.cycle || read_[at + i] == execution.cycle) race(at + i);
      written_[at + i] = execution.cycle;
      memory_[at + i] = bits.bytes[i];
    }
  }
  /// What the compiler puts on the stack comes back as the token that it was, of 64 bits.
  void keep_scalars(const Execution& execution, const std::vector<Bits>& sources,
                    std::vector<Bits>& results) {
    if (execution.operation >= 0 || execution.access == nullptr) return;
    if (execution.access->bytes >= static_cast<int>(kVectorBytes)) return;
    const size_t at = address_of(execution);
    if (core::info(execution.opcode).memory == MemoryUse::store) {
      scalars_[at] = sources[0];
    } else {
      results[0] = scalars_[at];
    }
  }
  void race(size_t at) {
    if (problem_.empty()) problem_ = concat("two accesses to byte ", at, " in one cycle");
  }

  void compute(const Execution& execution, std::vector<Bits>& sources, std::vector<Bits>& results) {
    const core::Operation* operation = nullptr;
    if (execution.operation >= 0) {
      const CompiledPiece& piece = compiled_.pieces[static_cast<size_t>(execution.piece)];
      operation = &piece.code.loop.operations[static_cast<size_t>(execution.operation)];
      if (operation->origin >= 0 && piece.effects[static_cast<size_t>(operation->origin)]) {
        return piece.effects[static_cast<size_t>(operation->origin)](sources, results);
      }
      if (operation->origin >= 0) return recorder::run_scalar(*operation, sources, results);
    }
    if (results.size() == 1 && sources.empty()) {
      std::memcpy(results[0].bytes.data(), &execution.immediate, sizeof(execution.immediate));
      return;
    }
    if (core::interchangeable(execution.opcode)[0] == core::choices(Opcode::padd_sp)[0]) {
      int64_t pointer;
      std::memcpy(&pointer, sources[0].bytes.data(), sizeof(pointer));
      pointer += execution.immediate;
      std::memcpy(results[0].bytes.data(), &pointer, sizeof(pointer));
      return;
    }
    // What the compiler added moves a value as it is, from or to memory or a register.
    if (!results.empty() && !sources.empty()) results.back() = sources[0];
  }

  const Compiled& compiled_;
  std::vector<std::byte> memory_;
  std::vector<int64_t> written_, read_;  ///< cycles, by byte
  std::vector<std::array<std::byte, kVectorBytes>> vectors_;
  std::map<size_t, Bits> scalars_;  ///< on the stack, by address
  std::vector<bool> jumps_;
  int64_t macs_ = 0;
  double peak_cycles_ = 0;
  std::string problem_;
};

/// What registers hold when the call begins.
Tokens registers_at_start() {
  Tokens registers(static_cast<size_t>(core::register_units()));
  // Of vectors and accumulators tokens number bits, of which there are those at 0.
  using Class = core::RegisterClass;
  for (const Class cls :
       {Class::r, Class::p, Class::m, Class::dn, Class::dj, Class::dc, Class::s}) {
    for (int i = 0; i < core::register_file(cls).count; ++i) {
      const auto unit = static_cast<size_t>(core::register_file(cls).first + i);
      registers[unit] = cls == Class::s ? kCallersShift : kCallers + unit;
    }
  }
  const core::Register stack{Class::sp, 0};
  registers[static_cast<size_t>(stack.first_unit())] = static_cast<Token>(kStackPointer);
  return registers;
}

/// Whether the caller finds its registers as they were.
std::string check_saved(const Tokens& before, const Tokens& after) {
  for (const core::RegisterClass cls :
       {core::RegisterClass::r, core::RegisterClass::p, core::RegisterClass::sp}) {
    for (uint8_t i = 0; i < core::register_file(cls).count; ++i) {
      const core::Register reg{cls, i};
      const auto unit = static_cast<size_t>(reg.first_unit());
      if (is_callee_saved(reg) && before[unit] != after[unit]) {
        return concat("leaves ", register_name(reg), " with another value than the caller's");
      }
    }
  }
  return "";
}

/// Whether outer loops jumped as often as they should.
std::string check_jumps(const std::vector<bool>& jumps, int64_t wanted) {
  const auto taken = static_cast<int64_t>(std::count(jumps.begin(), jumps.end(), true));
  return taken == wanted ? "" : concat("jumps ", taken, " times, not ", wanted);
}

}  // namespace

BitRun run(const Compiled& compiled, const recorder::Kernel& kernel) {
  host::CoreState state;
  const host::CoreScope scope(state);
  BitSemantics semantics(compiled, kernel);
  const Tokens registers = registers_at_start();
  const core::Run run = core::replay(compiled.image, registers, semantics);
  BitRun result{.problem = run.problem,
                .cycles = run.cycles,
                .bank_stalls = run.bank_stalls,
                .macs = semantics.macs(),
                .peak_cycles = semantics.peak_cycles(),
                .left = run.left,
                .returned = static_cast<int32_t>(run.registers[0]),
                .memory = semantics.memory()};
  if (result.problem.empty()) result.problem = semantics.problem();
  if (result.problem.empty()) result.problem = check_saved(registers, run.registers);
  if (result.left) return result;
  int64_t wanted = 0;
  for (const core::Repeat& loop : compiled.image.loops) {
    if (loop.is_hardware) continue;
    wanted += (loop.trips - 1) * (compiled.image.runs_of(loop.first) / loop.trips);
  }
  if (result.problem.empty()) result.problem = check_jumps(semantics.jumps(), wanted);
  return result;
}

std::string check(const Compiled& compiled, const recorder::Kernel& kernel) {
  const BitRun result = run(compiled, kernel);
  if (!result.problem.empty()) return result.problem;
  if (kernel.returned && result.returned != *kernel.returned) {
    return concat("returns ", result.returned, ", not ", *kernel.returned);
  }
  for (const recorder::Object& object : kernel.objects) {
    const std::byte* const there = result.memory.data() + object.address;
    const auto differs = std::mismatch(object.after.begin(), object.after.end(), there);
    if (differs.first == object.after.end()) continue;
    return concat("leaves other bits in ", object.name, " from byte ",
                  differs.first - object.after.begin(), " on");
  }
  return "";
}

}  // namespace sotto::npu::cycles
