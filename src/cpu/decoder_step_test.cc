// Steps of several sequences, and the decoder in integers.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <numeric>

#include "base/testing.h"
#include "cpu/cpu_testing.h"
#include "cpu/decoder.h"
#include "cpu/encoder.h"
#include "cpu/reference.h"
#include "cpu/whisper_base_testing.h"
#include "model/testing.h"

namespace sotto::cpu {
namespace {

using model::ComputeType;
using testing::kOddDims;
using testing::normal_numbers;
using testing::relative_l2;

const std::vector<int> kTokens = {100, 0, 7, 7, 99, 31, 32, 33, 1, 2, 3, 4, 50, 60, 70, 80, 90, 5};
const std::vector<int> kForbidden = {0, 3, 4, 31, 63, 64, 100};
const model::AllowedTokens kAllowed = {.ranges = {{{2, 70}, {70, 101}}}, .forbidden = kForbidden};

std::vector<float> features(std::uint32_t seed) {
  return normal_numbers(77 * 36, seed);
}

bool same(const model::LikeliestOfRanges& a, const model::LikeliestOfRanges& b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].token != b[i].token || a[i].logit != b[i].logit ||
        a[i].log_sum_exp != b[i].log_sum_exp) {
      return false;
    }
  }
  return true;
}

class DecoderStepTest : public ::testing::TestWithParam<testing::IsaAndType> {
 protected:
  std::unique_ptr<model::Decoder> decoder(ThreadPool& pool) {
    return make_decoder(kOddDims, weights_, std::get<0>(GetParam()), type(), pool);
  }
  ComputeType type() const { return std::get<1>(GetParam()); }

  const model::Weights weights_ = model::testing::seeded_weights(kOddDims, 8);
  ThreadPool pool_{2};
};

TEST_P(DecoderStepTest, FindsWhatThePlainDefinitionFinds) {
  const auto engine = decoder(pool_), plain = decoder(pool_);
  for (model::Decoder* d : {engine.get(), plain.get()}) d->start(features(1));
  for (const int token : kTokens) {
    model::Step step{.sequence = engine.get(), .token = token, .allowed = kAllowed};
    engine->step({&step, 1});
    const auto expected = model::find_likeliest(plain->append({&token, 1}, 1), kAllowed);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      EXPECT_EQ(step.found[i].token, expected[i].token);
      EXPECT_EQ(step.found[i].logit, expected[i].logit);
      EXPECT_NEAR(step.found[i].log_sum_exp, expected[i].log_sum_exp, 1e-6);
    }
  }
  EXPECT_EQ(engine->size(), static_cast<int>(kTokens.size()));
}

TEST_P(DecoderStepTest, NothingAllowedIsMinusInfinity) {
  const auto engine = decoder(pool_);
  engine->start(features(1));
  std::vector<int> all(101);
  std::iota(all.begin(), all.end(), 0);
  model::Step step{.sequence = engine.get(),
                   .token = 1,
                   .allowed = {.ranges = {{{5, 5}, {70, 101}}}, .forbidden = all}};
  engine->step({&step, 1});
  for (const model::Likeliest& found : step.found) {
    EXPECT_EQ(found.logit, -std::numeric_limits<float>::infinity());
    EXPECT_EQ(found.log_sum_exp, -std::numeric_limits<double>::infinity());
  }
}

/// Sequence s begins with s + 1 tokens of its own window, then takes the tokens of kTokens.
std::vector<model::LikeliestOfRanges> run(model::Decoder& first, const std::vector<int>& which) {
  std::vector<std::unique_ptr<model::Decoder>> sequences;
  std::vector<model::Step> steps;
  for (const int s : which) {
    sequences.push_back(first.new_sequence());
    sequences.back()->start(features(static_cast<std::uint32_t>(s)));
    sequences.back()->append(std::span(kTokens).first(static_cast<std::size_t>(s + 1)), 1);
    steps.push_back({.sequence = sequences.back().get(), .token = 0, .allowed = kAllowed});
  }
  std::vector<model::LikeliestOfRanges> found;
  for (const int token : kTokens) {
    for (model::Step& step : steps) step.token = token;
    first.step(steps);
    for (const model::Step& step : steps) found.push_back(step.found);
  }
  return found;
}

TEST_P(DecoderStepTest, ASequenceDoesNotDependOnThoseBesideIt) {
  ThreadPool three(3);
  const auto engine = decoder(pool_), other = decoder(three);
  const std::vector<int> all = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
  const auto together = run(*engine, all);
  EXPECT_TRUE(std::ranges::equal(together, run(*other, all), same)) << "three threads";
  for (const std::vector<int>& which :
       {std::vector{4}, std::vector{11, 2}, std::vector{7, 6, 5, 0, 1}}) {
    const auto apart = run(*engine, which);
    for (std::size_t step = 0; step < kTokens.size(); ++step) {
      for (std::size_t i = 0; i < which.size(); ++i) {
        const auto s = static_cast<std::size_t>(which[i]);
        EXPECT_TRUE(same(apart[step * which.size() + i], together[step * all.size() + s]))
            << "sequence " << s << " of " << which.size() << ", step " << step;
      }
    }
  }
}

