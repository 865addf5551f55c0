// Image kernels: weights, thresholds, bits, colours and a 3x3 filter, against the formulas.
#include <array>

#include "kernel.h"

namespace sotto::aie_kernels {
namespace {

constexpr int kWidth = 1920;

template <typename T>
Buffer<T> pixels(unsigned seed, int count = kWidth) {
  return std::is_same_v<T, std::uint8_t> ? random_integers<T>(count, 0, 255, seed)
                                         : random_integers<T>(count, -1000, 1000, seed);
}

/// in1 · alpha + in2 · beta in Q14, clamped. gamma is zero: the kernels add it before the shift,
/// where it has no effect. They round down, their scalar forms to nearest.
template <typename T, typename Gamma = T>
void check_add_weighted(Kernel& kernel, Result& result) {
  auto a = pixels<T>(1);
  auto b = pixels<T>(2);
  Buffer<T> out(kWidth);
  const std::int16_t alpha = 11000, beta = 9000;
  kernel.get<void(T*, T*, T*, std::int32_t, std::int16_t, std::int16_t, Gamma)>("addWeightedLine")(
      a.data(), b.data(), out.data(), kWidth, alpha, beta, 0);
  for (int i = 0; i < kWidth; ++i) {
    const std::int64_t sum = std::int64_t{a[i]} * alpha + std::int64_t{b[i]} * beta;
    const std::int64_t expected = std::clamp<std::int64_t>(sum >> 14, std::numeric_limits<T>::min(),
                                                           std::numeric_limits<T>::max());
    result.compare(out[i], static_cast<double>(expected), 0, "addWeighted");
  }
}

template <typename T>
Check bitwise(const std::string& symbol, T (*f)(T, T)) {
  return [=](Kernel& kernel, Result& result) {
    auto a = pixels<T>(3);
    auto b = pixels<T>(4);
    Buffer<T> line(kWidth), tile(kWidth);
    kernel.get<void(T*, T*, T*, std::int32_t)>(symbol + "Line")(a.data(), b.data(), line.data(),
                                                                kWidth);
    kernel.get<void(T*, T*, T*, std::int32_t, std::int32_t)>(symbol + "Tile")(
        a.data(), b.data(), tile.data(), 3, kWidth / 3);
    for (int i = 0; i < kWidth; ++i) {
      result.compare(line[i], f(a[i], b[i]), 0, symbol + "Line");
      result.compare(tile[i], f(a[i], b[i]), 0, symbol + "Tile");
    }
  };
}

/// The five kinds of OpenCV: binary, its inverse, truncate, to zero, its inverse.
template <typename T>
double thresholded(T x, T threshold, T highest, int kind) {
  const bool above = x > threshold;
  const std::array<T, 5> values = {above ? highest : T(0), above ? T(0) : highest,
                                   above ? threshold : x, above ? x : T(0), above ? T(0) : x};
  return values[static_cast<std::size_t>(kind)];
}

template <typename T>
void check_threshold(Kernel& kernel, Result& result) {
  auto in = pixels<T>(5);
  const T threshold = 90, highest = 120;
  for (int kind = 0; kind < 5; ++kind) {
    Buffer<T> out(kWidth);
    kernel.get<void(T*, T*, std::int32_t, T, T, std::uint8_t)>("thresholdLine")(
        in.data(), out.data(), kWidth, threshold, highest, static_cast<std::uint8_t>(kind));
    for (int i = 0; i < kWidth; ++i) {
      result.compare(out[i], thresholded(in[i], threshold, highest, kind), 0,
                     concat("kind ", kind));
    }
  }
}

void check_threshold_8(Kernel& kernel, Result& result) {
  check_threshold<std::uint8_t>(kernel, result);
  using T = std::uint8_t;
  auto in = pixels<T>(6);
  const T thresholds[4] = {20, 60, 128, 250}, highest[4] = {255, 200, 150, 100};
  for (int kind = 0; kind < 5; ++kind) {
    Buffer<T> out(kWidth);
    kernel.get<void(T*, T*, std::int32_t, T, T, T, T, T, T, T, T, T)>("threshold4ChLine")(
        in.data(), out.data(), kWidth, thresholds[0], thresholds[1], thresholds[2], thresholds[3],
        highest[0], highest[1], highest[2], highest[3], static_cast<T>(kind));
    for (int i = 0; i < kWidth; ++i) {
      result.compare(out[i], thresholded(in[i], thresholds[i % 4], highest[i % 4], kind), 0,
                     concat("4 channels, kind ", kind));
    }
  }
}

template <typename T>
void check_pass_through(Kernel& kernel, Result& result) {
  auto in = pixels<T>(7);
  Buffer<T> line(kWidth), tile(kWidth);
  kernel.get<void(T*, T*, std::int32_t)>("passThroughLine")(in.data(), line.data(), kWidth);
  kernel.get<void(T*, T*, std::int32_t, std::int32_t)>("passThroughTile")(in.data(), tile.data(), 5,
                                                                          kWidth / 5);
  for (int i = 0; i < kWidth; ++i) {
    result.compare(line[i], in[i], 0, "line");
    result.compare(tile[i], in[i], 0, "tile");
  }
}

template <typename T>
void check_scale(Kernel& kernel, Result& result) {
  auto in = pixels<T>(8, 1024);
  std::int32_t factor = 7;
  for (const char* symbol : {"vector_scalar_mul_scalar", "vector_scalar_mul_vector"}) {
    Buffer<T> out(1024);
    kernel.get<void(T*, T*, std::int32_t*, std::int32_t)>(symbol)(in.data(), out.data(), &factor,
                                                                  1024);
    for (int i = 0; i < 1024; ++i) result.compare(out[i], 7.0 * in[i], 0, symbol);
  }
}

void check_gray2rgba(Kernel& kernel, Result& result) {
  auto in = pixels<std::uint8_t>(9);
  Buffer<std::uint8_t> out(4 * kWidth);
  kernel.get<void(std::uint8_t*, std::uint8_t*, std::int32_t)>("gray2rgbaLine")(in.data(),
                                                                                out.data(), kWidth);
  for (int i = 0; i < 4 * kWidth; ++i) {
    result.compare(out[i], i % 4 == 3 ? 255 : in[i / 4], 0, "gray2rgba");
  }
}

void check_rgba2gray(Kernel& kernel, Result& result) {
  auto in = pixels<std::uint8_t>(10, 4 * kWidth);
  Buffer<std::uint8_t> out(kWidth);
  kernel.get<void(std::uint8_t*, std::uint8_t*, std::int32_t)>("rgba2grayLine")(in.data(),
                                                                                out.data(), kWidth);
  for (int i = 0; i < kWidth; ++i) {
    const double y = 0.299 * in[4 * i] + 0.587 * in[4 * i + 1] + 0.114 * in[4 * i + 2];
    result.compare(out[i], y, 0.51, "rgba2gray");
  }
}

/// Hue as a byte: 0 … 255 once round the circle.
double hue(double r, double g, double b) {
  const double low = std::min({r, g, b}), high = std::max({r, g, b});
  if (high == low) return 0;
  const double span = high - low;
  if (high == r) return 42.5 * (g - b) / span;
  return high == g ? 85 + 42.5 * (b - r) / span : 170 + 42.5 * (r - g) / span;
}

void check_rgba2hue(Kernel& kernel, Result& result) {
  auto in = pixels<std::uint8_t>(11, 4 * kWidth);
  Buffer<std::uint8_t> out(kWidth);
  kernel.get<void(std::uint8_t*, std::uint8_t*, std::int32_t)>("rgba2hueLine")(in.data(),
                                                                               out.data(), kWidth);
  for (int i = 0; i < kWidth; ++i) {
    const double expected = hue(in[4 * i], in[4 * i + 1], in[4 * i + 2]);
    // The circle closes at 256 (at 255 in the formula).
    const double difference = std::remainder(out[i] - expected, 256.0);
    result.compare(difference, 0, 2.0, "rgba2hue");
  }
}

/// 3x3 in Q12, rounded down to 1/16 by the kernel; the inner pixels only (its borders are
/// upstream's).
void check_filter2d(Kernel& kernel, Result& result) {
  const int width = 256;
  std::array<Buffer<std::uint8_t>, 3> lines = {pixels<std::uint8_t>(12, width),
                                               pixels<std::uint8_t>(13, width),
                                               pixels<std::uint8_t>(14, width)};
  std::int16_t filter[9] = {256, -512, 768, 512, 1024, 512, 256, 512, 768};
  Buffer<std::uint8_t> out(width);
  kernel.get<void(std::uint8_t*, std::uint8_t*, std::uint8_t*, std::uint8_t*, std::int32_t,
                  std::int16_t*)>("filter2dLine")(lines[0].data(), lines[1].data(), lines[2].data(),
                                                  out.data(), width, filter);
  for (int i = 1; i < 31; ++i) {
    int sum = 0;
    for (int row = 0; row < 3; ++row) {
      for (int k = 0; k < 3; ++k) sum += lines[row][i + k - 1] * filter[3 * row + k];
    }
    result.compare(out[i], std::clamp(sum >> 12, 0, 255), 0, concat("filter2d at ", i));
  }
}

}  // namespace

void add_images(Checks& checks) {
  checks["addWeighted-8"] = check_add_weighted<std::uint8_t>;
  checks["addWeighted-16"] = check_add_weighted<std::int16_t>;
  checks["addWeighted-32"] = check_add_weighted<std::int32_t>;
  const auto with_bits = [&](const std::string& name, const std::string& symbol, auto f) {
    checks[name + "-8"] = bitwise<std::uint8_t>(symbol, f);
    checks[name + "-16"] = bitwise<std::int16_t>(symbol, f);
    checks[name + "-32"] = bitwise<std::int32_t>(symbol, f);
  };
  with_bits("bitwiseAND", "bitwiseAND", [](auto a, auto b) { return decltype(a)(a & b); });
  with_bits("bitwiseOR", "bitwiseOR", [](auto a, auto b) { return decltype(a)(a | b); });
  checks["threshold-8"] = check_threshold_8;
  checks["threshold-32"] = check_threshold<std::int32_t>;
  checks["passThrough-8"] = check_pass_through<std::uint8_t>;
  checks["passThrough-16"] = check_pass_through<std::int16_t>;
  checks["passThrough-32"] = check_pass_through<std::int32_t>;
  checks["scale-16"] = check_scale<std::int16_t>;
  checks["scale-32"] = check_scale<std::int32_t>;
  checks["gray2rgba"] = check_gray2rgba;
  checks["rgba2gray"] = check_rgba2gray;
  checks["rgba2hue"] = check_rgba2hue;
  checks["filter2d"] = check_filter2d;
}

}  // namespace sotto::aie_kernels
