// Scalars that are recorded: what steers masks and branches, and single lanes of vectors. A scalar
// that begins as a plain number is a constant, whose values may differ evenly from iteration to
// iteration; everything computed from it is an instruction.
#pragma once

#include "emit.hpp"

namespace sotto::npu::recorder {

template <typename T>
class Recorded {
 public:
  using value_type = T;

  Recorded() = default;
  Recorded(T value) : value_(value), part_(recorded_aie::detail::constant(bits_of(value))) {}
  Recorded(T value, Part part) : value_(value), part_(part) {}

  T value() const { return value_; }
  Part part() const { return part_; }
  recorded_aie::detail::Source<T> source(
      core::RegisterClass wanted = core::RegisterClass::r) const {
    return {value_, part_, wanted};
  }
  /// The same register as another type.
  template <typename U>
  Recorded<U> as() const {
    return {static_cast<U>(value_), part_};
  }

 private:
  static int64_t bits_of(T value) {
    if constexpr (std::is_integral_v<T>) {
      return static_cast<int64_t>(value);
    } else {
      int64_t bits = 0;
      std::memcpy(&bits, static_cast<const void*>(&value), sizeof(T));
      return bits;
    }
  }

  T value_{};
  Part part_{};
};

template <typename T>
struct Plain {
  using type = T;
};
template <typename T>
struct Plain<Recorded<T>> {
  using type = T;
};
template <typename T>
using plain_t = typename Plain<T>::type;

template <typename A, typename B>
concept RecordedPair = (!std::is_same_v<A, plain_t<A>> ||
                        !std::is_same_v<B, plain_t<B>>)&&std::is_integral_v<plain_t<A>> &&
                       std::is_integral_v<plain_t<B>>;

namespace scalars {

/// a op b as the core computes it: 32 bits each.
template <typename R, typename A, typename B, typename F>
Recorded<R> binary(Opcode opcode, const A& a, const B& b, F f) {
  const Recorded<plain_t<A>> left(a);
  const Recorded<plain_t<B>> right(b);
  const Part part = recorded_aie::detail::record({opcode, "", core::RegisterClass::r}, f,
                                                 left.source(), right.source());
  return {f(left.value(), right.value()), part};
}

}  // namespace scalars

#define SOTTO_RECORDED_BINARY(op, signed_opcode, unsigned_opcode)                   \
  template <typename A, typename B>                                                 \
    requires RecordedPair<A, B>                                                     \
  auto operator op(const A& a, const B& b) {                                        \
    using R = decltype(plain_t<A>() op plain_t<B>());                               \
    using Common = decltype(plain_t<A>() + plain_t<B>());                           \
    constexpr Opcode kOpcode =                                                      \
        std::is_signed_v<Common> ? Opcode::signed_opcode : Opcode::unsigned_opcode; \
    return scalars::binary<R>(kOpcode, a, b, [](plain_t<A> x, plain_t<B> y) -> R {  \
      return static_cast<Common>(x) op static_cast<Common>(y);                      \
    });                                                                             \
  }
SOTTO_RECORDED_BINARY(+, add, add)
SOTTO_RECORDED_BINARY(-, sub, sub)
SOTTO_RECORDED_BINARY(*, mul, mul)
SOTTO_RECORDED_BINARY(&, and_, and_)
SOTTO_RECORDED_BINARY(|, or_, or_)
SOTTO_RECORDED_BINARY(^, xor_, xor_)
SOTTO_RECORDED_BINARY(<, lt, ltu)
SOTTO_RECORDED_BINARY(>=, ge, geu)
SOTTO_RECORDED_BINARY(==, eq, eq)
SOTTO_RECORDED_BINARY(!=, ne, ne)
#undef SOTTO_RECORDED_BINARY

/// a << b, b >= 0.
template <typename A, typename B>
  requires RecordedPair<A, B>
auto operator<<(const A& a, const B& b) {
  using R = decltype(plain_t<A>() << plain_t<B>());
  return scalars::binary<R>(Opcode::lshl, a, b, [](plain_t<A> x, plain_t<B> y) -> R {
    return y >= 32 ? R(0) : static_cast<R>(x) << y;
  });
}
template <typename A, typename B>
  requires RecordedPair<A, B>
auto operator>(const A& a, const B& b) {
  return b < a;
}
template <typename A, typename B>
  requires RecordedPair<A, B>
auto operator<=(const A& a, const B& b) {
  return b >= a;
}
template <typename T>
  requires std::is_integral_v<T>
auto operator~(const Recorded<T>& a) {
  return a ^ T(-1);
}

/// condition ? yes : no, as one instruction.
template <typename A, typename B>
  requires std::is_integral_v<plain_t<A>> && std::is_integral_v<plain_t<B>>
auto choose(const Recorded<bool>& condition, const A& yes, const B& no) {
  using R = std::common_type_t<plain_t<A>, plain_t<B>>;
  const auto pick = [](R a, R b, bool c) { return c ? a : b; };
  const Recorded<R> a = Recorded<plain_t<A>>(yes).template as<R>();
  const Recorded<R> b = Recorded<plain_t<B>>(no).template as<R>();
  const Part part =
      recorded_aie::detail::record({Opcode::sel_nez, "", core::RegisterClass::r}, pick, a.source(),
                                   b.source(), condition.source(core::RegisterClass::r27));
  return Recorded<R>(pick(a.value(), b.value(), condition.value()), part);
}

/// A jump out of the kernel, which returns `value` then. No other branch may depend on data.
template <typename T>
bool leaves(const Recorded<T>& condition, const Recorded<int>& value) {
  Step step;
  step.opcode = Opcode::jnz_leave;
  step.uses = {{condition.part(), core::RegisterClass::r, 0},
               {value.part(), core::RegisterClass::r, 0}};
  step.has_effects = true;
  Recorder::current().add(std::move(step));
  return condition.value() != 0;
}

/// What the kernel returns at its end, when that depends on data.
template <typename T>
int returns(const Recorded<T>& value) {
  Step step;
  step.opcode = Opcode::mov;
  step.comment = kReturned;
  step.uses = {{value.part(), core::RegisterClass::r, 0}};
  step.defs = {recorded_aie::detail::new_register(core::RegisterClass::r)};
  step.has_effects = true;
  Recorder::current().add(std::move(step));
  return static_cast<int>(value.value());
}

}  // namespace sotto::npu::recorder
