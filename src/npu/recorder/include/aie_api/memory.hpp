// Loads, stores and the control registers.
#pragma once

#include "table.hpp"

namespace recorded_aie {

using host_aie::rounding_mode, host_aie::saturation_mode;

namespace detail {

inline constexpr int kAccessBytes = 32;

inline Effect copy_effect() {
  return [](std::span<const Bits> sources, std::span<Bits> results) { results[0] = sources[0]; };
}

inline void record_load(const void* from, Part to) {
  Step step;
  step.opcode = Opcode::vld;
  step.defs = {to};
  step.addresses = {Recorder::current().address_of(from, kAccessBytes)};
  step.bytes = kAccessBytes;
  step.effect = copy_effect();
  Recorder::current().add(std::move(step));
}
inline void record_store(const void* to, Part from) {
  Step step;
  step.opcode = Opcode::vst;
  step.uses = {{from, Class::w, 0}};
  step.addresses = {Recorder::current().address_of(to, kAccessBytes)};
  step.bytes = kAccessBytes;
  step.is_store = true;
  step.has_effects = true;
  step.effect = copy_effect();
  Recorder::current().add(std::move(step));
}

/// Writes a control register, which `write` does on the host.
template <typename F>
void record_control(int64_t value, const char* name, F write) {
  Step step;
  step.opcode = Opcode::movx_cr;
  step.comment = name;
  step.uses = {{constant(value), Class::r, 0}};
  step.defs = {new_register(Class::cr)};
  step.has_effects = true;
  step.effect = [write](std::span<const Bits> sources, std::span<Bits> results) {
    write(from_bits<uint32>(sources[0]));
    results[0] = sources[0];
  };
  Recorder::current().add(std::move(step));
}

}  // namespace detail

template <unsigned Elems, typename T>
vector<std::remove_const_t<T>, Elems> load_v(const T* from) {
  using Vector = vector<std::remove_const_t<T>, Elems>;
  const auto* bytes = reinterpret_cast<const std::byte*>(from);
  typename Vector::Parts parts;
  for (unsigned i = 0; i < Vector::kParts; ++i) {
    const bool is_half = Vector::kBytes == detail::kAccessBytes;
    parts[i] = detail::new_register(is_half ? detail::Class::w : detail::Class::x);
    for (int half = 0; half < parts[i].units; ++half) {
      detail::record_load(bytes + 64 * i + 32 * half, {parts[i].value, half, 1});
    }
  }
  return {host_aie::load_v<Elems>(from), parts};
}

template <typename T, unsigned Elems>
void store_v(std::type_identity_t<T>* to, const vector<T, Elems>& v) {
  auto* bytes = reinterpret_cast<std::byte*>(to);
  host_aie::store_v(to, v.host());
  unsigned at = 0;
  for (const detail::Part& part : v.parts()) {
    for (int half = 0; half < part.units; ++half, at += detail::kAccessBytes) {
      detail::record_store(bytes + at, {part.value, part.first + half, 1});
    }
  }
}

inline void set_rounding(rounding_mode mode) {
  host_aie::set_rounding(mode);
  detail::record_control(static_cast<int64_t>(mode), "crRnd", [](uint32 value) {
    host_aie::set_rounding(static_cast<rounding_mode>(value));
  });
}
inline void set_saturation(saturation_mode mode) {
  host_aie::set_saturation(mode);
  detail::record_control(static_cast<int64_t>(mode), "crSat", [](uint32 value) {
    host_aie::set_saturation(static_cast<saturation_mode>(value));
  });
}

}  // namespace recorded_aie
