// How an operation is computed and written down at once: the host's bits and an instruction.
#pragma once

#include <cstring>
#include <string>
#include <type_traits>
#include <utility>

#include "host.hpp"
#include "npu/recorder/trace.h"

namespace recorded_aie::detail {

using sotto::npu::core::Opcode;
using sotto::npu::core::register_file;
using sotto::npu::recorder::Bits;
using sotto::npu::recorder::Effect;
using sotto::npu::recorder::Part;
using sotto::npu::recorder::Recorder;
using sotto::npu::recorder::Step;
using sotto::npu::recorder::StepKind;
using sotto::npu::recorder::Use;
using Class = sotto::npu::core::RegisterClass;

/// A source: its bits on the host, the register that it lies in, and what the instruction reads.
template <typename T>
struct Source {
  T bits;
  Part part;
  Class wanted;
};

template <typename T>
T from_bits(const Bits& bits) {
  T value;
  std::memcpy(static_cast<void*>(&value), bits.bytes.data(), sizeof(T));
  return value;
}
template <typename T>
void to_bits(const T& value, Bits& bits) {
  static_assert(sizeof(T) <= sizeof(bits.bytes));
  std::memcpy(bits.bytes.data(), static_cast<const void*>(&value), sizeof(T));
}

inline Part whole(int value, Class cls) {
  return {value, 0, register_file(cls).units};
}
inline Part new_register(Class cls) {
  return whole(Recorder::current().new_value(cls), cls);
}

/// The effect of an instruction that computes f(sources…).
template <typename... T, typename F>
Effect effect_of(F f) {
  return [f](std::span<const Bits> sources, std::span<Bits> results) {
    const auto call = [&]<std::size_t... I>(std::index_sequence<I...>) {
      return f(from_bits<T>(sources[I])...);
    };
    to_bits(call(std::index_sequence_for<T...>()), results[0]);
  };
}

/// What differs between instructions of one shape.
struct Spec {
  Opcode opcode{};
  std::string suffix{};
  Class result{};
  std::vector<Class> also_writes{};  ///< masks that no operation of ours reads
  bool rounds = false;
};

/// Adds an instruction to the record and returns the register it writes.
template <typename F, typename... T>
Part record(const Spec& spec, F f, const Source<T>&... sources) {
  Step step;
  step.opcode = spec.opcode;
  step.suffix = spec.suffix;
  step.rounds = spec.rounds;
  step.uses = {Use{sources.part, sources.wanted, 0}...};
  const Part result = new_register(spec.result);
  step.defs.push_back(result);
  for (const Class cls : spec.also_writes) step.defs.push_back(new_register(cls));
  step.effect = effect_of<T...>(f);
  Recorder::current().add(std::move(step));
  return result;
}

/// A constant of 32 bits in a scalar register or one of shifts.
inline Part constant(int64_t number, Class cls = Class::r) {
  const int64_t value = static_cast<int32_t>(static_cast<uint32_t>(number));
  Step step;
  step.opcode = cls == Class::s ? Opcode::set_s : Opcode::set;
  step.immediates = {value};
  step.defs = {new_register(cls)};
  const Part result = step.defs[0];
  Recorder::current().add(std::move(step));
  return result;
}
inline Source<uint32> mode(int64_t value) {
  return {static_cast<uint32>(value), constant(value), Class::r};
}
inline Source<uint32> shift_amount(int shift) {
  return {static_cast<uint32>(shift), constant(shift, Class::s), Class::s};
}

/// Registers side by side as a wider one.
inline Part join(const std::vector<Part>& parts, Class cls) {
  Step step;
  step.kind = StepKind::join;
  for (const Part& part : parts) {
    const Class own = part.units == 1 ? Class::w : cls == Class::cm ? Class::bm : Class::x;
    step.uses.push_back({part, own, 0});
  }
  step.defs = {new_register(cls)};
  const Part result = step.defs[0];
  Recorder::current().add(std::move(step));
  return result;
}

}  // namespace recorded_aie::detail
