#include "engine/rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/testing.h"
#include "engine/testing.h"

namespace sotto::engine {
namespace {

using sotto::testing::message_of;
using ::testing::ElementsAre;
using ::testing::IsSupersetOf;
using testing::kWord;

const RuleOptions kWithoutTimestamps{.without_timestamps = true};
constexpr float kForbidden = -std::numeric_limits<float>::infinity();

/// Sets the logits of all tokens to −infinity that may not be sampled.
void apply_rules(const TokenRules& rules, std::vector<float>& logits,
                 const std::vector<int>& sampled) {
  const model::AllowedTokens allowed = rules.allowed(sampled);
  EXPECT_TRUE(std::ranges::is_sorted(allowed.forbidden));
  const auto found = model::find_likeliest(logits, allowed);
  const auto& [text, times] = allowed.ranges;
  for (int token = 0; token < static_cast<int>(logits.size()); ++token) {
    const bool in_text = token >= text.begin && token < text.end;
    const bool in_times = token >= times.begin && token < times.end;
    if (!(in_text && !rules.timestamp_is_due(found)) && !in_times) {
      logits[static_cast<std::size_t>(token)] = kForbidden;
    }
  }
  for (const int token : allowed.forbidden) logits[static_cast<std::size_t>(token)] = kForbidden;
}

class RulesTest : public ::testing::Test {
 protected:
  RulesTest() : logits_(static_cast<std::size_t>(special_.n_tokens()), 0.0f) {}

  int timestamp(int index) const { return special_.timestamp_begin + index; }
  float& logit(int token) { return logits_[static_cast<std::size_t>(token)]; }
  bool forbidden(int token) { return logit(token) == kForbidden; }
  void apply(const std::vector<int>& sampled) {
    apply_rules(TokenRules(tokenizer_, {}), logits_, sampled);
  }
  /// Makes text so likely that the sum over all timestamps does not win.
  void favour_text() { std::fill_n(logits_.begin(), special_.eot + 1, 10.0f); }

