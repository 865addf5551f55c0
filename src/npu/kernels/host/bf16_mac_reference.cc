// The bfloat16 multiply-accumulate as bf16_mac.h states it, one lane after another in integers; and
// the plain float32 model. The fast kernels must equal these, and fall back on them.
#include <algorithm>
#include <bit>
#include <cstdint>

#include "npu/kernels/host/bf16_mac_tables.h"
#include "npu/kernels/host/fixed_point.h"

namespace sotto::npu::host {
namespace {

constexpr int kFractionBits = 23, kBias = 127, kInfiniteField = 255;

/// The parts of a float32; a bfloat16 is one with 16 zeros at its end. The value is
/// ±significand · 2^(e − 23).
struct Parts {
  explicit Parts(float value) {
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
    const std::uint32_t fraction = bits & 0x7FFFFFu;
    const int field = static_cast<int>(bits >> 23 & 0xFFu);
    negative = (bits >> 31) != 0;
    e = std::max(field, 1) - kBias;  // subnormal: as the smallest normal, without leading bit
    significand = static_cast<std::int64_t>(field == 0 ? fraction : fraction | 0x800000u);
    is_zero = significand == 0;
    is_infinite = field == kInfiniteField && fraction == 0;
    is_nan = field == kInfiniteField && fraction != 0;
  }
  bool negative, is_zero, is_infinite, is_nan;
  int e;
  std::int64_t significand;
};

/// value / 2^shift to the nearest integer, ties to even; value below 2^62, shift ≥ 0.
std::int64_t round_to_even(std::int64_t value, int shift) {
  return shift > 62 ? 0 : round_shift(value, shift, Rounding::conv_even);
}

/// Collects the terms of one lane, then adds them in one go.
class Lane {
 public:
  void add(float x, bool subtract) {
    const Parts parts(x);
    const bool negative = parts.negative != subtract;
    is_nan_ |= parts.is_nan;
    if (parts.is_infinite) (negative ? minus_infinity_ : plus_infinity_) = true;
    if (!parts.is_zero) append({negative, parts.e, parts.significand});
  }

  void add_product(float a, float b, bool subtract) {
    const Parts x(a), y(b);
    const bool negative = (x.negative != y.negative) != subtract;
    const bool is_zero = x.is_zero || y.is_zero;
    const bool is_infinite = x.is_infinite || y.is_infinite;
    is_nan_ |= x.is_nan || y.is_nan || (is_infinite && is_zero);
    if (is_infinite && !is_zero) (negative ? minus_infinity_ : plus_infinity_) = true;
    // 8 × 8 bits; the 23 bits below the leading one of the product's place hold all of it.
    if (!is_zero) append({negative, x.e + y.e, x.significand * y.significand >> kFractionBits});
  }

  float sum() const {
    const bool is_nan = is_nan_ || (plus_infinity_ && minus_infinity_);
    if (!is_nan && (plus_infinity_ || minus_infinity_)) {
      return assemble(minus_infinity_, kInfiniteField, 0);
    }
    int top = n_ == 0 ? 0 : terms_[0].e;
    for (int i = 1; i < n_; ++i) top = std::max(top, terms_[i].e);
    std::int64_t sum = 0;
    for (int i = 0; i < n_; ++i) {
      const std::int64_t rounded = round_to_even(terms_[i].significand, top - terms_[i].e);
      sum += terms_[i].negative ? -rounded : rounded;
    }
    return normalised(sum, top, is_nan);
  }

 private:
  struct Term {
    bool negative;
    int e;
    std::int64_t significand;  // in units of 2^(e − 23)
  };

  void append(Term term) { terms_[n_++] = term; }

  static float assemble(bool negative, int field, std::int64_t fraction) {
    return std::bit_cast<float>((negative ? 0x80000000u : 0u) |
                                static_cast<std::uint32_t>(field) << 23 |
                                static_cast<std::uint32_t>(fraction));
  }

