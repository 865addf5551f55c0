#include "engine/transcriber.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "base/interrupt.h"
#include "base/testing.h"
#include "engine/testing.h"

namespace sotto::engine {
namespace {

using sotto::testing::message_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kWord;
using testing::ScriptedWindow;
using ::testing::SizeIs;

constexpr int kSamplesPerFrame = 160;

/// What one run of the transcriber did.
struct Trace {
  Result result;
  std::vector<std::vector<int>> initial_tokens;
  std::vector<double> means;  // of the windows that the encoder was given
  std::vector<std::string> shown;
  std::vector<std::pair<int, int>> progress;
  std::vector<int> detected;
};

class TranscriberTest : public ::testing::Test {
 protected:
  explicit TranscriberTest(bool multilingual = false)
      : tokenizer_(testing::make_tokenizer(multilingual)) {}

  int timestamp(int index) const { return special_.timestamp_begin + index; }

  /// <|begin|> word <|end|> <|end|>
  std::vector<testing::Logits> phrase(int begin, int word, int end) const {
    return {{{timestamp(begin), 20.0f}},
            {{word, 20.0f}},
            {{timestamp(end), 20.0f}},
            {{timestamp(end), 20.0f}}};
  }

  Trace transcribe(std::vector<ScriptedWindow> windows, int frames,
                   const TranscribeOptions& options = {}, testing::Logits language_logits = {}) {
    const model::Dims dims = testing::make_dims(tokenizer_);
    const int sot_length = (tokenizer_.multilingual() ? 3 : 1) + options.rules.without_timestamps;
    testing::FakeEncoder encoder(dims);
    testing::ScriptedDecoder decoder(dims, special_, sot_length, std::move(windows),
                                     std::move(language_logits));
    Transcriber transcriber(tokenizer_, {}, encoder, decoder, Isa::portable, nullptr);
    Trace trace;
    TranscribeEvents events;
    events.on_segment = [&](const Segment& segment) { trace.shown.push_back(segment.text); };
    events.on_progress = [&](int done, int all) { trace.progress.emplace_back(done, all); };
    events.on_language = [&](const DetectedLanguage& it) { trace.detected.push_back(it.index); };
    const std::vector<float> samples(static_cast<std::size_t>(frames * kSamplesPerFrame), 0.0f);
    trace.result = transcriber.transcribe(samples, options, events);
    trace.initial_tokens = decoder.initial_tokens;
    trace.means = encoder.means;
    return trace;
  }

