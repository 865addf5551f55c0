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
//           moves between vectors and accumulators: one for every 512 bits; constants stay in
//           registers
//   load    one for four lanes of a table
//   port    those of the others that read an accumulator through the port that they share: what
//           leaves one, and the second operand of a sum of two
// Casts between types of one size, and taking a register apart into halves, are free.
#pragma once

#include <algorithm>
#include <array>

#include "npu/kernels/exp2.h"

namespace sotto::npu::kernels::testing {

struct Cost {
  int vector = 0, store = 0, move = 0, load = 0, port = 0;
  constexpr int total() const { return vector + store + move + load; }
  /// The cycles of a loop that is bound by one slot or the port.
  constexpr int fullest() const { return std::max({vector, store, move, load, port}); }
};
constexpr Cost operator+(const Cost& a, const Cost& b) {
  return {a.vector + b.vector, a.store + b.store, a.move + b.move, a.load + b.load,
          a.port + b.port};
}

using Words = aie::vector<int16, 32>;
using Integers = aie::accum<acc32, 32>;

inline SumPair constants(float value) {
  return SumPair(aie::broadcast<float, 32>(value));
}

/// max(x, 0), and |x| clamped to `largest`, the bits of a float.
struct Parts {
  SumPair positive, magnitude;
};
inline constexpr Cost kPartsCost{.move = 2 + 2 + 2 + 2 + 2 + 2, .port = 2};
inline Parts parts(const SumPair& x, int32 largest) {
  const aie::vector<int32, 32> bits = x.cast_to<acc32>().to_vector<int32>();
  return {SumPair(aie::max(bits, int32(0)).cast_to<float>()),
          SumPair(aie::min(aie::bit_and(bits, int32(0x7FFFFFFF)), largest).cast_to<float>())};
}

/// t < 4 in Q14, the low bits of 768 + t.
inline constexpr int32 kLargestOfQ14 = 0x407FFF00;  ///< 4 - 2^-14
inline constexpr Cost kFixedCost{.vector = 2, .store = 1, .port = 1};
inline aie::vector<uint16, 32> fixed_q14(const SumPair& magnitude) {
  constexpr bfloat16 k768 = 768.0f;
  return plus(magnitude, k768).cast_to<acc32>().to_vector<int16>().cast_to<uint16>();
}
/// z = t / 2 - 1 in Q15.
inline constexpr Cost kCentredCost{.move = 1};
inline Words centred(const aie::vector<uint16, 32>& t) {
  return aie::sub(t, uint16(0x8000)).cast_to<int16>();
}

/// t g in Q17, of g in Q15.
inline constexpr Cost kProductCost{.vector = 1, .store = 1, .port = 1};
inline Words product_q17(const aie::vector<uint16, 32>& t, const Words& g) {
  return aie::mul<acc32>(t, g).to_vector<int16>(12);
}

/// `positive` + h in Q17.
inline constexpr Cost kAddCost{.vector = 1 + 2 + 2, .port = 2};
inline SumPair add_small(const SumPair& positive, const Words& h) {
  constexpr bfloat16 kMinus96 = -96.0f;
  const Integers bits_of_96(aie::broadcast<int32, 32>(0x42C00000));
  const SumPair above =
      aie::mac(bits_of_96, h, aie::broadcast<int16, 32>(1)).template cast_to<accfloat>();
  return aie::add(positive, plus(above, kMinus96));
}

/// gelu.h's form: filter, bit_and, min, two adds, two max and two moves; t, four products, four
/// sums.
inline constexpr Cost kKeptCost{.vector = 2 + 4 + 2 + 2, .store = 4, .move = 9, .port = 4 + 4};

/// h = -t 2^p(z), with p of degree 3 in Q11 and exp2.h's power.
struct Exponential {
  // Three steps; bit_and, sub, product, store, to acc32, product, store and add; t; two products.
  static constexpr Cost kCost = kPartsCost + kFixedCost + kCentredCost +
                                Cost{.vector = 3, .store = 3, .port = 3} +
                                Cost{.vector = 2, .store = 2, .move = 4, .port = 2} +
                                Cost{.vector = 2, .store = 2, .port = 2};
  int16 leading;                      // Q11
  std::array<int32, 3> coefficients;  // Q26

