// Other ways to compute erf-GELU on the core, to compare gelu.h with: polynomials, an exponential
// and, in gelu_tables_testing.h, tables. Each takes 32 lanes of float32 and is written with the
// operations that a kernel has. Coefficients and tables come from gelu_forms_test.cc.
//
// All take t = |x| and add h(t) = t g(t), g(t) = -Phi(-t), to max(x, 0), as gelu.h does.
//
// What a form costs is counted in instructions of the core for 32 lanes (docs/npu/core.md says what
// is in which slot), from x in accumulators to GELU(x) in accumulators:
//   vector  32 lanes of acc32 take one instruction, of float32 or bfloat16 two
//   store   acc32 -> int16, 32 lanes: one; float32 -> bfloat16, 16 lanes: one
//   move    int16 -> acc32, 32 lanes: one; integer arithmetic, minima, selection, shuffles and
//   moves
//           between vectors and accumulators: one for every 512 bits; constants stay in registers
//           except those that a product is added to, which takes a copy: one for each accumulator
//   load    one for four lanes of a table
// Casts between types of one size, and taking a register apart into halves, are free.
#pragma once

#include <algorithm>
#include <array>

#include "npu/kernels/exp2.h"

namespace sotto::npu::kernels::testing {

struct Cost {
  int vector = 0, store = 0, move = 0, load = 0;
  constexpr int total() const { return vector + store + move + load; }
  /// The cycles of a loop that is bound by one slot.
  constexpr int fullest_slot() const { return std::max({vector, store, move, load}); }
};
constexpr Cost operator+(const Cost& a, const Cost& b) {
  return {a.vector + b.vector, a.store + b.store, a.move + b.move, a.load + b.load};
}

using Words = aie::vector<int16, 32>;
using Integers = aie::accum<acc32, 32>;

inline SumPair constants(float value) {
  return SumPair(aie::broadcast<float, 32>(value));
}

/// max(x, 0) and |x|.
struct Parts {
  SumPair positive, magnitude;
};
inline constexpr Cost kPartsCost{.move = 2 + 2 + 2 + 2 + 2};  // to x, max, and, twice back
inline constexpr Cost kClampCost{.move = 2};
inline Parts parts(const SumPair& x) {
  const aie::vector<int32, 32> bits = x.cast_to<acc32>().to_vector<int32>();
  return {SumPair(aie::max(bits, int32(0)).cast_to<float>()),
          SumPair(aie::bit_and(bits, int32(0x7FFFFFFF)).cast_to<float>())};
}
/// min(|x|, 4), before it goes back to the accumulators.
inline SumPair clamped(const SumPair& magnitude) {
  const auto bits = magnitude.cast_to<acc32>().to_vector<int32>();
  return SumPair(aie::min(bits, int32(0x40800000)).cast_to<float>());
}

/// z = t / 2 - 1 in Q15, below 1; as in gelu.h.
inline constexpr Cost kCentredCost{.vector = 2 + 1, .store = 1};
inline Words centred(const SumPair& magnitude) {
  const SumPair shifted = aie::add(magnitude, constants(766.0f));
  return aie::sub(shifted.cast_to<acc32>(), Integers(aie::broadcast<int32, 32>(0x44400000)))
      .to_vector<int16>();
}
/// t of z in Q14.
inline constexpr Cost kUncentredCost{.move = 1};
inline aie::vector<uint16, 32> uncentred(const Words& z) {
  return aie::add(z.cast_to<uint16>(), uint16(0x8000));
}

/// `positive` + h in Q17, and with h = t g(z).
inline constexpr Cost kAddCost{.vector = 1 + 2 + 2, .move = 1};
inline SumPair add_small(const SumPair& positive, const Words& h) {
  const SumPair above_96 =
      aie::add(Integers(h), Integers(aie::broadcast<int32, 32>(0x42C00000))).cast_to<accfloat>();
  return aie::add(positive, aie::sub(above_96, constants(96.0f)));
}
inline constexpr Cost kFinishCost = kUncentredCost + Cost{.vector = 1, .store = 1} + kAddCost;
inline SumPair finish(const SumPair& positive, const Words& z, const Words& g) {
  return add_small(positive, aie::mul<acc32>(uncentred(z), g).to_vector<int16>(12));
}

/// h = -t 2^p(z), with p of degree 3 in Q11 and exp2.h's power.
struct Exponential {
  // Three steps; bit_and, sub, product, store, to acc32, product, store and add; t; two products.
  static constexpr Cost kCost =
      kPartsCost + kClampCost + kCentredCost + Cost{.vector = 3, .store = 3, .move = 3} +
      Cost{.vector = 2, .store = 2, .move = 4} + Cost{.vector = 2, .store = 2};
  int16 leading;                      // Q11
  std::array<int32, 3> coefficients;  // Q26

