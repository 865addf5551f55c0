#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "base/testing.h"
#include "engine/cuts.h"
#include "engine/testing.h"
#include "engine/transcriber.h"

namespace sotto::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

/// The first feature is a number that stands for the whole window.
class HashEncoder final : public model::Encoder {
 public:
  /// A window that stands for `broken` is an error of that kind.
  explicit HashEncoder(const model::Dims& dims, float broken = -1,
                       ErrorKind kind = ErrorKind::model)
      : dims_(dims), broken_(broken), kind_(kind) {}
  void encode(const model::MelWindow& mel, std::span<float> features) override {
    std::uint32_t hash = 1;
    for (int band = 0; band < mel.n_mels; ++band) {
      for (int frame = 0; frame < mel.n_frames; frame += 7) {
        const float x = mel.data[band * mel.stride + frame];
        hash = (hash ^ static_cast<std::uint32_t>(static_cast<std::int32_t>(x * 1000))) * 16777619u;
      }
    }
    features[0] = static_cast<float>(hash % 100000);
    ++n_windows;
    if (features[0] == broken_) fail(kind_, "the window is broken");
  }
  const model::Dims& dims() const override { return dims_; }

  int n_windows = 0;

 private:
  model::Dims dims_;
  float broken_;
  ErrorKind kind_;
};

/// Logits that follow from the window and from all tokens before, and from nothing else.
class HashDecoder final : public model::Decoder {
 public:
  explicit HashDecoder(const model::Dims& dims, int* largest_batch, float damaged = -1)
      : dims_(dims), largest_batch_(largest_batch), damaged_(damaged) {}

  std::unique_ptr<model::Decoder> new_sequence() const override {
    return std::make_unique<HashDecoder>(dims_, largest_batch_, damaged_);
  }
  void start(std::span<const float> features) override {
    window_ = features[0];
    tokens_.clear();
  }
  void continue_from(const model::Decoder&) override { SOTTO_CHECK(false); }
  void rewind() override { tokens_.clear(); }
  std::span<const float> append(std::span<const int> tokens, int n_rows) override {
    tokens_.insert(tokens_.end(), tokens.begin(), tokens.end());
    std::seed_seq seed(tokens_.begin(), tokens_.end());
    std::mt19937 random(seed);
    random.discard(static_cast<unsigned long long>(window_) % 1000);
    const auto n_vocab = static_cast<std::size_t>(dims_.n_vocab);
    rows_.assign(n_vocab * static_cast<std::size_t>(n_rows), 0.0f);
    for (std::size_t row = 0; row < static_cast<std::size_t>(n_rows); ++row) {
      for (int i = 0; i < 300; ++i) {
        rows_[row * n_vocab + random() % n_vocab] = static_cast<float>(random() % 1000) * 0.015f;
      }
    }
    if (window_ == damaged_) rows_.back() = std::nanf("");
    return rows_;
  }
  void step(std::span<model::Step> steps) override {
    *largest_batch_ = std::max(*largest_batch_, static_cast<int>(steps.size()));
    model::Decoder::step(steps);
  }
  int size() const override { return static_cast<int>(tokens_.size()); }
  const model::Dims& dims() const override { return dims_; }

 private:
  model::Dims dims_;
  int* largest_batch_;
  float damaged_;
  float window_ = 0;
  std::vector<int> tokens_;
  std::vector<float> rows_;
};

std::vector<float> noise(int seconds, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<float> samples(static_cast<std::size_t>(seconds) * 16000 + seed * 777);
  for (float& x : samples) x = static_cast<float>(random() % 1000) * 1e-3f - 0.5f;
  return samples;
}

struct Heard {
  Result result;
  std::vector<std::string> shown;
  std::vector<std::pair<int, int>> progress;
  std::string error;

  bool operator==(const Heard& other) const {
    const auto same = [](const Segment& a, const Segment& b) {
      return a.id == b.id && a.seek == b.seek && a.start == b.start && a.end == b.end &&
             a.tokens == b.tokens && a.text == b.text && a.avg_logprob == b.avg_logprob &&
             a.no_speech_prob == b.no_speech_prob;
    };
    return result.text == other.result.text && result.language == other.result.language &&
           std::ranges::equal(result.segments, other.result.segments, same) &&
           shown == other.shown && progress == other.progress && error == other.error;
  }
};

class TogetherTest : public ::testing::Test {
 protected:
  std::vector<Heard> transcribe(const std::vector<std::vector<float>>& recordings, int batch_size,
                                const TranscribeOptions& options = {}, float damaged = -1) {
    HashEncoder encoder(dims_);
    return transcribe(recordings, batch_size, options, encoder, damaged);
  }

