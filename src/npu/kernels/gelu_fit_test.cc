// The constants of gelu.h: the best among their neighbours for what they were fitted to.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "npu/kernels/gelu.h"
#include "npu/kernels/kernels_testing.h"

namespace sotto::npu::kernels {
namespace {

/// To eight significant bits: ties to even, or towards zero.
double to_bf16(double x, bool truncates) {
  if (x == 0) return 0;
  int exponent = 0;
  const double scaled = std::frexp(x, &exponent) * 256;
  return std::ldexp(truncates ? std::trunc(scaled) : std::nearbyint(scaled), exponent - 8);
}
std::int64_t shifted(std::int64_t x, int bits) {
  return static_cast<std::int64_t>(std::nearbyint(std::ldexp(static_cast<double>(x), -bits)));
}

struct Constants {
  double largest = kGeluLargest, scale = kGeluScale;
  std::int64_t k = kGeluK, a = kGeluA;

  std::int64_t v(double t) const { return std::llrint(t * scale * 4096) - k; }
  /// w (w + v).
  std::int64_t product(std::int64_t v) const {
    const std::int64_t w = shifted(v * v + a, kGeluShifts[0]);
    return w * (w + v);
  }
  /// What makes p zero at the largest t.
  std::int64_t b() const { return -product(v(largest)); }
  double tail(double t) const {
    const std::int64_t at = v(std::min(t, largest));
    const std::int64_t p = shifted(product(at) + b(), kGeluShifts[1]);
    return std::ldexp(static_cast<double>(shifted((at + k) * p, kGeluShifts[2]) * p), -25);
  }
};

/// Points of a normal distribution, weighted.
struct Sample {
  double t, positive, exact, weight;
};
std::vector<std::vector<Sample>> samples() {
  std::vector<std::vector<Sample>> all;
  for (const auto& [mean, deviation] : {std::pair{0.0, 1.0},
                                        {-0.7, 0.5},
                                        {-1.0, 1.0},
                                        {-0.3, 0.3},
                                        {-1.5, 0.7},
                                        {-1.3, 0.5},
                                        {0.0, 0.1},
                                        {0.0, 0.25},
                                        {-0.1, 0.1}}) {
    std::vector<Sample>& one = all.emplace_back();
    for (int i = 0; i <= 2000; ++i) {
      const double z = -4 + i * 0.004, x = mean + deviation * z;
      one.push_back({to_bf16(std::abs(x), true), std::max(x, 0.0), testing::exact_gelu(x),
                     std::exp(-z * z / 2)});
    }
  }
  return all;
}

/// Sum of the squares of the distributions' relative errors.
double error_of(const Constants& constants, const std::vector<std::vector<Sample>>& all) {
  double sum = 0;
  for (const std::vector<Sample>& one : all) {
    double error = 0, size = 0;
    for (const Sample& sample : one) {
      const double y = to_bf16(sample.positive - constants.tail(sample.t), false);
      error += sample.weight * std::abs(y - sample.exact);
      size += sample.weight * std::abs(sample.exact);
    }
    sum += error / size * (error / size);
  }
  return sum;
}

TEST(GeluFit, NoNeighbourOfTheConstantsIsBetter) {
  const auto all = samples();
  const Constants kept;
  EXPECT_EQ(kept.b(), kGeluB);
  const double least = error_of(kept, all);
  testing::record("error", std::sqrt(least));
  EXPECT_LT(least, 5e-5);
  const auto expect_worse = [&](const char* what, auto change) {
    Constants other;
    change(other);
    EXPECT_GT(error_of(other, all), least) << what;
  };
  for (const int way : {1, -1}) {
    expect_worse("largest", [&](Constants& c) { c.largest += way / 64.0; });
    expect_worse("scale", [&](Constants& c) { c.scale += way / 128.0; });
    for (const int step : {1, 4, 16}) {
      expect_worse("k", [&](Constants& c) { c.k += way * step; });
      expect_worse("a", [&](Constants& c) { c.a += way * step * 4096; });
      for (const int other : {1, -1}) {
        expect_worse("k and a", [&](Constants& c) {
          c.k += way * step;
          c.a += other * step * 16384;
        });
      }
    }
  }
}

TEST(GeluFit, ComputesWhatTheKernelDoes) {
  round_and_wrap();
  const Constants kept;
  for (int i = 0; i < 4 * 256; i += 16) {
    aie::vector<float, 32> x;
    for (unsigned lane = 0; lane < 32; ++lane) {
      x[lane] = -static_cast<float>(i + static_cast<int>(lane) / 2) / 200;
    }
    const auto y = gelu(x, x).to_vector<float>();
    for (unsigned lane = 0; lane < 32; ++lane) {
      ASSERT_EQ(y.get(lane), -kept.tail(to_bf16(std::abs(double{x.get(lane)}), true))) << x[lane];
    }
  }
}

}  // namespace
}  // namespace sotto::npu::kernels
