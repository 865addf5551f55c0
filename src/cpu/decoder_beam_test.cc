// Sequences that go on from where another is, as the beams of a window do.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "cpu/cpu_testing.h"
#include "cpu/decoder.h"
#include "model/testing.h"

namespace sotto::cpu {
namespace {

using model::ComputeType;
using testing::kOddDims;

constexpr model::AllowedTokens kAllowed = {.ranges = {{{0, 70}, {70, 101}}}, .forbidden = {}};
// Past the first block of positions of every cache.
const std::vector<int> kStem = {100, 0, 7, 7, 99, 31, 32, 33, 1, 2, 3, 4, 50, 60, 70, 80, 90, 5};
const std::vector<int> kEndings[] = {{8, 9, 10}, {11, 12, 13}, {8, 14, 15}};

using Numbers = std::vector<float>;

Numbers window(std::uint32_t seed) {
  return testing::normal_numbers(77 * 36, seed);
}

class DecoderBeamTest : public ::testing::TestWithParam<testing::IsaAndType> {
 protected:
  std::unique_ptr<model::Decoder> decoder() {
    return make_decoder(kOddDims, weights_, std::get<0>(GetParam()), std::get<1>(GetParam()),
                        pool_);
  }

  /// The logits after a stem and each token of an ending, of a sequence of its own.
  static Numbers alone(const model::Decoder& any, std::uint32_t seed,
                       const std::vector<int>& ending) {
    const auto sequence = any.new_sequence();
    sequence->start(window(seed));
    sequence->append(kStem, 1);
    return logits(*sequence, ending);
  }
  static Numbers logits(model::Decoder& sequence, const std::vector<int>& tokens) {
    Numbers all;
    for (const int token : tokens) {
      const auto row = sequence.append({&token, 1}, 1);
      all.insert(all.end(), row.begin(), row.end());
    }
    return all;
  }

  const model::Weights weights_ = model::testing::seeded_weights(kOddDims, 8);
  ThreadPool pool_{2};
};

TEST_P(DecoderBeamTest, GoOnAsIfEachHadHeardTheWindowAlone) {
  const auto first = decoder();
  first->start(window(1));
  first->append(kStem, 1);
  const auto second = first->new_sequence(), third = first->new_sequence();
  second->continue_from(*first);
  third->continue_from(*second);
  EXPECT_EQ(third->size(), static_cast<int>(kStem.size()));
  // In turn, so that tokens of one would be seen by another that shared them.
  std::vector<Numbers> found(3);
  model::Decoder* const beams[] = {first.get(), second.get(), third.get()};
  for (std::size_t at = 0; at < kEndings[0].size(); ++at) {
    for (std::size_t beam = 0; beam < 3; ++beam) {
      const Numbers row = logits(*beams[beam], {kEndings[beam][at]});
      found[beam].insert(found[beam].end(), row.begin(), row.end());
    }
  }
  for (std::size_t beam = 0; beam < 3; ++beam) {
    EXPECT_EQ(found[beam], alone(*first, 1, kEndings[beam])) << "beam " << beam;
  }
}

TEST_P(DecoderBeamTest, StepTogetherToTheSameBits) {
  const auto first = decoder();
  first->start(window(1));
  first->append(kStem, 1);
  const auto second = first->new_sequence(), apart = first->new_sequence();
  second->continue_from(*first);
  apart->start(window(1));
  apart->append(kStem, 1);
  for (const int token : kEndings[0]) {
    model::Step together[] = {{.sequence = first.get(), .token = 3, .allowed = kAllowed},
                              {.sequence = second.get(), .token = token, .allowed = kAllowed}};
    first->step(together);
    model::Step one[] = {{.sequence = apart.get(), .token = token, .allowed = kAllowed}};
    apart->step(one);
    for (std::size_t range = 0; range < 2; ++range) {
      EXPECT_EQ(together[1].found[range].token, one[0].found[range].token);
      EXPECT_EQ(together[1].found[range].logit, one[0].found[range].logit);
      EXPECT_EQ(together[1].found[range].log_sum_exp, one[0].found[range].log_sum_exp);
    }
  }
}

TEST_P(DecoderBeamTest, ABeamTakesTheTokensOfAnotherOfFewer) {
  const auto first = decoder();
  first->start(window(1));
  const auto second = first->new_sequence();
  second->continue_from(*first);
  second->append(kStem, 1);
  second->append(kEndings[1], 1);
  first->append(kStem, 1);
  second->continue_from(*first);
  EXPECT_EQ(logits(*second, kEndings[0]), alone(*first, 1, kEndings[0]));
  first->continue_from(*first);
  EXPECT_EQ(logits(*first, kEndings[2]), alone(*first, 1, kEndings[2]));
}

TEST_P(DecoderBeamTest, AnotherWindowOfOneLeavesTheOthers) {
  auto first = decoder();
  first->start(window(1));
  const auto second = first->new_sequence();
  second->continue_from(*first);
  first->start(window(2));
  first->append(kStem, 1);
  second->append(kStem, 1);
  EXPECT_EQ(logits(*second, kEndings[0]), alone(*first, 1, kEndings[0]));
  EXPECT_EQ(logits(*first, kEndings[0]), alone(*first, 2, kEndings[0]));
  second->rewind();
  second->append(kStem, 1);
  first.reset();
  EXPECT_EQ(logits(*second, kEndings[1]), alone(*second, 1, kEndings[1]));
}

TEST_P(DecoderBeamTest, MisuseIsABug) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto first = decoder(), stranger = decoder();
  stranger->start(window(1));
  EXPECT_DEATH(first->continue_from(*stranger), "shared_");
  EXPECT_DEATH(first->continue_from(*first->new_sequence()), "started");
}

INSTANTIATE_TEST_SUITE_P(Types, DecoderBeamTest,
                         ::testing::Combine(::testing::ValuesIn(available_isas()),
                                            ::testing::ValuesIn(testing::kComputeTypes)),
                         testing::isa_and_type_name);

}  // namespace
}  // namespace sotto::cpu
