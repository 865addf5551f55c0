// The convolutions in each type against sums in double, and those in integers against integers.
#include "cpu/convolutions.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <random>

#include "cpu/bf16.h"
#include "cpu/cpu_testing.h"
#include "cpu/int16.h"
#include "model/testing.h"

namespace sotto::cpu {
namespace {

using testing::normal_numbers;
using testing::relative_l2;

std::size_t area(std::int64_t a, std::int64_t b) {
  return static_cast<std::size_t>(a * b);
}

double gelu(double x) {
  return x * std::erfc(-x / std::sqrt(2.0)) / 2;
}

/// gelu(Conv1d(x)) in double, channels × frames.
std::vector<double> convolved(const std::vector<double>& x, const std::vector<float>& weight,
                              const std::vector<float>& bias, int step) {
  const auto n_out = static_cast<int>(bias.size());
  const auto n_in = static_cast<int>(weight.size()) / n_out / kTaps;
  const auto n_frames = static_cast<int>(x.size()) / n_in, t_out = (n_frames + step - 1) / step;
  std::vector<double> y;
  for (int n = 0; n < n_out; ++n) {
    for (int t = 0; t < t_out; ++t) {
      double sum = bias[static_cast<std::size_t>(n)];
      for (int c = 0; c < n_in; ++c) {
        for (int tap = 0; tap < kTaps; ++tap) {
          const int from = t * step + tap - 1;
          if (from < 0 || from >= n_frames) continue;
          sum += x[area(c, n_frames) + static_cast<std::size_t>(from)] *
                 weight[area(n * n_in + c, kTaps) + static_cast<std::size_t>(tap)];
        }
      }
      y.push_back(gelu(sum));
    }
  }
  return y;
}

TEST(FrameLayoutTest, EveryTapOfABlockLiesInItsRows) {
  constexpr int kRows = 3, kBlock = 16, kBlocks = 4;
  const FrameLayout layout(2 * kBlock * kBlocks - 6, kRows, kBlock);
  EXPECT_EQ(layout.n_blocks(), kBlocks);
  EXPECT_EQ(layout.row() * 4 / 64 % 2, 1) << "an odd number of cache lines";
  for (int block = 0; block < kBlocks; ++block) {
    const std::ptrdiff_t begin = layout.at(0, block), end = begin + kRows * layout.row();
    EXPECT_EQ(begin, block * layout.size() / kBlocks);
    const std::ptrdiff_t odd = layout.at(1, block) - begin;
    // Frames 2j − 1, 2j and 2j + 1 of even outputs, 2j, 2j + 1 and 2j + 2 of odd ones.
    EXPECT_EQ(layout.tap(0, 0), odd - 1);
    EXPECT_EQ(layout.tap(0, 1), 0);
    EXPECT_EQ(layout.tap(0, 2), odd);
    EXPECT_EQ(layout.tap(1, 0), 0);
    EXPECT_EQ(layout.tap(1, 1), odd);
    EXPECT_EQ(layout.tap(1, 2), 1);
    EXPECT_GT(odd - 1, kBlock) << "the frames of two blocks beside have places of their own";
    EXPECT_LE(begin + odd + kBlock + (kRows - 1) * layout.row(), end);
  }
}

class ConvolutionsTest : public ::testing::TestWithParam<Isa> {
 protected:
  std::vector<ConvolutionType> types() const {
    std::vector<ConvolutionType> types = {ConvolutionType::float32, ConvolutionType::int16};
    if (bf16_kernels_for(GetParam()) != nullptr) types.push_back(ConvolutionType::bfloat16);
    return types;
  }