  std::vector<Heard> transcribe(const std::vector<std::vector<float>>& recordings, int batch_size,
                                const TranscribeOptions& options, HashEncoder& encoder,
                                float damaged = -1, ThreadPool* pool = nullptr) {
    HashDecoder decoder(dims_, &largest_batch_, damaged);
    largest_batch_ = 0;
    most_taken_ = 0;
    Transcriber transcriber(tokenizer_, {}, encoder, decoder, detect_isa(), pool);
    std::vector<Heard> heard(recordings.size());
    std::size_t given = 0;
    int taken = 0;
    transcriber.transcribe_together(
        [&]() -> std::optional<Recording> {
          if (given == recordings.size()) return std::nullopt;
          most_taken_ = std::max(most_taken_, ++taken);
          Heard& it = heard[given];
          Recording recording{.samples = recordings[given++],
                              .on_result =
                                  [&it, &taken](Result result) {
                                    it.result = std::move(result);
                                    --taken;
                                  },
                              .on_error =
                                  [&it, &taken](std::exception_ptr error) {
                                    --taken;
                                    try {
                                      std::rethrow_exception(error);
                                    } catch (const std::exception& reason) {
                                      it.error = reason.what();
                                    }
                                  }};
          recording.events.on_segment = [&it](const Segment& s) { it.shown.push_back(s.text); };
          recording.events.on_progress = [&it](int done, int all) {
            it.progress.emplace_back(done, all);
          };
          return recording;
        },
        options, batch_size);
    return heard;
  }

  model::Tokenizer tokenizer_ = testing::make_tokenizer(true);
  model::Dims dims_ = testing::make_dims(tokenizer_);
  int largest_batch_ = 0;
  int most_taken_ = 0;  ///< recordings that were taken and not ready, at one time
  const std::vector<std::vector<float>> recordings_ = {noise(70, 1), noise(3, 2),  {},
                                                       noise(31, 3), noise(45, 4), noise(12, 5)};
};

TEST_F(TogetherTest, EachRecordingIsHeardAsIfAlone) {
  std::vector<Heard> alone;
  for (const auto& recording : recordings_) alone.push_back(transcribe({recording}, 1).front());
  EXPECT_EQ(largest_batch_, 1);
  ASSERT_FALSE(alone[0].result.segments.empty());
  for (const int batch_size : {1, 2, 3, 8}) {
    const std::vector<Heard> together = transcribe(recordings_, batch_size);
    for (std::size_t i = 0; i < alone.size(); ++i) {
      EXPECT_TRUE(together[i] == alone[i]) << "recording " << i << " of a batch of " << batch_size;
    }
    EXPECT_EQ(largest_batch_, std::min(batch_size, 5));  // one has no window
  }
}

TEST_F(TogetherTest, PiecesAreHeardTheSameWhateverTheBatch) {
  const TranscribeOptions cut{.cut_at_pauses = true};
  const std::vector<Heard> one = transcribe(recordings_, 1, cut);
  EXPECT_GT(one[0].result.segments.size(), 1u);
  for (std::size_t i = 0; i < one[0].result.segments.size(); ++i) {
    EXPECT_EQ(one[0].result.segments[i].id, static_cast<int>(i));
  }
  EXPECT_EQ(one[0].progress.back().first, one[0].progress.back().second);
  for (const int batch_size : {2, 3, 5, 16}) {
    const std::vector<Heard> more = transcribe(recordings_, batch_size, cut);
    for (std::size_t i = 0; i < one.size(); ++i) {
      EXPECT_EQ(more[i].result.text, one[i].result.text);
      EXPECT_EQ(more[i].shown, one[i].shown) << "segments come in their order";
      EXPECT_EQ(more[i].progress.size(), one[i].progress.size());
    }
    EXPECT_GE(largest_batch_, 2);
  }
}

TEST_F(TogetherTest, WindowsEncodedAheadAreThoseEncodedInTheirTurn) {
  for (const bool cut : {false, true}) {
    for (const std::optional<int> language : {std::optional<int>(), std::optional<int>(0)}) {
      const TranscribeOptions options{.language = language, .cut_at_pauses = cut};
      for (const int batch_size : {1, 2, 3, 8}) {
        HashEncoder alone(dims_);
        const std::vector<Heard> expected = transcribe(recordings_, batch_size, options, alone);
        for (const int threads : {1, 2, 3}) {
          ThreadPool pool(threads);
          HashEncoder beside(dims_);
          const std::vector<Heard> heard =
              transcribe(recordings_, batch_size, options, beside, -1, &pool);
          EXPECT_TRUE(heard == expected) << batch_size << " windows, " << threads << " threads";
          EXPECT_EQ(beside.n_windows, alone.n_windows) << "no window in vain";
        }
      }
    }
  }
}

TEST_F(TogetherTest, RecordingsAreTakenAheadAsLongAsTheyAreShort) {
  ThreadPool pool(2);
  HashEncoder encoder(dims_);
  transcribe(std::vector(9, noise(10, 1)), 3, {}, encoder);
  EXPECT_EQ(most_taken_, 3);
  transcribe(std::vector(9, noise(10, 1)), 3, {}, encoder, -1, &pool);
  EXPECT_GE(most_taken_, 4);
  EXPECT_LE(most_taken_, 6);
  transcribe(std::vector(9, noise(100, 1)), 3, {}, encoder, -1, &pool);
  EXPECT_EQ(most_taken_, 4);
}

