// Keys and values of a window in integers against plain sums in double.
#include "cpu/int8_window.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "cpu/cpu_testing.h"

namespace sotto::cpu {
namespace {

using testing::normal_numbers;
using testing::relative_l2;

class Int8WindowTest : public ::testing::TestWithParam<Isa> {
 protected:
  static constexpr model::Dims dims(int n_positions, int n_heads, int d) {
    return {.n_audio_ctx = n_positions,
            .n_audio_state = n_heads * d,
            .n_text_state = n_heads * d,
            .n_text_head = n_heads};
  }

  /// W x + b of each position; W has 2D rows.
  static std::vector<double> truth(const model::Dims& dims, const std::vector<float>& x,
                                   const LinearParameters& linear) {
    std::vector<double> y;
    const auto width = static_cast<std::size_t>(dims.n_audio_state);
    for (std::size_t t = 0; t < x.size(); t += width) {
      for (std::size_t n = 0; n < 2 * width; ++n) {
        double sum = linear.bias[n];
        for (std::size_t i = 0; i < width; ++i) {
          sum += double{x[t + i]} * linear.weight[n * width + i];
        }
        y.push_back(sum);
      }
    }
    return y;
  }

  /// Features that have much in common, as those of a window do.
  static std::vector<float> features(const model::Dims& dims) {
    const auto width = static_cast<std::size_t>(dims.n_audio_state);
    const std::vector<float> common = normal_numbers(width, 1);
    std::vector<float> x = normal_numbers(static_cast<std::size_t>(dims.n_audio_ctx) * width, 2);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] += 2 * common[i % width];
    return x;
  }

  static LinearParameters parameters(const model::Dims& dims) {
    const auto width = static_cast<std::size_t>(dims.n_audio_state);
    return {.weight = normal_numbers(2 * width * width, 3), .bias = normal_numbers(2 * width, 4)};
  }

  /// The sum of all positions.
  static std::vector<double> sum_of_rows(const auto& rows, std::size_t width) {
    std::vector<double> sum(width);
    for (std::size_t i = 0; i < rows.size(); ++i) sum[i % width] += rows[i];
    return sum;
  }

  ThreadPool pool_{3};
  PackedWeights weights_;
  const Place place_{{{kernels_for(GetParam()), pool_, weights_}, gemv_int8_for(GetParam())},
                     {int8_kernels_for(GetParam()), pool_, weights_}};
};

TEST_P(Int8WindowTest, ProjectsAllPositionsAndTheirMeanMoreExactly) {
  for (const model::Dims& d : {dims(1, 1, 4), dims(77, 3, 12), dims(130, 3, 64)}) {
    SCOPED_TRACE(::testing::Message() << d.n_audio_ctx << " × " << d.n_audio_state);
    const std::vector<float> x = features(d);
    const LinearParameters linear = parameters(d);
    const std::vector<double> expected = truth(d, x, linear);
    Int8Window window(place_, d);
    const Int8Projection projection(place_, linear, d);
    window.set(x.data());
    Arena arena;
    FloatKeyValues cache(place_, place_.gemv, arena, d.n_audio_ctx,
                         {.n_heads = d.n_text_head, .d = d.n_text_state / d.n_text_head});
    window.project(cache, projection);
    const int width = 2 * d.n_text_state;
    std::vector<float> actual(expected.size());
    from_blocks(place_, actual.data(), width, cache.data(), d.n_audio_ctx, width);
    EXPECT_LT(relative_l2(actual, expected), 0.012);
    if (d.n_audio_ctx == 1) continue;
    const auto row = static_cast<std::size_t>(width);
    EXPECT_LT(relative_l2(sum_of_rows(actual, row), sum_of_rows(expected, row)), 0.0015);
  }
}

TEST_P(Int8WindowTest, TheCacheOfIntegersHoldsWhatThatOfFloatsDoes) {
  for (const model::Dims& d : {dims(1, 1, 4), dims(77, 3, 12), dims(130, 3, 64)}) {
    SCOPED_TRACE(::testing::Message() << d.n_audio_ctx << " × " << d.n_audio_state);
    const HeadSizes sizes{.n_heads = d.n_text_head, .d = d.n_text_state / d.n_text_head};
    const int width = 2 * d.n_text_state;
    Arena arena;
    FloatKeyValues floats(place_, place_.gemv, arena, d.n_audio_ctx, sizes);
    Int8KeyValues integers(place_, place_.gemv, arena, d.n_audio_ctx, sizes),
        one_by_one(place_, place_.gemv, arena, d.n_audio_ctx, sizes);
    Int8Window window(place_, d);
    const Int8Projection projection(place_, parameters(d), d);
    const std::vector<float> x = features(d), other(x.size(), 1.0f);
    window.set(other.data());  // leaves nothing behind
    window.project(integers, projection);
    window.set(x.data());
    window.project(floats, projection);
    window.project(integers, projection);
    std::vector<float> rows(static_cast<std::size_t>(width * d.n_audio_ctx));
    from_blocks(place_, rows.data(), width, floats.data(), d.n_audio_ctx, width);
    for (int t = 0; t < d.n_audio_ctx; ++t) one_by_one.set(t, rows.data() + t * width);
    const std::vector<float> q = normal_numbers(static_cast<std::size_t>(d.n_text_state), 5);
    std::vector<float> scratch(integers.attend_scratch(d.n_audio_ctx)), expected(q.size()),
        actual(q.size());
    for (int head = 0; head < d.n_text_head; ++head) {
      one_by_one.attend(expected.data(), q.data(), d.n_audio_ctx, head, scratch.data());
      integers.attend(actual.data(), q.data(), d.n_audio_ctx, head, scratch.data());
    }
    EXPECT_EQ(actual, expected);
  }
}

INSTANTIATE_TEST_SUITE_P(Isa, Int8WindowTest, ::testing::ValuesIn(available_isas()),
                         testing::isa_name);

}  // namespace
}  // namespace sotto::cpu