TEST_P(DecoderStepTest, AnEncoderBesideChangesNoBit) {
  const Isa isa = std::get<0>(GetParam());
  const bool encodes = type() != ComputeType::bfloat16 || isa == Isa::avx512_bf16;
  ThreadPool pool(3);
  const auto encoder =
      make_encoder(kOddDims, weights_, isa, encodes ? type() : ComputeType::float32, pool);
  const auto engine = decoder(pool);
  const std::vector<float> mel =
      normal_numbers(static_cast<std::size_t>(kOddDims.n_mels * kOddDims.n_mel_frames()), 1);
  const auto encode = [&] {
    std::vector<float> encoded(77 * 36);
    encoder->encode({.data = mel.data(),
                     .n_mels = kOddDims.n_mels,
                     .n_frames = kOddDims.n_mel_frames(),
                     .stride = kOddDims.n_mel_frames()},
                    encoded);
    return encoded;
  };
  const std::vector<float> encoded_alone = encode();
  const auto found_alone = run(*engine, {0, 1, 2});
  for (int round = 0; round < 5; ++round) {
    std::vector<float> encoded;
    pool.start_beside([&] { encoded = encode(); });
    EXPECT_TRUE(std::ranges::equal(run(*engine, {0, 1, 2}), found_alone, same));
    pool.finish_beside();
    EXPECT_EQ(encoded, encoded_alone);
  }
}

TEST_P(DecoderStepTest, SequencesMayOutliveEachOther) {
  auto engine = decoder(pool_);
  const auto other = engine->new_sequence();
  engine.reset();
  other->start(features(1));
  EXPECT_EQ(other->append(kTokens, 1).size(), 101u);
}

TEST_P(DecoderStepTest, AgreesWithTheReferenceAsFarAsItsNumbersGo) {
  const auto engine = decoder(pool_);
  const std::vector<float> window = features(1);
  const std::vector<double> truth = reference_decode<double>(
      kOddDims, weights_, std::vector<double>(window.begin(), window.end()), kTokens, pool_);
  engine->start(window);
  const auto logits = engine->append(kTokens, static_cast<int>(kTokens.size()));
  const double bar = type() == ComputeType::float32          ? 1e-6
                     : type() == ComputeType::int8_two_bytes ? 2e-4
                                                             : 0.03;
  EXPECT_LT(relative_l2(logits, truth), bar);
}

TEST_P(DecoderStepTest, MisuseIsABug) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto engine = decoder(pool_), stranger = decoder(pool_);
  engine->start(features(1));
  stranger->start(features(1));
  model::Step step{.sequence = stranger.get(), .token = 1, .allowed = kAllowed};
  EXPECT_DEATH(engine->step({&step, 1}), "shared_");
  step.sequence = engine.get();
  step.allowed.ranges[1].end = 102;
  EXPECT_DEATH(engine->step({&step, 1}), "n_vocab");
  const auto unstarted = engine->new_sequence();
  step = {.sequence = unstarted.get(), .token = 1, .allowed = kAllowed};
  EXPECT_DEATH(engine->step({&step, 1}), "started");
}

INSTANTIATE_TEST_SUITE_P(Types, DecoderStepTest,
                         ::testing::Combine(::testing::ValuesIn(available_isas()),
                                            ::testing::ValuesIn(testing::kComputeTypes)),
                         testing::isa_and_type_name);

// --- the accuracy of int8 on full size -----------------------------------------------------------

/// The decoder of Whisper-base with seeded weights as trained ones are uneven: a few channels that
/// LayerNorms raise twelvefold, inputs that count four times and rows of all sizes.
model::Weights weights_with_outliers(const model::Dims& dims, std::uint32_t first_seed) {
  const model::Weights seeded = model::testing::seeded_weights(dims, first_seed);
  model::Weights uneven;
  uneven.source = "seeded weights with outliers";
  std::uint32_t seed = 1000 * first_seed;
  for (const auto& [name, shape] : model::required_tensors(dims, model::Part::decoder)) {
    ++seed;
    const auto data = std::make_shared<std::vector<float>>(
        static_cast<std::size_t>(seeded.at(name, shape).size()));
    std::vector<float>& x = *data;
    seeded.read(name, shape, x);
    std::mt19937 random(seed);
    if (name.ends_with("ln.weight")) {
      const std::size_t first = random() % x.size();
      for (std::size_t i = 0; i < 5; ++i) x[(first + i * 97) % x.size()] *= 12;
    } else if (shape.size() == 2 && name != "decoder.positional_embedding") {
      const auto width = static_cast<std::size_t>(shape[1]);
      const std::vector<float> noise = normal_numbers(x.size() + x.size() / width, seed);
      std::vector<float> column(width, 1.0f);
      for (std::size_t i = 0; i <= width / 100; ++i) column[random() % width] = 4;
      // Attention of trained models is neither one-hot nor flat.
      const float level = name.find("query") != std::string::npos ? 0.2f : 1.0f;
      for (std::size_t i = 0; i < x.size(); ++i) {
        const float row = std::exp(0.3f * noise[x.size() + i / width]);
        x[i] *= level * row * column[i % width] * std::exp(0.5f * noise[i]) / 1.3f;
      }
    }
    uneven.keep(data);
    uneven.add(name, {model::DType::f32, shape, reinterpret_cast<const std::byte*>(x.data())});
  }
  return uneven;
}