/// The feature that stands for the one window of a recording.
float window_of(const std::vector<float>& samples, const model::Dims& dims) {
  std::vector<float> features(static_cast<std::size_t>(dims.n_audio_ctx * dims.n_audio_state));
  const audio::LogMel mel = audio::log_mel_spectrogram(samples, 480000, 80, detect_isa());
  std::vector<float> window(80 * 3000);
  const int frames = static_cast<int>(mel.n_frames) - 3000;
  for (int band = 0; band < 80; ++band)
    std::copy_n(mel.row(band), frames, window.data() + band * 3000);
  HashEncoder(dims).encode({.data = window.data(), .n_mels = 80, .n_frames = 3000, .stride = 3000},
                           features);
  return features[0];
}

TEST_F(TogetherTest, AnErrorOfAWindowEncodedAheadIsThatOfItsRecording) {
  ThreadPool pool(2);
  HashEncoder right(dims_);
  const std::vector<Heard> expected = transcribe(recordings_, 1, {.language = 0}, right);
  HashEncoder broken(dims_, window_of(recordings_[1], dims_));
  const std::vector<Heard> heard = transcribe(recordings_, 1, {.language = 0}, broken, -1, &pool);
  EXPECT_EQ(heard[1].error, "the window is broken");
  for (const std::size_t i : {0u, 2u, 3u, 4u, 5u}) EXPECT_TRUE(heard[i] == expected[i]) << i;
}

TEST_F(TogetherTest, AnInterruptedWindowEncodedAheadStopsAll) {
  ThreadPool pool(2);
  HashEncoder broken(dims_, window_of(recordings_[1], dims_), ErrorKind::interrupted);
  EXPECT_EQ(sotto::testing::message_of(
                ErrorKind::interrupted,
                [&] { transcribe(recordings_, 1, {.language = 0}, broken, -1, &pool); }),
            "the window is broken");
}

TEST_F(TogetherTest, ADamagedRecordingDoesNotStopTheOthers) {
  const float damaged = window_of(recordings_[1], dims_);
  const std::vector<Heard> heard = transcribe(recordings_, 3, {.language = 0}, damaged);
  EXPECT_THAT(heard[1].error, ::testing::HasSubstr("not a finite number"));
  const std::vector<Heard> right = transcribe(recordings_, 3, {.language = 0});
  for (const std::size_t i : {0u, 2u, 3u, 4u, 5u}) EXPECT_TRUE(heard[i] == right[i]) << i;
}

TEST_F(TogetherTest, ALanguageThatTheModelDoesNotKnowStopsAll) {
  EXPECT_THAT(sotto::testing::message_of(ErrorKind::usage,
                                         [&] { transcribe(recordings_, 2, {.language = 99}); }),
              ::testing::HasSubstr("does not know the language"));
}

audio::LogMel mel_with_pauses(int n_frames, const std::vector<int>& pauses) {
  audio::LogMel mel{.n_mels = 2,
                    .n_frames = static_cast<std::size_t>(n_frames),
                    .data = std::vector<float>(2 * static_cast<std::size_t>(n_frames), 1.0f)};
  for (const int pause : pauses) {
    for (int frame = pause - 15; frame < pause + 15; ++frame) {
      for (std::size_t band = 0; band < 2; ++band)
        mel.data[band * mel.n_frames + static_cast<std::size_t>(frame)] = -1;
    }
  }
  return mel;
}

TEST(CutAtPauses, CutsInTheMiddleOfPausesAndLeavesNothingOut) {
  const audio::LogMel mel = mel_with_pauses(9000, {1000, 2500, 4900});
  const std::vector<Window> pieces = cut_at_pauses(mel, 7000, 3000);
  ASSERT_THAT(pieces, SizeIs(3));
  EXPECT_NEAR(pieces[1].seek, 2500, 6);
  EXPECT_NEAR(pieces[2].seek, 4900, 6);
  int end = 0;
  for (const Window& piece : pieces) {
    EXPECT_EQ(piece.seek, end);
    EXPECT_LE(piece.frames, 3000);
    EXPECT_GT(piece.frames, 0);
    end += piece.frames;
  }
  EXPECT_EQ(end, 7000);
}

TEST(CutAtPauses, WhatFitsIntoAWindowIsNotCut) {
  const audio::LogMel mel = mel_with_pauses(6000, {1000});
  EXPECT_THAT(cut_at_pauses(mel, 3000, 3000), ElementsAre(Window{.seek = 0, .frames = 3000}));
  EXPECT_THAT(cut_at_pauses(mel, 0, 3000), ::testing::IsEmpty());
}

}  // namespace
}  // namespace sotto::engine
