#include "cpu/decoder.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "cpu/cpu_testing.h"
#include "cpu/encoder.h"
#include "cpu/reference.h"
#include "model/golden_testing.h"
#include "model/testing.h"

namespace sotto::cpu {
namespace {

using testing::kOddDims;
using testing::normal_numbers;
using testing::relative_l2;

const std::vector<int> kTokens = {100, 0, 7, 7, 99, 31, 32, 33, 1, 2, 3, 4, 50, 60, 70, 80, 90, 5};

std::vector<float> features(std::uint32_t seed = 1) {
  return normal_numbers(77 * 36, seed);
}

class DecoderTest : public ::testing::TestWithParam<Isa> {
 protected:
  std::unique_ptr<model::Decoder> decoder(ThreadPool& pool) {
    return make_decoder(kOddDims, weights_, GetParam(), model::ComputeType::float32, pool);
  }

  std::vector<double> truth(const std::vector<float>& features, std::span<const int> tokens) {
    const std::vector<double> source(features.begin(), features.end());
    return reference_decode<double>(kOddDims, weights_, source, tokens, pool_);
  }

  const model::Weights weights_ = model::testing::seeded_weights(kOddDims, 8);
  ThreadPool pool_{2};
};

TEST_P(DecoderTest, PromptAtOnceAgreesWithTheReference) {
  const auto engine = decoder(pool_);
  engine->start(features());
  const auto logits = engine->append(kTokens, static_cast<int>(kTokens.size()));
  EXPECT_LT(relative_l2(logits, truth(features(), kTokens)), 1e-6);
  EXPECT_EQ(engine->size(), static_cast<int>(kTokens.size()));
}

TEST_P(DecoderTest, StepByStepAgreesWithTheReference) {
  const auto engine = decoder(pool_);
  engine->start(features());
  std::vector<float> logits;
  for (const int token : kTokens) {
    const auto row = engine->append({&token, 1}, 1);
    logits.insert(logits.end(), row.begin(), row.end());
  }
  EXPECT_LT(relative_l2(logits, truth(features(), kTokens)), 1e-6);
}

TEST_P(DecoderTest, GivesTheLastRowsOnly) {
  const auto engine = decoder(pool_);
  engine->start(features());
  engine->append(std::span(kTokens).first(5), 1);
  const auto logits = engine->append(std::span(kTokens).subspan(5), 3);
  const std::vector<double> all = truth(features(), kTokens);
  EXPECT_LT(relative_l2(logits, std::vector<double>(all.end() - 3 * kOddDims.n_vocab, all.end())),
            1e-6);
}

TEST_P(DecoderTest, RewindForgetsTheTokensAndKeepsTheWindow) {
  const auto engine = decoder(pool_);
  engine->start(features());
  engine->append(std::vector<int>(41, 3), 1);
  engine->rewind();
  EXPECT_EQ(engine->size(), 0);
  const auto logits = engine->append(kTokens, static_cast<int>(kTokens.size()));
  EXPECT_LT(relative_l2(logits, truth(features(), kTokens)), 1e-6);
}

TEST_P(DecoderTest, StartForgetsTheWindowToo) {
  const auto engine = decoder(pool_);
  engine->start(features(1));
  engine->append(kTokens, 1);
  engine->start(features(2));
  const auto logits = engine->append(kTokens, static_cast<int>(kTokens.size()));
  EXPECT_LT(relative_l2(logits, truth(features(2), kTokens)), 1e-6);
}

TEST_P(DecoderTest, ThreadsDoNotChangeABit) {
  ThreadPool one(1), three(3);
  const auto first = decoder(one), second = decoder(three);
  for (model::Decoder* engine : {first.get(), second.get()}) engine->start(features());
  for (const std::size_t n : {4u, 1u, 13u}) {
    const auto tokens = std::span(kTokens).subspan(static_cast<std::size_t>(first->size()), n);
    const auto a = first->append(tokens, 1), b = second->append(tokens, 1);
    EXPECT_TRUE(std::equal(a.begin(), a.end(), b.begin(), b.end())) << n << " tokens";
  }
}

TEST_P(DecoderTest, FillsTheWholeContextAndNoMore) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto engine = decoder(pool_);
  engine->start(features());
  const std::vector<int> tokens(41, 3);
  EXPECT_LT(relative_l2(engine->append(tokens, 41), truth(features(), tokens)), 1e-6);
  EXPECT_DEATH(engine->append(std::span(tokens).first(1), 1), "n_text_ctx");
}

TEST_P(DecoderTest, AgreesWithOpenaiWhisper) {
  for (const char* name : {"seeded_multilingual.json", "seeded_english.json"}) {
    const model::testing::GoldenModel golden(name);
    ThreadPool pool;
    constexpr auto kType = model::ComputeType::float32;
    std::vector<float> encoded(static_cast<std::size_t>(golden.dims.n_audio_ctx) *
                               static_cast<std::size_t>(golden.dims.n_audio_state));
    make_encoder(golden.dims, golden.weights, GetParam(), kType, pool)
        ->encode(golden.mel(), encoded);
    const auto engine = make_decoder(golden.dims, golden.weights, GetParam(), kType, pool);
    engine->start(encoded);
    const auto& expected = golden.json["decoder"];
    const auto tokens = expected["tokens"].get<std::vector<int>>();
    const auto ids = expected["ids"].get<std::vector<std::size_t>>();
    const auto logits = engine->append(tokens, static_cast<int>(tokens.size()));
    const auto n_vocab = static_cast<std::size_t>(golden.dims.n_vocab);
    ASSERT_EQ(expected["rows"].size(), tokens.size());
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      const auto row = logits.subspan(i * n_vocab, n_vocab);
      const auto& values = expected["rows"][i]["values"];
      for (std::size_t j = 0; j < ids.size(); ++j) {
        EXPECT_NEAR(row[ids[j]], values[j].get<double>(), 5e-5) << "row " << i << " id " << ids[j];
      }
      const auto top = std::max_element(row.begin(), row.end());
      EXPECT_EQ(top - row.begin(), expected["rows"][i]["argmax"].get<std::ptrdiff_t>());
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Isa, DecoderTest, ::testing::ValuesIn(available_isas()),
                         testing::isa_name);

TEST(DecoderDeathTest, MisuseIsABug) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const model::Weights weights = model::testing::seeded_weights(kOddDims, 8);
  ThreadPool pool(1);
  const auto engine =
      make_decoder(kOddDims, weights, Isa::portable, model::ComputeType::float32, pool);
  EXPECT_DEATH(engine->append(std::span(kTokens).first(1), 1), "started");
  engine->start(features());
  EXPECT_DEATH(engine->append({}, 1), "n >= 1");
  EXPECT_DEATH(engine->append(std::span(kTokens).first(1), 2), "n_rows");
  const int beyond = 101;
  EXPECT_DEATH(engine->append({&beyond, 1}, 1), "n_vocab");
}

}  // namespace
}  // namespace sotto::cpu