  SumPair operator()(const SumPair& x) const {
    const auto [positive, magnitude] = parts(x);
    const SumPair t = clamped(magnitude);
    const Words z = centred(t);
    Words p = aie::broadcast<int16, 32>(leading);
    for (std::size_t i = 0; i < 3; ++i) {
      p = aie::mac(Integers(aie::broadcast<int32, 32>(coefficients[i])), p, z)
              .to_vector<int16>(i < 2 ? 15 : 16);
    }
    return aie::msc(positive, t.to_vector<bfloat16>(), exp2(p));
  }
};

/// g by a polynomial about t = 2 for all t up to 4, in fixed point: gelu.h's form.
template <std::size_t degree>
struct OnePiece {
  static constexpr int kSteps = static_cast<int>(degree);
  static constexpr Cost kCost = kPartsCost + kCentredCost +
                                Cost{.vector = kSteps, .store = kSteps, .move = kSteps} +
                                kFinishCost;
  int16 leading;                           // Q15
  std::array<int32, degree> coefficients;  // Q30

  SumPair operator()(const SumPair& x) const {
    const auto [positive, magnitude] = parts(x);
    const Words z = centred(magnitude);
    Words g = aie::broadcast<int16, 32>(leading);
    for (const int32 coefficient : coefficients) {
      g = aie::mac(Integers(aie::broadcast<int32, 32>(coefficient)), g, z)
              .template to_vector<int16>(15);
    }
    return finish(positive, z, g);
  }
};

/// g by a polynomial for t < 2, about 1, and one for the rest, about 3, in fixed point.
template <std::size_t degree>
struct TwoPieces {
  static constexpr int kSteps = static_cast<int>(degree);
  // Two for u, one comparison, one choice; a step is a choice, to acc32, product and store.
  static constexpr Cost kCost = kPartsCost + kCentredCost + Cost{.move = 4} +
                                Cost{.vector = kSteps, .store = kSteps, .move = 2 * kSteps} +
                                kFinishCost;
  std::array<std::array<int16, 2>, degree + 1> coefficients;  // Q15, by power and piece

  SumPair operator()(const SumPair& x) const {
    const auto [positive, magnitude] = parts(x);
    const Words z = centred(magnitude);
    const Words u = aie::add(aie::add(z, z), int16(-32768));  // 2 z + 1 or 2 z - 1, by wrapping
    const auto near = aie::lt(z, int16(0));
    const auto chosen = [&](const std::array<int16, 2>& pair) -> Words {
      return aie::select(aie::broadcast<int16, 32>(pair[1]), aie::broadcast<int16, 32>(pair[0]),
                         near);
    };
    Words g = chosen(coefficients[0]);
    for (std::size_t i = 1; i <= degree; ++i) {
      g = aie::mac(Integers(chosen(coefficients[i]), 15), g, u).template to_vector<int16>(15);
    }
    return finish(positive, z, g);
  }
};

/// g by a polynomial of degree 6 about t = 2, in bfloat16 with float32 coefficients.
struct Bfloat16Polynomial {
  static constexpr Cost kCost =
      kPartsCost + kClampCost + Cost{.vector = 2 + 12 + 2, .store = 2 + 12 + 2, .move = 12};
  std::array<float, 7> coefficients;

  SumPair operator()(const SumPair& x) const {
    const auto [positive, magnitude] = parts(x);
    const SumPair t = clamped(magnitude);
    const Operand u = aie::sub(t, constants(2.0f)).to_vector<bfloat16>();
    Operand g = constants(coefficients[0]).to_vector<bfloat16>();
    for (std::size_t i = 1; i < 7; ++i) {
      g = aie::mac(constants(coefficients[i]), g, u).to_vector<bfloat16>();
    }
    return aie::mac(positive, t.to_vector<bfloat16>(), g);
  }
};

}  // namespace sotto::npu::kernels::testing