  model::Tokenizer tokenizer_ = testing::make_tokenizer(true);
  const model::SpecialTokens& special_ = tokenizer_.special();
  std::vector<float> logits_;
};

TEST_F(RulesTest, BeginsWithATimestampOfAtMostOneSecond) {
  favour_text();
  apply({});
  EXPECT_TRUE(forbidden(kWord));
  EXPECT_TRUE(forbidden(special_.eot));
  EXPECT_FALSE(forbidden(timestamp(0)));
  EXPECT_FALSE(forbidden(timestamp(50)));
  EXPECT_TRUE(forbidden(timestamp(51)));
}

TEST_F(RulesTest, TheModelsOwnLimitOfTheFirstTimestampWins) {
  model::GenerationConfig generation;
  generation.max_initial_timestamp_index = 3;
  apply_rules(TokenRules(tokenizer_, generation), logits_, {});
  EXPECT_FALSE(forbidden(timestamp(3)));
  EXPECT_TRUE(forbidden(timestamp(4)));
}

TEST_F(RulesTest, TextFollowsTheTimestampThatBeginsASegment) {
  favour_text();
  apply({timestamp(5)});
  EXPECT_FALSE(forbidden(kWord));
  EXPECT_FALSE(forbidden(special_.eot));
  EXPECT_TRUE(forbidden(timestamp(5)));
  EXPECT_TRUE(forbidden(timestamp(1500)));
}

TEST_F(RulesTest, TextFollowsTheSecondOfTwoTimestamps) {
  favour_text();
  apply({timestamp(5), kWord, timestamp(30), timestamp(30)});
  EXPECT_FALSE(forbidden(kWord));
  EXPECT_TRUE(forbidden(timestamp(31)));
}

TEST_F(RulesTest, ATimestampOrTheEndFollowsTheTimestampThatEndsASegment) {
  favour_text();
  logit(timestamp(30)) = 9;
  apply({timestamp(5), kWord, timestamp(30)});
  EXPECT_TRUE(forbidden(kWord));
  EXPECT_FALSE(forbidden(special_.eot));
  EXPECT_TRUE(forbidden(timestamp(29)));
  EXPECT_FALSE(forbidden(timestamp(30)));  // the next segment may begin where this one ends
}

TEST_F(RulesTest, ASegmentEndsLaterThanItBegins) {
  favour_text();
  apply({timestamp(5), kWord});
  EXPECT_FALSE(forbidden(kWord));
  EXPECT_TRUE(forbidden(timestamp(5)));
  EXPECT_FALSE(forbidden(timestamp(6)));
}

TEST_F(RulesTest, LikelyTimestampsSilenceText) {
  // 1494 timestamps are left: log(1494) = 7.309 …
  logit(kWord) = 7.30f;
  apply({timestamp(6), kWord});
  EXPECT_TRUE(forbidden(kWord));
  EXPECT_TRUE(forbidden(special_.eot));
  EXPECT_FALSE(forbidden(timestamp(7)));
}

TEST_F(RulesTest, TextThatIsLikelierThanAllTimestampsTogetherStays) {
  logit(kWord) = 7.32f;
  apply({timestamp(6), kWord});
  EXPECT_FALSE(forbidden(kWord));
  EXPECT_FALSE(forbidden(timestamp(7)));
}

TEST_F(RulesTest, NeverAsksForNoTimestamps) {
  favour_text();
  apply({timestamp(5)});
  EXPECT_TRUE(forbidden(special_.no_timestamps));
}

TEST_F(RulesTest, WithoutTimestampsOnlyTheListsAreLeft) {
  favour_text();
  apply_rules(TokenRules(tokenizer_, {}, kWithoutTimestamps), logits_, {});
  EXPECT_FALSE(forbidden(kWord));
  EXPECT_TRUE(forbidden(' '));
  EXPECT_TRUE(forbidden(special_.eot));
  EXPECT_FALSE(forbidden(timestamp(700)));
}

TEST_F(RulesTest, ByDefaultNonSpeechMarksAndStructuralTokensAreSuppressed) {
  const TokenRules rules(tokenizer_, {});
  EXPECT_THAT(rules.suppressed(), IsSupersetOf(tokenizer_.non_speech_tokens()));
  EXPECT_THAT(rules.suppressed(),
              IsSupersetOf({special_.transcribe, special_.translate, special_.sot,
                            special_.sot_prev, special_.sot_lm, special_.no_speech}));
  favour_text();
  apply_rules(rules, logits_, {timestamp(0)});
  EXPECT_TRUE(forbidden('['));
  EXPECT_TRUE(forbidden(special_.no_speech));
  EXPECT_FALSE(forbidden(special_.language[0]));  // as in openai/whisper
}

TEST_F(RulesTest, TheModelsOwnListsWin) {
  model::GenerationConfig generation;
  generation.suppress_tokens = {kWord};
  generation.begin_suppress_tokens = {kWord + 1};
  const TokenRules rules(tokenizer_, generation);
  EXPECT_THAT(rules.suppressed(),
              ElementsAre(kWord, special_.sot, special_.translate, special_.transcribe,
                          special_.sot_lm, special_.sot_prev, special_.no_speech));
  favour_text();
  apply_rules(TokenRules(tokenizer_, generation, kWithoutTimestamps), logits_, {});
  EXPECT_TRUE(forbidden(kWord));
  EXPECT_TRUE(forbidden(kWord + 1));
  EXPECT_FALSE(forbidden(' '));
  EXPECT_FALSE(forbidden(special_.eot));
}

TEST_F(RulesTest, TheUsersListWinsOverTheModels) {
  model::GenerationConfig generation;
  generation.suppress_tokens = {kWord};
  const TokenRules rules(tokenizer_, generation, {.suppress_tokens = std::vector{-1, kWord + 7}});
  EXPECT_THAT(rules.suppressed(), IsSupersetOf({int{'['}, kWord + 7, special_.sot}));
  EXPECT_THAT(rules.suppressed(), ::testing::Not(::testing::Contains(kWord)));
  EXPECT_TRUE(std::ranges::is_sorted(rules.suppressed()));
}

TEST_F(RulesTest, TokensThatDoNotExistCannotBeSuppressed) {
  const int n_tokens = special_.n_tokens();
  for (const int token : {-2, n_tokens}) {
    EXPECT_EQ(
        message_of(ErrorKind::usage,
                   [&] { TokenRules(tokenizer_, {}, {.suppress_tokens = std::vector{token}}); }),
        concat("cannot suppress token ", token, ": the model's tokens are 0 to ", n_tokens - 1));
  }
  EXPECT_NO_THROW(TokenRules(tokenizer_, {}, {.suppress_tokens = std::vector{n_tokens - 1}}));
}

TEST_F(RulesTest, AnEmptyListSuppressesNothing) {
  EXPECT_TRUE(
      TokenRules(tokenizer_, {}, {.suppress_tokens = std::vector<int>{}}).suppressed().empty());
}

}  // namespace
}  // namespace sotto::engine