  SumPair operator()(const SumPair& x) const {
    const auto [positive, magnitude] = parts(x, kLargestOfQ14);
    const Words z = centred(fixed_q14(magnitude));
    Words p = aie::broadcast<int16, 32>(leading);
    for (std::size_t i = 0; i < 3; ++i) {
      p = aie::mac(Integers(aie::broadcast<int32, 32>(coefficients[i])), p, z)
              .to_vector<int16>(i < 2 ? 15 : 16);
    }
    return aie::msc(positive, magnitude.to_vector<bfloat16>(), exp2(p));
  }
};

/// g by a polynomial about t = 2 for all t up to 4, in fixed point.
template <std::size_t degree>
struct OnePiece {
  static constexpr int kSteps = static_cast<int>(degree);
  static constexpr Cost kCost = kPartsCost + kFixedCost + kCentredCost +
                                Cost{.vector = kSteps, .store = kSteps, .port = kSteps} +
                                kProductCost + kAddCost;
  int16 leading;                           // Q16
  std::array<int32, degree> coefficients;  // Q31

  SumPair operator()(const SumPair& x) const {
    const auto [positive, magnitude] = parts(x, kLargestOfQ14);
    const aie::vector<uint16, 32> t = fixed_q14(magnitude);
    const Words z = centred(t);
    Words g = aie::broadcast<int16, 32>(leading);
    for (std::size_t i = 0; i < degree; ++i) {
      g = aie::mac(Integers(aie::broadcast<int32, 32>(coefficients[i])), g, z)
              .template to_vector<int16>(i + 1 < degree ? 15 : 16);
    }
    return add_small(positive, product_q17(t, g));
  }
};

/// g by a polynomial for t < 2, about 1, and one for the rest, about 3, in fixed point.
template <std::size_t degree>
struct TwoPieces {
  static constexpr int kSteps = static_cast<int>(degree);
  // Two for u, one comparison, one choice; a step is a choice, to acc32, product and store.
  static constexpr Cost kCost =
      kPartsCost + kFixedCost + kCentredCost + Cost{.move = 4} +
      Cost{.vector = kSteps, .store = kSteps, .move = 2 * kSteps, .port = kSteps} + kProductCost +
      kAddCost;
  std::array<std::array<int16, 2>, degree + 1> coefficients;  // Q15, by power and piece

  SumPair operator()(const SumPair& x) const {
    const auto [positive, magnitude] = parts(x, kLargestOfQ14);
    const aie::vector<uint16, 32> t = fixed_q14(magnitude);
    const Words z = centred(t);
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
    return add_small(positive, product_q17(t, g));
  }
};

/// g by a polynomial of degree 6 about t = 2, in bfloat16 with float32 coefficients.
struct Bfloat16Polynomial {
  static constexpr Cost kCost =
      kPartsCost + Cost{.vector = 2 + 12 + 2, .store = 2 + 12 + 2, .port = 2 + 12 + 2};
  std::array<float, 7> coefficients;

  SumPair operator()(const SumPair& x) const {
    constexpr bfloat16 kMinus2 = -2.0f;
    const auto [positive, magnitude] = parts(x, 0x40800000);
    const Operand u = plus(magnitude, kMinus2).to_vector<bfloat16>();
    Operand g = constants(coefficients[0]).to_vector<bfloat16>();
    for (std::size_t i = 1; i < 7; ++i) {
      g = aie::mac(constants(coefficients[i]), g, u).to_vector<bfloat16>();
    }
    return aie::mac(positive, magnitude.to_vector<bfloat16>(), g);
  }
};

}  // namespace sotto::npu::kernels::testing
