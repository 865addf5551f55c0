// Quantised convolutions of ResNet layers. Activations lie as [channel / 8][x][8], weights as
// [out / 8][in / 8][y][x][in 8][out 8]. A sum is divided by a power of two, to nearest, and
// clamped.
#include "kernel.h"

namespace sotto::aie_kernels {
namespace {

constexpr int kWidth = 32, kIn = 64, kOut = 64;
constexpr int kScale = 9;

enum class Tie { up, away };  ///< from zero

std::int64_t scaled(std::int64_t sum, int scale, int low, int high, Tie tie = Tie::up) {
  const std::int64_t half = std::int64_t{1} << (scale - 1);
  const std::int64_t offset = tie == Tie::away && sum < 0 ? half - 1 : half;
  return std::clamp<std::int64_t>((sum + offset) >> scale, low, high);
}

int activation(int channel, int x) {
  return channel / 8 * kWidth * 8 + x * 8 + channel % 8;
}
/// 1x1 weights for `in` channels.
int weight(int out, int channel, int in) {
  return out / 8 * (in / 8) * 64 + channel / 8 * 64 + channel % 8 * 8 + out % 8;
}

template <typename T>
Buffer<T> activations(int channels, unsigned seed) {
  return random_integers<T>(static_cast<std::size_t>(channels) * kWidth,
                            std::is_signed_v<T> ? -128 : 0, std::is_signed_v<T> ? 127 : 255, seed);
}
Buffer<std::int8_t> weights(int count, unsigned seed) {
  return random_integers<std::int8_t>(count, -40, 40, seed);
}

template <typename Visit>
void for_each_output(Visit visit) {
  for (int out = 0; out < kOut; ++out) {
    for (int x = 0; x < kWidth; ++x) visit(out, x);
  }
}

/// `allowed` is 1 where the scalar form rounds its ties another way.
template <typename Act, typename Out>
Check conv1x1(const std::string& symbol, Tie tie) {
  return [=](Kernel& kernel, Result& result) {
    auto in = activations<Act>(kIn, 1);
    auto w = weights(kIn * kOut, 2);
    Buffer<Out> out(kOut * kWidth);
    kernel.get<void(Act*, std::int8_t*, Out*, int, int, int, int)>(symbol)(
        in.data(), w.data(), out.data(), kWidth, kIn, kOut, kScale);
    for_each_output([&](int o, int x) {
      std::int64_t sum = 0;
      for (int c = 0; c < kIn; ++c) sum += in[activation(c, x)] * w[weight(o, c, kIn)];
      result.compare(out[activation(o, x)],
                     static_cast<double>(scaled(sum, kScale, std::numeric_limits<Out>::min(),
                                                std::numeric_limits<Out>::max(), tie)),
                     0, symbol);
    });
  };
}

/// The input comes in two halves of its channels.
std::int64_t sum_of_halves(const Buffer<std::uint8_t>& in0, const Buffer<std::uint8_t>& in1,
                           const Buffer<std::int8_t>& w, int o, int x) {
  std::int64_t sum = 0;
  for (int c = 0; c < kIn / 2; ++c) {
    sum += in0[activation(c, x)] * w[weight(o, c, kIn)];
    sum += in1[activation(c, x)] * w[weight(o, c + kIn / 2, kIn)];
  }
  return sum;
}

/// The skip connection is added to the int8 result; both are divided by 2.
template <typename Skip>
Check conv1x1_skip(const std::string& symbol) {
  return [=](Kernel& kernel, Result& result) {
    auto in0 = activations<std::uint8_t>(kIn / 2, 3);
    auto in1 = activations<std::uint8_t>(kIn / 2, 4);
    auto w = weights(kIn * kOut, 5);
    auto skip = activations<Skip>(kOut, 6);
    Buffer<std::uint8_t> out(kOut * kWidth);
    kernel.get<void(std::uint8_t*, std::uint8_t*, std::int8_t*, std::uint8_t*, Skip*, int, int, int,
                    int, int)>(symbol)(in0.data(), in1.data(), w.data(), out.data(), skip.data(),
                                       kWidth, kIn, kOut, kScale, 1);
    for_each_output([&](int o, int x) {
      const std::int64_t product = scaled(sum_of_halves(in0, in1, w, o, x), kScale, -128, 127);
      result.compare(out[activation(o, x)],
                     static_cast<double>(scaled(product + skip[activation(o, x)], 1, 0, 255)), 0,
                     symbol);
    });
  };
}

/// The skip connection goes through a 1x1 convolution of its own, whose weights come last.
void check_skip_init(Kernel& kernel, Result& result) {
  constexpr int kSkip = 32;
  auto in0 = activations<std::uint8_t>(kIn / 2, 3);
  auto in1 = activations<std::uint8_t>(kIn / 2, 4);
  auto w = weights((kIn + kSkip) * kOut, 5);
  auto skip = activations<std::int8_t>(kSkip, 6);
  Buffer<std::uint8_t> out(kOut * kWidth);
  kernel.get<void(std::uint8_t*, std::uint8_t*, std::int8_t*, std::uint8_t*, std::int8_t*, int, int,
                  int, int, int, int, int)>("conv2dk1_skip_init_i8")(
      in0.data(), in1.data(), w.data(), out.data(), skip.data(), kWidth, kIn, kOut, kSkip, kScale,
      1, kScale);
  for_each_output([&](int o, int x) {
    std::int64_t skip_sum = 0;
    for (int c = 0; c < kSkip; ++c) {
      skip_sum += skip[activation(c, x)] * w[kIn * kOut + weight(o, c, kSkip)];
    }
    const std::int64_t sum = scaled(sum_of_halves(in0, in1, w, o, x), kScale, -128, 127) +
                             scaled(skip_sum, kScale, -128, 127);
    result.compare(out[activation(o, x)], static_cast<double>(scaled(sum, 1, 0, 255)), 0,
                   "skip_init");
  });
}

/// 3x3 with a border of zeros; the first, a middle and the last row of an image.
template <typename Act>
Check conv3x3(const std::string& symbol) {
  return [=](Kernel& kernel, Result& result) {
    const Buffer<Act> lines[] = {activations<Act>(kIn, 7), activations<Act>(kIn, 8),
                                 activations<Act>(kIn, 9)};
    auto w = weights(kIn * kOut * 9, 10);
    for (int position = 0; position < 3; ++position) {
      Buffer<std::uint8_t> out(kOut * kWidth);
      const auto line = [&](int i) { return const_cast<Buffer<Act>&>(lines[i]).data(); };
      kernel.get<void(Act*, Act*, Act*, std::int8_t*, std::uint8_t*, int, int, int, int, int, int,
                      int, int)>(symbol)(line(0), line(1), line(2), w.data(), out.data(), kWidth,
                                         kIn, kOut, 3, 3, position, kScale + 2, 0);
      for_each_output([&](int o, int x) {
        std::int64_t sum = 0;
        for (int y = position == 0 ? 1 : 0; y < (position == 2 ? 2 : 3); ++y) {
          for (int dx = 0; dx < 3; ++dx) {
            if (x + dx < 1 || x + dx > kWidth) continue;
            for (int c = 0; c < kIn; ++c) {
              const int at =
                  (o / 8 * (kIn / 8) + c / 8) * 9 * 64 + (y * 3 + dx) * 64 + c % 8 * 8 + o % 8;
              sum += lines[y][activation(c, x + dx - 1)] * w[at];
            }
          }
        }
        result.compare(out[activation(o, x)], static_cast<double>(scaled(sum, kScale + 2, 0, 255)),
                       0, concat(symbol, " in row ", position, " at ", x));
      });
    }
  };
}

}  // namespace

void add_convolutions(Checks& checks) {
  for (const std::string form : {"", "-SCALAR"}) {
    checks["conv2dk1" + form + "-INT8_ACT"] =
        conv1x1<std::int8_t, std::uint8_t>("conv2dk1_i8", Tie::up);
    checks["conv2dk1" + form + "-UINT8_ACT"] =
        conv1x1<std::uint8_t, std::uint8_t>("conv2dk1_ui8", Tie::up);
    checks["conv2dk1_i8" + form + "-INT8_ACT"] =
        conv1x1<std::int8_t, std::int8_t>("conv2dk1_i8", form.empty() ? Tie::away : Tie::up);
    checks["conv2dk1_skip" + form + "-INT8_ACT"] = conv1x1_skip<std::int8_t>("conv2dk1_skip_i8");
    checks["conv2dk1_skip" + form + "-UINT8_ACT"] = conv1x1_skip<std::uint8_t>("conv2dk1_skip_ui8");
    checks["conv2dk1_skip_init" + form + "-INT8_ACT"] = check_skip_init;
    checks["conv2dk3" + form + "-INT8_ACT"] = conv3x3<std::int8_t>("conv2dk3_i8");
    checks["conv2dk3" + form + "-UINT8_ACT"] = conv3x3<std::uint8_t>("conv2dk3_ui8");
  }
}

}  // namespace sotto::aie_kernels