  ThreadPool pool_{3};
  PackedWeights packed_;
  Runtime runtime_{kernels_for(GetParam()), pool_, packed_};
};

/// How far each type may be from sums in double, relative L2.
double bar_of(ConvolutionType type) {
  if (type == ConvolutionType::float32) return 1e-6;
  return type == ConvolutionType::int16 ? 4e-4 : 4e-3;
}

TEST_P(ConvolutionsTest, AgreeWithSumsInDoubleOnOddSizes) {
  // One block and several, whole and in part; less than a group of words, one, and one and a rest.
  for (const auto& [n_ctx, n_mels, width] :
       {std::tuple{1, 1, 3}, {77, 7, 36}, {64, 80, 128}, {33, 128, 150}, {96, 129, 12}}) {
    model::Dims dims = testing::kOddDims;
    dims.n_audio_ctx = n_ctx;
    dims.n_mels = n_mels;
    dims.n_audio_state = width;
    dims.n_audio_head = 1;
    const int n_frames = dims.n_mel_frames(), stride = n_frames + 3;
    const model::Weights weights = model::testing::seeded_weights(dims, 3);
    const Parameters p(weights, "encoder", packed_);
    const std::vector<float> mel = normal_numbers(area(n_mels, stride), 1),
                             positions = normal_numbers(area(n_ctx, width), 2);
    std::vector<double> x;
    for (int band = 0; band < n_mels; ++band) {
      const auto row = mel.begin() + std::ptrdiff_t{band} * stride;
      x.insert(x.end(), row, row + n_frames);
    }
    x = convolved(x, (p / "conv1").read("weight", {width, n_mels, kTaps}),
                  (p / "conv1").read("bias", {width}), 1);
    x = convolved(x, (p / "conv2").read("weight", {width, width, kTaps}),
                  (p / "conv2").read("bias", {width}), 2);
    std::vector<double> truth(area(n_ctx, width));
    for (int t = 0; t < n_ctx; ++t) {
      for (int n = 0; n < width; ++n) {
        const std::size_t at = area(t, width) + static_cast<std::size_t>(n);
        truth[at] = x[area(n, n_ctx) + static_cast<std::size_t>(t)] + positions[at];
      }
    }
    const std::size_t size =
        area(blocks_of(n_ctx, runtime_.kernels.block) * width, runtime_.kernels.block);
    Buffer<float> y(size), position_blocks(size);
    to_blocks(runtime_, position_blocks.data(), positions.data(), width, n_ctx, width);
    for (const ConvolutionType type : types()) {
      SCOPED_TRACE(::testing::Message() << n_ctx << " positions, " << n_mels << " bands, " << width
                                        << " wide, " << name_of(type));
      const auto convolutions = make_convolutions(runtime_, GetParam(), type, p, dims);
      std::vector<float> actual(truth.size());
      for (int window = 0; window < 2; ++window) {  // the second finds what the first left
        (*convolutions)(
            y.data(),
            {.data = mel.data(), .n_mels = n_mels, .n_frames = n_frames, .stride = stride},
            position_blocks.data());
        from_blocks(runtime_, actual.data(), width, y.data(), n_ctx, width);
        EXPECT_LT(relative_l2(actual, truth), bar_of(type));
      }
    }
  }
}

/// Words that are all at one end, alternate so that their sum is as low as it can be, or random.
enum class Words { largest, opposed, random };

/// With scales of 1, what comes out are sums of integers, each rounded to f32, added in f32.
TEST_P(ConvolutionsTest, WordsAreExactSumsOfIntegers) {
  const Int16Kernels& kernels = int16_kernels_for(GetParam());
  for (const auto& [n_out, n_in] :
       {std::pair{1, 1}, {17, 2}, {13, 127}, {30, 128}, {29, 129}, {5, 385}}) {
    for (const Words kind : {Words::largest, Words::opposed, Words::random}) {
      SCOPED_TRACE(::testing::Message() << n_out << " × " << n_in << ", " << int(kind));
      std::mt19937 random(7);
      std::uniform_int_distribution<int> any(-kLargestWord, kLargestWord);
      const auto word = [&](int sign) {
        if (kind == Words::random) return static_cast<Word>(any(random));
        return static_cast<Word>(kind == Words::opposed ? sign * kLargestWord : kLargestWord);
      };
      const int B = kernels.block, R = kernels.rows;
      const std::ptrdiff_t row = 2 * B + 3;  // rows begin anywhere
      const std::array<std::ptrdiff_t, kTaps> taps = {0, 5, B + 1};
      const int n_rows = (n_in + 1) / 2, n_groups = (n_in + kWordGroup - 1) / kWordGroup;
      std::vector<Word> x(area(n_rows * row, 2)), w(area(n_out, n_in * kTaps));
      for (std::size_t i = 0; i < x.size(); ++i) x[i] = word(1);
      for (Word& value : w) value = word(-1);
      if (n_in % 2 == 1) {  // the last input has no other half
        for (std::ptrdiff_t i = (n_rows - 1) * row; i < n_rows * row; ++i) {
          x[static_cast<std::size_t>(2 * i + 1)] = 0;
        }
      }
      std::vector<Word> panels(area(blocks_of(n_out, R) * R * 2, n_rows * kTaps));
      for (int n = 0; n < n_out; ++n) {
        for (int c = 0; c < n_in; ++c) {
          const int begin = c / kWordGroup * kWordGroup / 2;
          const int group_rows = std::min(kWordGroup / 2, n_rows - begin);
          for (int tap = 0; tap < kTaps; ++tap) {
            const int step = (n / R * n_rows + begin) * kTaps + tap * group_rows + c / 2 - begin;
            panels[area(step * R + n % R, 2) + static_cast<std::size_t>(c % 2)] =
                w[area(n * n_in + c, kTaps) + static_cast<std::size_t>(tap)];
          }
        }
      }
      const std::vector<float> ones(area(n_groups, row) + area(n_out, 1), 1.0f),
          bias(area(n_out, 1));
      Buffer<float> y(area(n_out, B));
      // What comes out has gone through GELU, which leaves large numbers as they are and makes
      // nothing of negative ones: those are taken by a second run, with a scale of −1.
      const std::vector<float> signs[2] = {std::vector<float>(bias.size(), 1.0f),
                                           std::vector<float>(bias.size(), -1.0f)};
      std::vector<float> sums(y.size());
      for (const auto& scales : signs) {
        kernels.convolve({{.y = y.data(),
                           .y_row = B,
                           .residual = nullptr,
                           .x = x.data(),
                           .x_row = row,
                           .taps = {taps[0], taps[1], taps[2]},
                           .panels = panels.data(),
                           .bias = bias.data(),
                           .n_out = n_out,
                           .n_in = n_in,
                           .panel_begin = 0,
                           .panel_end = blocks_of(n_out, R)},
                          ones.data(),
                          scales.data()});
        for (std::size_t i = 0; i < sums.size(); ++i) {
          if (y[i] > 1) sums[i] = scales.front() * y[i];
        }
      }
      for (int n = 0; n < n_out; ++n) {
        for (int lane = 0; lane < B; ++lane) {
          float total = 0;
          for (int begin = 0; begin < n_in; begin += kWordGroup) {
            for (std::size_t tap = 0; tap < taps.size(); ++tap) {
              std::int64_t sum = 0;
              for (int c = begin; c < std::min(n_in, begin + kWordGroup); ++c) {
                const std::ptrdiff_t at = (c / 2 * row + taps[tap] + lane) * 2 + c % 2;
                sum += std::int64_t{x[static_cast<std::size_t>(at)]} *
                       w[area(n * n_in + c, kTaps) + tap];
              }
              total += static_cast<float>(sum);
            }
          }
          if (std::abs(total) < 0x1p17f) continue;  // few
          ASSERT_EQ(sums[area(n, B) + static_cast<std::size_t>(lane)], total) << n << ", " << lane;
        }
      }
    }
  }
}

TEST_P(ConvolutionsTest, InputsAreRoundedToTheNearestWord) {
  const Int16Kernels& kernels = int16_kernels_for(GetParam());
  for (const int d : {1, 7, 128, 131}) {
    const int B = kernels.block, row = B + 3, n_rows = (d + 1) / 2;
    std::vector<float> x = normal_numbers(area(d, B), 1);
    for (int i = 0; i < d; ++i) x[area(i, B)] = 0;  // a frame of zeros
    std::vector<Word> words(area(n_rows * row, 2), Word{7});
    std::vector<float> scales(area((d + kWordGroup - 1) / kWordGroup, row), 7.0f);
    kernels.quantize(
        {.words = words.data(), .scales = scales.data(), .row = row, .x = x.data(), .d = d});
    for (int i = 0; i < 2 * n_rows; ++i) {
      for (int lane = 0; lane < row; ++lane) {
        const Word actual = words[area(i / 2 * row + lane, 2) + static_cast<std::size_t>(i % 2)];
        if (lane >= B) {
          EXPECT_EQ(actual, 7) << "not of the block";
        } else if (i >= d) {
          EXPECT_EQ(actual, 0) << "no input";
        } else {
          const float scale = scales[area(i / kWordGroup, row) + static_cast<std::size_t>(lane)];
          const float exact = x[area(i, B) + static_cast<std::size_t>(lane)];
          EXPECT_LE(std::abs(actual * scale - exact), 0.501f * scale);
          EXPECT_LE(std::abs(actual), kLargestWord);
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Isa, ConvolutionsTest, ::testing::ValuesIn(available_isas()),
                         testing::isa_name);

}  // namespace
}  // namespace sotto::cpu