  model::Tokenizer tokenizer_;
  const model::SpecialTokens& special_ = tokenizer_.special();
};

class MultilingualTranscriberTest : public TranscriberTest {
 protected:
  MultilingualTranscriberTest() : TranscriberTest(true) {}
};

TEST_F(TranscriberTest, WindowsFollowTheTimestampsAndThePromptTheText) {
  const Trace r =
      transcribe({{.steps = phrase(0, kWord, 1000)}, {.steps = phrase(50, kWord + 1, 500)}}, 2600);
  ASSERT_THAT(r.result.segments, SizeIs(2));
  EXPECT_EQ(r.result.segments[0].id, 0);
  EXPECT_EQ(r.result.segments[0].end, 20.0);
  EXPECT_EQ(r.result.segments[1].id, 1);
  EXPECT_EQ(r.result.segments[1].seek, 2000);
  EXPECT_EQ(r.result.segments[1].start, 21.0);
  EXPECT_EQ(r.result.segments[1].end, 30.0);
  EXPECT_EQ(r.result.text, " a b");
  EXPECT_EQ(r.result.language, "en");
  EXPECT_THAT(r.initial_tokens, ElementsAre(ElementsAre(special_.sot),
                                            ElementsAre(special_.sot_prev, timestamp(0), kWord,
                                                        timestamp(1000), special_.sot)));
  EXPECT_THAT(r.shown, ElementsAre(" a", " b"));
  EXPECT_THAT(r.progress, ElementsAre(std::pair(2000, 2600), std::pair(2600, 2600)));
}

// Silence is log-mel −1.5 in every frame; what lies behind the end of the recording is 0.
TEST_F(TranscriberTest, TheLastWindowIsFilledWithZeros) {
  const Trace r = transcribe({}, 3300);
  ASSERT_THAT(r.means, SizeIs(2));
  EXPECT_NEAR(r.means[0], -1.5, 1e-6);
  EXPECT_NEAR(r.means[1], -1.5 * 300 / 3000, 1e-6);
}

TEST_F(TranscriberTest, SilentWindowsAreSkipped) {
  const Trace r =
      transcribe({{.no_speech_logit = 30, .steps = {}}, {.steps = phrase(0, kWord, 100)}}, 3100);
  ASSERT_THAT(r.result.segments, SizeIs(1));
  EXPECT_EQ(r.result.segments[0].seek, 3000);
  EXPECT_THAT(r.progress, ElementsAre(std::pair(3000, 3100), std::pair(3100, 3100)));
}

// The scripted words come with a probability of nearly 1, the first timestamp too.
TEST_F(TranscriberTest, ASureTextIsKeptDespiteTheNoSpeechProbability) {
  const std::vector<ScriptedWindow> windows = {
      {.no_speech_logit = 20, .steps = phrase(0, kWord, 1500)}};
  // The step after <|sot|> is written in the same row of logits as <|nospeech|>.
  EXPECT_THAT(transcribe(windows, 3000, {.no_speech_threshold = 0.3}).result.segments, SizeIs(1));
  EXPECT_THAT(transcribe(windows, 3000, {.no_speech_threshold = 0.3, .logprob_threshold = 0.0})
                  .result.segments,
              IsEmpty());
  EXPECT_THAT(
      transcribe(windows, 3000, {.no_speech_threshold = 0.3, .logprob_threshold = std::nullopt})
          .result.segments,
      IsEmpty());
  EXPECT_THAT(
      transcribe(windows, 3000, {.no_speech_threshold = std::nullopt, .logprob_threshold = 0.0})
          .result.segments,
      SizeIs(1));
}

TEST_F(TranscriberTest, ASilentWindowLeavesThePromptAlone) {
  const Trace r = transcribe({{.steps = phrase(0, kWord, 1500)},
                              {.no_speech_logit = 30, .steps = {}},
                              {.steps = phrase(0, kWord + 1, 1500)}},
                             9000);
  ASSERT_THAT(r.initial_tokens, SizeIs(3));
  EXPECT_EQ(r.initial_tokens[1], r.initial_tokens[2]);
  EXPECT_THAT(r.initial_tokens[2], SizeIs(5));
}

TEST_F(TranscriberTest, WithoutConditioningEveryWindowStartsAfresh) {
  const Trace r =
      transcribe({{.steps = phrase(0, kWord, 1500)}, {.steps = phrase(0, kWord + 1, 1500)}}, 6000,
                 {.condition_on_previous_text = false});
  EXPECT_THAT(r.initial_tokens, ElementsAre(ElementsAre(special_.sot), ElementsAre(special_.sot)));
  EXPECT_EQ(r.result.text, " a b");
}

TEST_F(TranscriberTest, TheInitialPromptStandsBeforeTheFirstWindowAndNotInTheText) {
  const std::vector<ScriptedWindow> windows = {{.steps = phrase(0, kWord, 1500)},
                                               {.steps = phrase(0, kWord + 1, 1500)}};
  Trace r = transcribe(windows, 6000, {.initial_prompt = "  z \n"});
  EXPECT_THAT(r.initial_tokens,
              ElementsAre(ElementsAre(special_.sot_prev, kWord + 25, special_.sot),
                          ElementsAre(special_.sot_prev, kWord + 25, timestamp(0), kWord,
                                      timestamp(1500), special_.sot)));
  EXPECT_EQ(r.result.text, " a b");

  r = transcribe(windows, 6000, {.initial_prompt = "z", .condition_on_previous_text = false});
  EXPECT_THAT(r.initial_tokens,
              ElementsAre(ElementsAre(special_.sot_prev, kWord + 25, special_.sot),
                          ElementsAre(special_.sot)));
}

TEST_F(TranscriberTest, AnEmptyInitialPromptIsABlank) {
  EXPECT_THAT(transcribe({}, 100, {.initial_prompt = ""}).initial_tokens,
              ElementsAre(ElementsAre(special_.sot_prev, int{' '}, special_.sot)));
}

TEST_F(TranscriberTest, BlankSegmentsAreShownThenCleared) {
  std::vector<testing::Logits> steps = phrase(0, kWord, 100);
  steps.push_back({{int{'\t'}, 20.0f}});
  steps.push_back({{timestamp(200), 20.0f}});
  const Trace r = transcribe({{.steps = steps}}, 3000);
  EXPECT_THAT(r.shown, ElementsAre(" a", "\t"));
  ASSERT_THAT(r.result.segments, SizeIs(2));
  EXPECT_TRUE(r.result.segments[1].cleared());
  EXPECT_EQ(r.result.segments[1].start, 2.0);
  EXPECT_EQ(r.result.segments[1].end, 4.0);
  EXPECT_EQ(r.result.text, " a");
}

TEST_F(TranscriberTest, LessThanAFrameIsAnEmptyResult) {
  const model::Dims dims = testing::make_dims(tokenizer_);
  testing::FakeEncoder encoder(dims);
  testing::ScriptedDecoder decoder(dims, special_, 1, {});
  Transcriber transcriber(tokenizer_, {}, encoder, decoder, Isa::portable, nullptr);
  for (const std::size_t size : {0u, 1u, 159u}) {
    const Result result = transcriber.transcribe(std::vector<float>(size, 0.5f), {});
    EXPECT_EQ(result.text, "");
    EXPECT_THAT(result.segments, IsEmpty());
    EXPECT_EQ(result.language, "en");
  }
  EXPECT_THAT(encoder.means, IsEmpty());
  EXPECT_THAT(transcriber.transcribe(std::vector<float>(160, 0.5f), {}).segments, SizeIs(1));
}

TEST_F(TranscriberTest, AnEnglishOnlyModelWritesEnglishWhateverIsAsked) {
  const Trace r = transcribe({{.steps = phrase(0, kWord, 1500)}}, 3000,
                             {.task = Task::translate, .language = model::find_language("de")});
  EXPECT_EQ(r.result.language, "en");
  EXPECT_THAT(r.initial_tokens, ElementsAre(ElementsAre(special_.sot)));
  EXPECT_THAT(r.detected, IsEmpty());
}

TEST_F(TranscriberTest, WithoutTimestampsTheWindowIsOneSegment) {
  TranscribeOptions options;
  options.rules.without_timestamps = true;
  const Trace r = transcribe({{.steps = {{{kWord, 20.0f}}, {{kWord + 1, 20.0f}}}}}, 500, options);
  EXPECT_THAT(r.initial_tokens, ElementsAre(ElementsAre(special_.sot, special_.no_timestamps)));
  ASSERT_THAT(r.result.segments, SizeIs(1));
  EXPECT_EQ(r.result.segments[0].text, " a b");
  EXPECT_EQ(r.result.segments[0].end, 5.0);
}

TEST_F(MultilingualTranscriberTest, TheLanguageIsDetectedOnTheFirstThirtySeconds) {
  const Trace r =
      transcribe({{.steps = phrase(0, kWord, 50)}}, 100, {}, {{special_.language[3], 5.0f}});
  EXPECT_EQ(r.result.language, "es");
  EXPECT_THAT(r.detected, ElementsAre(3));
  EXPECT_THAT(r.initial_tokens,
              ElementsAre(ElementsAre(special_.sot),
                          ElementsAre(special_.sot, special_.language[3], special_.transcribe)));
  // It hears the spectrogram of the silence behind the recording, the loop does not.
  ASSERT_THAT(r.means, SizeIs(2));
  EXPECT_NEAR(r.means[0], -1.5, 1e-6);
  EXPECT_NEAR(r.means[1], -1.5 * 100 / 3000, 1e-6);
}

// The first window is then what the language was detected on: it is encoded once, and decoded from
// its beginning.
TEST_F(MultilingualTranscriberTest, AWholeFirstWindowIsEncodedOnce) {
  const Trace r =
      transcribe({{.steps = phrase(0, kWord, 1500)}, {.steps = phrase(0, kWord + 1, 50)}}, 3100, {},
                 {{special_.language[3], 5.0f}});
  ASSERT_THAT(r.means, SizeIs(2));
  EXPECT_NEAR(r.means[0], -1.5, 1e-6);
  EXPECT_NEAR(r.means[1], -1.5 * 100 / 3000, 1e-6);
  EXPECT_EQ(r.result.text, " a b");
  ASSERT_THAT(r.initial_tokens, SizeIs(3));
  EXPECT_THAT(r.initial_tokens[0], ElementsAre(special_.sot));
  EXPECT_THAT(r.initial_tokens[1],
              ElementsAre(special_.sot, special_.language[3], special_.transcribe));

  EXPECT_THAT(transcribe({}, 3000).means, SizeIs(1));
  EXPECT_THAT(transcribe({}, 2999).means, SizeIs(2));
}

TEST_F(MultilingualTranscriberTest, EveryRecordingIsEncodedAnew) {
  const model::Dims dims = testing::make_dims(tokenizer_);
  testing::FakeEncoder encoder(dims);
  testing::ScriptedDecoder decoder(dims, special_, 3, {});
  Transcriber transcriber(tokenizer_, {}, encoder, decoder, Isa::portable, nullptr);
  const std::vector<float> window(kSamplesPerFrame * 3000);
  for (const std::size_t n_encoded : {1u, 2u}) {
    transcriber.transcribe(window, {});
    EXPECT_THAT(encoder.means, SizeIs(n_encoded));
  }
}

TEST_F(MultilingualTranscriberTest, LanguageAndTaskAreTakenAsGiven) {
  const Trace r =
      transcribe({}, 100, {.task = Task::translate, .language = model::find_language("German")});
  EXPECT_EQ(r.result.language, "de");
  EXPECT_THAT(r.initial_tokens,
              ElementsAre(ElementsAre(special_.sot, special_.language[2], special_.translate)));
  EXPECT_THAT(r.detected, IsEmpty());
}

TEST_F(MultilingualTranscriberTest, ALanguageThatTheModelDoesNotKnowIsRefused) {
  const TranscribeOptions cantonese{.language = model::find_language("yue")};
  EXPECT_EQ(message_of(ErrorKind::usage, [&] { transcribe({}, 100, cantonese); }),
            "the model does not know the language Cantonese: it knows the first 99 of Whisper's "
            "languages");
}

TEST_F(TranscriberTest, WhatAnEventThrowsEndsTheTranscription) {
  const model::Dims dims = testing::make_dims(tokenizer_);
  testing::FakeEncoder encoder(dims);
  testing::ScriptedDecoder decoder(dims, special_, 1, {});
  Transcriber transcriber(tokenizer_, {}, encoder, decoder, Isa::portable, nullptr);
  TranscribeEvents events;
  events.on_segment = [](const Segment&) { fail(ErrorKind::io, "enough"); };
  const std::vector<float> samples(kSamplesPerFrame * 9000);
  EXPECT_EQ(message_of(ErrorKind::io, [&] { transcriber.transcribe(samples, {}, events); }),
            "enough");
  EXPECT_THAT(encoder.means, SizeIs(1));
}

TEST_F(TranscriberTest, ModelAndTokenizerMustBelongTogether) {
  model::Dims dims = testing::make_dims(tokenizer_);
  --dims.n_vocab;
  testing::FakeEncoder encoder(dims);
  testing::ScriptedDecoder decoder(dims, special_, 1, {});
  EXPECT_THAT(
      message_of(ErrorKind::model,
                 [&] { Transcriber(tokenizer_, {}, encoder, decoder, Isa::portable, nullptr); }),
      HasSubstr(concat("the model knows ", dims.n_vocab, " tokens, and its tokenizer ")));
}

// In a process of its own, because the flag stays up.
TEST_F(TranscriberTest, AnInterruptEndsTheTranscription) {
  EXPECT_EXIT(
      {
        catch_interrupts();
        std::raise(SIGINT);
        try {
          transcribe({}, 100);
        } catch (const Error& error) {
          std::exit(error.kind() == ErrorKind::interrupted ? 42 : 1);
        }
        std::exit(0);
      },
      ::testing::ExitedWithCode(42), "");
}

}  // namespace
}  // namespace sotto::engine
