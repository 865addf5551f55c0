#include "engine/search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/testing.h"
#include "engine/testing.h"

namespace sotto::engine {
namespace {

using sotto::testing::message_of;
using ::testing::ElementsAre;
using testing::kWord;
using ::testing::SizeIs;

class SearchTest : public ::testing::Test {
 protected:
  int timestamp(int index) const { return special_.timestamp_begin + index; }

  DecodingResult decode(std::vector<testing::ScriptedWindow> windows,
                        const std::vector<int>& prompt = {}, const RuleOptions& options = {}) {
    const std::vector<int> sot = {special_.sot, special_.language[0], special_.transcribe};
    testing::ScriptedDecoder decoder(dims_, special_, 3, std::move(windows));
    return decode_window(decoder, tokenizer_, TokenRules(tokenizer_, {}, options),
                         make_initial_tokens(special_, prompt, sot, dims_.n_text_ctx));
  }

  model::Tokenizer tokenizer_ = testing::make_tokenizer(true);
  const model::SpecialTokens& special_ = tokenizer_.special();
  model::Dims dims_ = testing::make_dims(tokenizer_);
};

TEST_F(SearchTest, WithoutAPromptTheSequenceBeginsWithSot) {
  const std::vector<int> sot = {special_.sot, special_.language[0], special_.transcribe};
  const InitialTokens initial = make_initial_tokens(special_, {}, sot, 448);
  EXPECT_EQ(initial.tokens, sot);
  EXPECT_EQ(initial.sot_index, 0);
}

TEST_F(SearchTest, APromptIsCutToItsLast223Tokens) {
  std::vector<int> prompt(300);
  std::iota(prompt.begin(), prompt.end(), 0);
  const InitialTokens initial =
      make_initial_tokens(special_, prompt, std::vector{special_.sot}, 448);
  EXPECT_THAT(initial.tokens, SizeIs(1 + 223 + 1));
  EXPECT_EQ(initial.tokens.front(), special_.sot_prev);
  EXPECT_EQ(initial.tokens[1], 300 - 223);
  EXPECT_EQ(initial.sot_index, 224);
  EXPECT_EQ(initial.tokens.back(), special_.sot);
}

TEST_F(SearchTest, EndsAtTheLargestNumberOfTokens) {
  const auto tokens_of = [&](int sample_len) {
    RuleOptions options;
    options.sample_len = sample_len;
    return decode({{.steps = {{{timestamp(0), 9}}, {{kWord, 20}}, {{timestamp(80), 20}}}}}, {},
                  options)
        .tokens;
  };
  EXPECT_THAT(tokens_of(1), ElementsAre(timestamp(0)));
  EXPECT_THAT(tokens_of(2), ElementsAre(timestamp(0), kWord));
  EXPECT_THAT(tokens_of(30), ElementsAre(timestamp(0), kWord, timestamp(80)));
}

TEST_F(SearchTest, TakesTheLikeliestTokensUntilTheEnd) {
  const DecodingResult result =
      decode({{.steps = {{{timestamp(0), 9}}, {{kWord, 20}}, {{timestamp(80), 20}}}}});
  EXPECT_THAT(result.tokens, ElementsAre(timestamp(0), kWord, timestamp(80)));
  EXPECT_EQ(result.temperature, 0.0);
}

// Step 0 leaves 51 timestamps, one of them at logit 9; step 1 leaves the other tokens at 0 beside
// the word at 20, and the end comes with 20 as well.
TEST_F(SearchTest, AveragesLogProbabilitiesWithTheEndOverTokensPlusOne) {
  const DecodingResult result = decode({{.steps = {{{timestamp(0), 9}}, {{kWord, 20}}}}});
  const double first = 9 - std::log(std::exp(9.0) + 50);
  EXPECT_THAT(result.tokens, SizeIs(2));
  EXPECT_NEAR(result.avg_logprob, first / 3, 1e-5);
}

TEST_F(SearchTest, TheNoSpeechProbabilityIsTakenAtSotBeforeTheRules) {
  const DecodingResult result = decode({{.no_speech_logit = 8, .steps = {}}}, {kWord});
  EXPECT_NEAR(result.no_speech_prob, std::exp(8.0) / (std::exp(8.0) + dims_.n_vocab - 1), 1e-6);
}

TEST_F(SearchTest, TheCompressionRatioIsThatOfTheStrippedText) {
  EXPECT_EQ(decode({{.steps = {{{timestamp(0), 9}}, {{kWord, 20}}}}}).compression_ratio, 1 / 9.0);
}

TEST_F(SearchTest, StopsAfterHalfTheContext) {
  std::vector<testing::Logits> steps(400, {{kWord, 20.0f}});
  steps[0] = {{timestamp(0), 9.0f}};
  EXPECT_THAT(decode({{.steps = steps}}).tokens, SizeIs(224));
}

TEST_F(SearchTest, StopsWhenTheContextIsFull) {
  std::vector<testing::Logits> steps(400, {{kWord, 20.0f}});
  steps[0] = {{timestamp(0), 9.0f}};
  // 1 + 223 + 3 tokens before; sampling ends with the 449th.
  EXPECT_THAT(decode({{.steps = steps}}, std::vector<int>(300, kWord)).tokens, SizeIs(222));
}

// Rows that stand for no token have the highest logit at every step: they are not chosen, and no
// probability is theirs.
TEST_F(SearchTest, PaddingOfTheVocabularyChangesNothing) {
  for (const bool without_timestamps : {false, true}) {
    const TokenRules rules(tokenizer_, {}, {.without_timestamps = without_timestamps});
    const InitialTokens initial = make_initial_tokens(special_, {}, std::vector{special_.sot}, 448);
    const auto decode_with = [&](int padding, const testing::Logits& always) {
      model::Dims dims = dims_;
      dims.n_vocab += padding;
      std::vector<testing::Logits> steps = {
          {{timestamp(0), 9}}, {{kWord, 20}}, {{timestamp(80), 20}}, {{special_.eot, 20}}};
      for (testing::Logits& step : steps) step.insert(step.end(), always.begin(), always.end());
      testing::ScriptedDecoder decoder(dims, special_, 1, {{.no_speech_logit = 8, .steps = steps}});
      return decode_window(decoder, tokenizer_, rules, initial);
    };
    const int n_tokens = special_.n_tokens();
    const DecodingResult plain = decode_with(0, {});
    const DecodingResult padded = decode_with(2, {{n_tokens, 30.0f}, {n_tokens + 1, 30.0f}});
    EXPECT_THAT(plain.tokens, ElementsAre(timestamp(0), kWord, timestamp(80)));
    EXPECT_EQ(padded.tokens, plain.tokens);
    EXPECT_EQ(padded.avg_logprob, plain.avg_logprob);
    EXPECT_EQ(padded.no_speech_prob, plain.no_speech_prob);
  }
}

TEST_F(SearchTest, SuppressingEveryTokenIsAnErrorThatSaysSo) {
  std::vector<int> all(static_cast<std::size_t>(dims_.n_vocab));
  std::iota(all.begin(), all.end(), 0);
  testing::ScriptedDecoder decoder(dims_, special_, 1, {{}});
  const InitialTokens initial = make_initial_tokens(special_, {}, std::vector{special_.sot}, 448);
  const TokenRules rules(tokenizer_, {}, {.suppress_tokens = all});
  EXPECT_THAT(
      message_of(ErrorKind::model, [&] { decode_window(decoder, tokenizer_, rules, initial); }),
      ::testing::HasSubstr("no token is left to choose from"));
}

TEST_F(SearchTest, OutputThatIsNotANumberIsAnError) {
  EXPECT_THAT(message_of(ErrorKind::model,
                         [&] {
                           decode({{.steps = {{{timestamp(0), std::nanf("")}}}}});
                         }),
              ::testing::HasSubstr("the decoder's output is not a finite number"));
}

}  // namespace
}  // namespace sotto::engine
