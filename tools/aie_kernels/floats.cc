// bfloat16 kernels: element-wise, reductions, exponential, softmax and activations, against double.
#include "kernel.h"

namespace sotto::aie_kernels {
namespace {

constexpr int kCount = 1024;
constexpr double kPlace =
    1.0 / 128;  ///< a bfloat16 store under floor loses less than this, relative

using Binary = void(bfloat16*, bfloat16*, bfloat16*);
using Unary = void(bfloat16*, bfloat16*);

Check binary(const std::string& symbol, double (*f)(double, double)) {
  return [=](Kernel& kernel, Result& result) {
    auto a = random_numbers<bfloat16>(kCount, -8, 8, 1);
    auto b = random_numbers<bfloat16>(kCount, -8, 8, 2);
    for (const char* form : {"_scalar", "_vector"}) {
      Buffer<bfloat16> c(kCount);
      kernel.get<Binary>(symbol + form)(a.data(), b.data(), c.data());
      for (int i = 0; i < kCount; ++i) {
        const double expected = f(a[i], b[i]);
        result.compare(c[i], expected, kPlace * std::abs(expected), symbol + form);
      }
    }
  };
}

Check unary(const std::string& symbol, float low, float high, double (*f)(double), double allowed) {
  return [=](Kernel& kernel, Result& result) {
    auto x = random_numbers<bfloat16>(kCount, low, high, 3);
    Buffer<bfloat16> y(kCount);
    kernel.get<Unary>(symbol)(x.data(), y.data());
    for (int i = 0; i < kCount; ++i) {
      const double expected = f(x[i]);
      result.compare(y[i], expected, allowed, symbol);
    }
  };
}

void check_scale_shift(Kernel& kernel, Result& result) {
  auto a = random_numbers<bfloat16>(kCount, -8, 8, 1);
  auto b = random_numbers<bfloat16>(kCount, -8, 8, 2);
  for (const std::string form : {"scalar", "vector"}) {
    for (const int is_mul : {0, 1}) {
      Buffer<bfloat16> c(kCount);
      kernel.get<void(bfloat16*, bfloat16*, bfloat16*, int)>("eltwise_mul_add_bf16_" + form)(
          a.data(), b.data(), c.data(), is_mul);
      for (int i = 0; i < kCount; ++i) {
        const double x = a[i], y = b[i];
        const double expected = is_mul != 0 ? x * y : x + y;
        result.compare(c[i], expected, kPlace * std::abs(expected), form);
      }
    }
  }
}

template <typename T>
void check_extreme(Kernel& kernel, Result& result, const std::string& symbol, bool highest) {
  auto x = std::is_same_v<T, bfloat16> ? random_numbers<T>(kCount, -50, 50, 4)
                                       : random_integers<T>(kCount, -100000, 100000, 4);
  T got;
  kernel.get<void(T*, T*, int)>(symbol)(x.data(), &got, kCount);
  const T expected = highest ? *std::max_element(x.data(), x.data() + kCount)
                             : *std::min_element(x.data(), x.data() + kCount);
  result.compare(got, expected, 0, symbol);
}

void check_reduce_add(Kernel& kernel, Result& result) {
  auto x = random_integers<std::int32_t>(kCount, -100000, 100000, 4);
  std::int64_t sum = 0;
  for (int i = 0; i < kCount; ++i) sum += x[i];
  for (const char* symbol : {"reduce_add_vector", "reduce_add_scalar"}) {
    std::int32_t got = 0;
    kernel.get<void(std::int32_t*, std::int32_t*, int)>(symbol)(x.data(), &got, kCount);
    result.compare(got, static_cast<double>(sum), 0, symbol);
  }
}

/// AMD's tables bit for bit: e^i (up to e^88) and e^(i/256) to nearest, entry i at 2 (i - i % 8) +
/// i % 8 and again 8 further on.
void check_exp_tables(Kernel& kernel, Result& result) {
  const auto bits = [](double x) {
    return npu::host::narrow_to_bf16(static_cast<float>(x), npu::host::Rounding::conv_even);
  };
  for (const char* half : {"ab", "cd"}) {
    const auto* integer = kernel.get<std::uint16_t>(std::string("exp_ilut_") + half);
    const auto* fraction = kernel.get<std::uint16_t>(std::string("exp_flut_") + half);
    for (int i = 0; i < 256; ++i) {
      const double power = std::exp(std::min(i < 128 ? i : i - 256, 88));
      for (const int at : {i / 8 * 16 + i % 8, i / 8 * 16 + 8 + i % 8}) {
        result.compare(integer[at], bits(power), 0, concat("exp_ilut entry ", i));
        result.compare(fraction[at], bits(std::exp(i / 256.0)), 0, concat("exp_flut entry ", i));
      }
    }
  }
}

void check_exp(Kernel& kernel, Result& result) {
  check_exp_tables(kernel, result);
  auto x = random_numbers<bfloat16>(kCount, -20, 10, 5);
  Buffer<bfloat16> y(kCount);
  kernel.get<Unary>("exp_bf16_1024")(x.data(), y.data());
  for (int i = 0; i < kCount; ++i) {
    const double expected = std::exp(static_cast<double>(x[i]));
    result.compare(y[i], expected, 0.02 * expected, "exp");
  }
}

/// `allowed` is relative; the kernel with tables does not subtract the maximum.
Check softmax(double allowed) {
  return [=](Kernel& kernel, Result& result) {
    auto x = random_numbers<bfloat16>(kCount, -6, 3, 6);
    Buffer<bfloat16> y(kCount);
    kernel.get<void(bfloat16*, bfloat16*, int)>("softmax_bf16")(x.data(), y.data(), kCount);
    double sum = 0;
    for (int i = 0; i < kCount; ++i) sum += std::exp(static_cast<double>(x[i]));
    for (int i = 0; i < kCount; ++i) {
      const double expected = std::exp(static_cast<double>(x[i])) / sum;
      result.compare(y[i], expected, allowed * expected, "softmax");
    }
  };
}

double silu(double x) {
  return x / (1 + std::exp(-x));
}

void check_swiglu(Kernel& kernel, Result& result) {
  auto x = random_numbers<bfloat16>(kCount, -3, 3, 7);
  auto w1 = random_numbers<bfloat16>(kCount, -2, 2, 8);
  auto w2 = random_numbers<bfloat16>(kCount, -2, 2, 9);
  Buffer<bfloat16> y(kCount);
  kernel.get<void(bfloat16*, bfloat16*, bfloat16*, bfloat16*)>("swiglu_bf16")(x.data(), w1.data(),
                                                                              w2.data(), y.data());
  for (int i = 0; i < kCount; ++i) {
    const double in = x[i], first = w1[i], second = w2[i];
    const double expected = in * first * silu(in * second);
    result.compare(y[i], expected, 0.052 * std::max(1.0, std::abs(expected)), "swiglu");
  }
}

}  // namespace

void add_floats(Checks& checks) {
  checks["add"] = binary("eltwise_add_bf16", [](double a, double b) { return a + b; });
  checks["mul"] = binary("eltwise_mul_bf16", [](double a, double b) { return a * b; });
  checks["scale_shift"] = check_scale_shift;
  checks["relu"] = unary(
      "bf16_relu", -8, 8, [](double x) { return std::max(x, 0.0); }, 0);
  checks["reduce_add"] = check_reduce_add;
  checks["reduce_max"] = [](Kernel& kernel, Result& result) {
    check_extreme<std::int32_t>(kernel, result, "reduce_max_vector", true);
    check_extreme<std::int32_t>(kernel, result, "reduce_max_scalar", true);
    check_extreme<bfloat16>(kernel, result, "reduce_max_vector_bfloat16", true);
  };
  checks["reduce_min"] = [](Kernel& kernel, Result& result) {
    check_extreme<std::int32_t>(kernel, result, "reduce_min_vector", false);
    check_extreme<std::int32_t>(kernel, result, "reduce_min_scalar", false);
  };
  checks["bf16_exp"] = check_exp;
  checks["softmax"] = softmax(0.04);
  checks["bf16_softmax"] = softmax(0.12);  // its 2^f is a parabola
  // With AMD's tables of tanh the largest errors are 0.041 (silu), 0.021 (gelu) and
  // 0.035 max(1, |y|) (swiglu); half of that is added.
  checks["silu"] = unary("silu_bf16", -8, 8, silu, 0.061);
  checks["gelu"] = unary(
      "gelu_bf16", -8, 8, [](double x) { return x * 0.5 * std::erfc(-x / std::sqrt(2.0)); }, 0.031);
  checks["swiglu"] = check_swiglu;
}

}  // namespace sotto::aie_kernels
