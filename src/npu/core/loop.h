// What the scheduler schedules: the operations of one loop iteration, or of a straight piece of
// code, with the data, memory and order between them. The recorder of kernels fills this in;
// nothing here knows of schedules.
//
// Operations are AIE2 instructions (npu/core/opcodes.h) in program order, after the compiler's
// fusions (load + UPS is vlda_ups) and with addresses lowered to pointers and modifiers. They name
// virtual registers of two kinds:
//
//   value  Static single assignment: written once an iteration (or, by parts, once per part; or
//   never:
//          then it is an invariant that lives in a register throughout). Each iteration's value may
//          get a register of its own. A use says how many iterations ago its value was made: 0 for
//          this one, 1 for an accumulator or a sliding window. Values used at distance d ≥ 1 enter
//          the loop with the values of iterations −1 … −d.
//   state  One register for the whole loop, read and written in place, in program order: pointers,
//          2-D and 3-D modifiers with their counters, loop counters, control registers. An
//          instruction that updates it names it in defs and in uses.
//
// A sketch of an inner product, c += a[i] · b[i], with the pointers pa and pb:
//
//   Loop loop;
//   const int pa = loop.state(RegisterClass::p, "pa"), pb = …, config =
//   loop.value(RegisterClass::r); const int a = loop.value(RegisterClass::x, "a"), b = …, c =
//   loop.value(RegisterClass::bm, "c"); loop.add({.opcode = Opcode::vld, .mode =
//   AddressMode::increment, .immediate = 32,
//             .defs = {low(a), whole(pa)}, .uses = {whole(pa)},
//             .access = Access{.object = kA, .offset = 0, .stride = 64, .bytes = 32}});
//   … the same for high(a) at offset 32, and for b …
//   loop.add({.opcode = Opcode::vmac_f, .defs = {whole(c)},
//             .uses = {whole(c, 1), whole(a), whole(b), whole(config)}});
//   loop.registers[c].live_out = true;
//   loop.trips = 8;
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "npu/core/opcodes.h"

namespace sotto::npu::core {

enum class Storage : uint8_t { value, state };

struct VirtualRegister {
  RegisterClass cls{};
  Storage storage{};
  std::string name{};     ///< for tables and messages
  bool live_out = false;  ///< read after the loop: the last iteration's value, or the invariant
  /// An x of which only the lower half is written: what the upper one holds does not matter.
  bool padded = false;
  /// Kept in this register by whoever comes before or after the loop.
  std::optional<Register> fixed{};
  /// Best kept in this register.
  std::optional<Register> wanted{};
};

/// A virtual register, or some of its units: a vector load writes one half of an x.
struct Operand {
  int reg = 0;
  int8_t first = 0;  ///< unit within the register
  int8_t units = 0;  ///< 0: all
  int distance = 0;  ///< of a use of a value: iterations ago
};
constexpr Operand whole(int reg, int distance = 0) {
  return {reg, 0, 0, distance};
}
/// Halves of an x, and of a bm.
constexpr Operand low(int reg, int distance = 0) {
  return {reg, 0, 1, distance};
}
constexpr Operand high(int reg, int distance = 0) {
  return {reg, 1, 1, distance};
}
/// Quarters of a cm (1 unit) or its halves (2 units).
constexpr Operand part(int reg, int first, int units, int distance = 0) {
  return {reg, static_cast<int8_t>(first), static_cast<int8_t>(units), distance};
}

inline constexpr int kAnyObject = -1;
inline constexpr int kAnyBank = -1;

/// The bytes that a memory operation touches in iteration i: [offset + stride · i, + bytes) of an
/// object. Two objects never overlap; kAnyObject overlaps with everything.
struct Access {
  int object = kAnyObject;
  int64_t offset = 0;
  int64_t stride = 0;
  int bytes = 32;
  int bank = kAnyBank;  ///< in every iteration; kAnyBank: unknown or changing
};

struct Operation {
  Opcode opcode{};
  std::string suffix{};  ///< the element types in the mnemonic: ".32", ".s16.s32"
  AddressMode mode = AddressMode::none;
  int64_t immediate = 0;
  std::vector<Operand> defs{}, uses{};  ///< in the order of signature(opcode, mode)
  std::optional<Access> access{};       ///< of loads and stores
  std::string comment{};                ///< shown beside it in tables
  int origin = -1;  ///< a number that whoever made the loop gave it; those of spills have none
};

/// `to` is issued at least `latency` cycles after `from` of `distance` iterations before: what
/// neither registers nor addresses say, such as rounding modes, locks, streams.
struct Order {
  int from = 0, to = 0;
  int latency = 1;
  int distance = 0;
};

struct Loop {
  std::string name;
  std::vector<VirtualRegister> registers;
  std::vector<Operation> operations;
  std::vector<Order> orders;
  int64_t trips = 1;      ///< of this loop, each time it is entered
  int64_t min_trips = 0;  ///< if the count varies: the least; a pipeline runs its kernel once then
  /// Runs once: a state is free before its first write and, unless it is live_out, after its last
  /// use; so is an invariant.
  bool is_straight = false;

  int value(RegisterClass cls, std::string value_name = {});
  int state(RegisterClass cls, std::string state_name = {});
  /// Appends; returns its index.
  int add(Operation operation);
};

/// The units of the virtual register that an operand covers.
struct Span {
  int first, units;
  bool meets(Span other) const {
    return first < other.first + other.units && other.first < first + units;
  }
};
Span span_of(const Loop& loop, const Operand& operand);

/// What is wrong with the loop, in one line; empty when nothing is.
std::string problem_of(const Loop& loop);

}  // namespace sotto::npu::core