/// What the real encoder of Whisper-base hears, in its fastest type.
std::vector<float> real_features() {
  using testing::WhisperBase;
  ThreadPool pool;
  const WhisperBase base(pool);
  std::vector<float> features(1500 * 512);
  make_encoder(WhisperBase::kDims, base.weights, detect_isa(), ComputeType::int8, pool)
      ->encode(base.window(), features);
  return features;
}

/// Made-up ones, of which a few numbers are large in every position, as they are in real ones.
std::vector<float> uneven_features() {
  std::vector<float> features = normal_numbers(1500 * 512, 5);
  for (std::size_t i = 0; i < features.size(); ++i) {
    if (i % 512 % 100 == 7) features[i] *= 8;
  }
  return features;
}

/// A decoder of Whisper-base's width.
class DecoderAccuracy {
 public:
  DecoderAccuracy(std::vector<float> features, int n_layers, int n_vocab)
      : features_(std::move(features)) {
    dims_ = testing::WhisperBase::kDims;
    dims_.n_vocab = n_vocab;
    dims_.n_text_ctx = 448;
    dims_.n_text_state = 512;
    dims_.n_text_head = 8;
    dims_.n_text_layer = n_layers;
    dims_.n_text_ffn = 2048;
    std::mt19937 random(3);
    for (int& token : tokens_) token = static_cast<int>(random() % 51865) % n_vocab;
  }

  /// The relative error of the logits in each type with less than 32 bits, on weights of that seed.
  void expect_below(double bar, std::uint32_t seed, Isa isa) {
    const model::Weights weights = weights_with_outliers(dims_, seed);
    const std::vector<float> truth = logits(weights, ComputeType::float32, detect_isa());
    for (const ComputeType type :
         {ComputeType::bfloat16, ComputeType::int8, ComputeType::int8_float32}) {
      const double error = relative_l2(logits(weights, type, isa), truth);
      ::testing::Test::RecordProperty(concat(name_of(type), "_seed_", seed), std::to_string(error));
      EXPECT_LE(error, bar) << name_of(type) << " with " << name_of(isa);
      EXPECT_GT(error, 1e-4) << name_of(type) << " is not what was computed in";
    }
  }

 private:
  std::vector<float> logits(const model::Weights& weights, ComputeType type, Isa isa) {
    const auto engine = make_decoder(dims_, weights, isa, type, pool_);
    engine->start(features_);
    const auto rows = engine->append(tokens_, static_cast<int>(tokens_.size()));
    return {rows.begin(), rows.end()};
  }

  ThreadPool pool_;
  model::Dims dims_;
  std::vector<float> features_;
  std::vector<int> tokens_ = std::vector<int>(100);
};

constexpr double kLogitBar = 0.028;

// One model's error says little of another's: it depends on where the outliers are.
class Int8DecoderAccuracy : public ::testing::TestWithParam<std::uint32_t> {};

TEST_P(Int8DecoderAccuracy, OnRealFeaturesWithOutliers) {
  if (sotto::testing::kSlowBuild && GetParam() != 1) GTEST_SKIP() << "skipped: one is enough here";
  SOTTO_NEEDS_FILE(testing::WhisperBase::model_path());
  SOTTO_NEEDS_FILE(testing::WhisperBase::audio_path());
  DecoderAccuracy(real_features(), 6, 51865).expect_below(kLogitBar, GetParam(), detect_isa());
}

INSTANTIATE_TEST_SUITE_P(Seeds, Int8DecoderAccuracy, ::testing::Values(1, 2, 3, 4));

class Int8DecoderAccuracyByIsa : public ::testing::TestWithParam<Isa> {};

TEST_P(Int8DecoderAccuracyByIsa, OfASmallerDecoder) {
  if (sotto::testing::kSlowBuild) GTEST_SKIP() << "skipped: it takes long here";
  DecoderAccuracy(uneven_features(), 2, 4096).expect_below(kLogitBar, 1, GetParam());
}

INSTANTIATE_TEST_SUITE_P(Isa, Int8DecoderAccuracyByIsa, ::testing::ValuesIn(available_isas()),
                         testing::isa_name);

}  // namespace
}  // namespace sotto::cpu
