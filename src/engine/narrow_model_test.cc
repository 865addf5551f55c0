// Integers in a narrow model: the model that ships decodes window after window to the tokens of
// float32, the timestamps among them.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <span>
#include <vector>

#include "audio/decode.h"
#include "audio/mel.h"
#include "base/isa.h"
#include "base/testing.h"
#include "cpu/decoder.h"
#include "cpu/packed.h"
#include "engine/encoders.h"
#include "engine/rules.h"
#include "engine/search.h"
#include "model/model.h"

namespace sotto::engine {
namespace {

using model::ComputeType;

/// The shipped model in one type of numbers.
class Hearer {
 public:
  Hearer(const model::Model& model, ComputeType wanted)
      : model_(model),
        rules_(model.tokenizer, model.generation),
        features_(static_cast<std::size_t>(model.dims.n_audio_ctx) *
                  static_cast<std::size_t>(model.dims.n_audio_state)) {
    const Isa isa = active_isa();
    const ComputeTypes types = compute_types(Device::cpu, wanted, isa, model.dims);
    encoder_ = make_encoder(Device::cpu, model.dims, model.weights, isa, types.encoder, pool_,
                            std::make_shared<cpu::PackedWeights>());
    decoder_ = cpu::make_decoder(model.dims, model.weights, isa, types.decoder, pool_);
  }

  std::vector<int> tokens(const model::MelWindow& window) {
    encoder_->encode(window, features_);
    decoder_->start(features_);
    const model::SpecialTokens& special = model_.tokenizer.special();
    const int sot[] = {special.sot};
    return decode_window(*decoder_, model_.tokenizer, rules_,
                         make_initial_tokens(special, {}, sot, model_.dims.n_text_ctx))
        .tokens;
  }

 private:
  const model::Model& model_;
  TokenRules rules_;
  ThreadPool pool_{2};
  std::unique_ptr<model::Encoder> encoder_;
  std::unique_ptr<model::Decoder> decoder_;
  std::vector<float> features_;
};

TEST(NarrowModel, Int8HasTheTokensOfFloat32) {
  const model::Model model = model::load(sotto::testing::source_path("models/digits"));
  ASSERT_FALSE(model.tokenizer.multilingual());
  Hearer floats(model, ComputeType::float32), integers(model, ComputeType::int8);
  // Windows that begin anywhere: a timestamp's likeliest place is then often as near to one token
  // as to the next.
  const std::size_t stride = sotto::testing::kSlowBuild ? 160000 : 10000;
  int n_windows = 0, n_same = 0;
  for (const char* file : {"countdown.mp3", "card.flac", "fast.m4a", "noisy.ogg", "long.webm"}) {
    const audio::Audio audio =
        audio::decode_file(sotto::testing::source_path(std::string("samples/") + file));
    const std::span<const float> samples(audio.samples);
    for (std::size_t begin = 0; begin + 16000 < samples.size(); begin += stride) {
      const auto part = samples.subspan(
          begin, std::min<std::size_t>(audio::kWindowSamples, samples.size() - begin));
      const audio::LogMel mel =
          audio::log_mel_spectrogram(part, audio::kWindowSamples, model.dims.n_mels, active_isa());
      const model::MelWindow window = {.data = mel.data.data(),
                                       .n_mels = mel.n_mels,
                                       .n_frames = model.dims.n_mel_frames(),
                                       .stride = static_cast<std::ptrdiff_t>(mel.n_frames)};
      ++n_windows;
      n_same += integers.tokens(window) == floats.tokens(window) ? 1 : 0;
    }
  }
  RecordProperty("windows", n_windows);
  RecordProperty("same", n_same);
  EXPECT_GE(n_windows, sotto::testing::kSlowBuild ? 10 : 200);
  EXPECT_GE(n_same, 0.99 * n_windows);
}

}  // namespace
}  // namespace sotto::engine