  /// sum · 2^(e − 23) as a float32.
  static float normalised(std::int64_t sum, int e, bool is_nan) {
    if (sum == 0) return assemble(false, is_nan ? kInfiniteField : 0, is_nan ? 1 : 0);
    const bool negative = sum < 0;
    std::int64_t magnitude = negative ? -sum : sum;
    const int above = std::bit_width(static_cast<std::uint64_t>(magnitude)) - 1 - kFractionBits;
    int field = e + above + kBias;
    magnitude = above > 0 ? round_to_even(magnitude, above) : magnitude << -above;
    if (magnitude == std::int64_t{2} << kFractionBits) {
      magnitude /= 2;
      ++field;
    }
    const std::int64_t fraction = magnitude & 0x7FFFFF;
    const bool in_range = field > 0 && field < kInfiniteField;
    if (is_nan) return assemble(negative, kInfiniteField, in_range ? fraction | 1 : 1);
    if (in_range) return assemble(negative, field, fraction);
    return assemble(negative, field > 0 ? kInfiniteField : 0, 0);
  }

  Term terms_[10];  // two accumulators and eight products
  int n_ = 0;
  bool is_nan_ = false, plus_infinity_ = false, minus_infinity_ = false;
};

float plain_mac_lane(float c, const bfloat16* a, std::ptrdiff_t a_stride, const bfloat16* b,
                     std::ptrdiff_t b_stride, int n, bool subtract) noexcept {
  for (int i = 0; i < n; ++i) {
    const float factor = a[i * a_stride];
    c += (subtract ? -factor : factor) * b[i * b_stride];
  }
  return c;
}

float plain_add_lane(float c, float x, bool subtract) noexcept {
  return subtract ? c - x : c + x;
}

using MacLane = decltype(&exact_mac_lane);
using AddLane = decltype(&exact_add_lane);

template <MacLane lane>
void mac_4x8x4(float* c, const bfloat16* a, const bfloat16* b, std::ptrdiff_t count,
               std::ptrdiff_t a_stride, std::ptrdiff_t b_stride, bool subtract) noexcept {
  for (std::ptrdiff_t n = 0; n < count; ++n, a += a_stride, b += b_stride) {
    for (int i = 0; i < 16; ++i) {
      c[i] = lane(c[i], a + i / 4 * 8, 1, b + i % 4, 4, 8, subtract);
    }
  }
}

template <MacLane lane, int n>
void mac_elementwise(float* c, const bfloat16* a, const bfloat16* b, bool subtract) noexcept {
  for (int i = 0; i < 16; ++i) c[i] = lane(c[i], a + i, 16, b + i, 16, n, subtract);
}

template <AddLane lane>
void add_16(float* c, const float* x, bool subtract) noexcept {
  for (int i = 0; i < 16; ++i) c[i] = lane(c[i], x[i], subtract);
}

template <MacLane mac_lane, AddLane add_lane>
constexpr MacKernels kKernels = {
    .mac_4x8x4 = mac_4x8x4<mac_lane>,
    .mac_elementwise_16 = mac_elementwise<mac_lane, 1>,
    .mac_elementwise_16x2 = mac_elementwise<mac_lane, 2>,
    .add_16 = add_16<add_lane>,
};

}  // namespace

float exact_mac_lane(float c, const bfloat16* a, std::ptrdiff_t a_stride, const bfloat16* b,
                     std::ptrdiff_t b_stride, int n, bool subtract) noexcept {
  Lane lane;
  lane.add(c, false);
  for (int i = 0; i < n; ++i) lane.add_product(a[i * a_stride], b[i * b_stride], subtract);
  return lane.sum();
}

float exact_add_lane(float c, float x, bool subtract) noexcept {
  Lane lane;
  lane.add(c, false);
  lane.add(x, subtract);
  return lane.sum();
}

float addmac_lane(float c1, float c2, const bfloat16* a, std::ptrdiff_t a_stride, const bfloat16* b,
                  std::ptrdiff_t b_stride, int n) {
  if (core().mac_model == MacModel::plain_f32) {
    return plain_mac_lane(c1, a, a_stride, b, b_stride, n, false) + c2;
  }
  Lane lane;
  lane.add(c1, false);
  lane.add(c2, false);
  for (int i = 0; i < n; ++i) lane.add_product(a[i * a_stride], b[i * b_stride], false);
  return lane.sum();
}

constinit const MacTables kPortableMac = {
    .exact = kKernels<exact_mac_lane, exact_add_lane>,
    .plain_f32 = kKernels<plain_mac_lane, plain_add_lane>,
};

}  // namespace sotto::npu::host
