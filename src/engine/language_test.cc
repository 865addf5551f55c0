#include "engine/language.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "engine/testing.h"

namespace sotto::engine {
namespace {

TEST(DetectLanguage, TakesTheLikeliestLanguageTokenAfterSot) {
  const model::Tokenizer tokenizer = testing::make_tokenizer(true);
  const model::SpecialTokens& special = tokenizer.special();
  // A word is likelier than any language, and does not matter.
  testing::ScriptedDecoder decoder(
      testing::make_dims(tokenizer), special, 3, {},
      {{special.language[2], 5.0f}, {special.language[0], 4.0f}, {testing::kWord, 30.0f}});
  const DetectedLanguage detected = detect_language(decoder, tokenizer);
  EXPECT_EQ(detected.index, 2);
  EXPECT_NEAR(detected.probability, std::exp(5.0) / (std::exp(5.0) + std::exp(4.0) + 97), 1e-6);
  EXPECT_THAT(decoder.initial_tokens, ::testing::ElementsAre(::testing::ElementsAre(special.sot)));
}

}  // namespace
}  // namespace sotto::engine
