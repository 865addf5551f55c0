// The encoder and its stages.
#include <array>

#include "audio/mel.h"
#include "base/interrupt.h"
#include "base/stopwatch.h"
#include "bench/parts.h"
#include "bench/sound.h"
#include "cpu/encoder.h"

namespace sotto::bench {
namespace {

constexpr std::array kStages = {cpu::Stage::convolutions, cpu::Stage::layer_norms,
                                cpu::Stage::linear_layers, cpu::Stage::attention};
constexpr std::array kNames = {"encoder", "encoder.convolutions", "encoder.layer_norms",
                               "encoder.linear_layers", "encoder.attention"};

/// Of the whole and of each stage.
std::vector<Work> works(const Subject& subject, Isa isa) {
  const model::Dims& dims = subject.dims;
  const model::ComputeType type = subject.types.encoder;
  const cpu::ConvolutionType convolutions = cpu::convolution_type(type, isa);
  return {encoder_work(dims, type, convolutions), convolutions_work(dims, convolutions), Work{},
          linear_layers_work(dims, type), attention_work(dims, type)};
}

/// A window of made-up sound, and room for what an encoder makes of it.
class Heard {
 public:
  explicit Heard(const Session& session)
      : mel_(audio::log_mel_spectrogram(made_up_sound(session.subject.window_seconds()), 0,
                                        session.subject.dims.n_mels, session.isa, &session.pool)),
        features_(static_cast<std::size_t>(session.subject.dims.n_audio_ctx) *
                  static_cast<std::size_t>(session.subject.dims.n_audio_state)) {}

  /// The seconds that it takes.
  double encode(model::Encoder& encoder) {
    const model::MelWindow window = {.data = mel_.data.data(),
                                     .n_mels = mel_.n_mels,
                                     .n_frames = static_cast<int>(mel_.n_frames),
                                     .stride = static_cast<std::ptrdiff_t>(mel_.n_frames)};
    const Stopwatch stopwatch;
    encoder.encode(window, features_);
    return stopwatch.seconds();
  }

 private:
  audio::LogMel mel_;
  std::vector<float> features_;
};

}  // namespace

void measure_encoder(Session& session) {
  const Subject& subject = session.subject;
  Heard heard(session);
  if (session.on_part) session.on_part(kNames[0]);
  const std::vector<Work> all = works(subject, session.isa);
  const std::vector<Timing> timings = measure(session.limits, session.budget, all, [&] {
    std::vector<double> seconds = {heard.encode(*subject.encoder)};
    for (const cpu::Stage stage : kStages) seconds.push_back(subject.stages->seconds(stage));
    return seconds;
  });
  for (std::size_t i = 0; i < all.size(); ++i) {
    session.parts.push_back({.name = kNames[i],
                             .unit = "window",
                             .timing = timings[i],
                             .work = all[i],
                             .bound = bound_of(all[i], session.limits.measure(all[i])),
                             .audio_seconds = i == 0 ? subject.window_seconds() : 0});
  }
}

Scaling measure_encoder_scaling(Session& session) {
  if (session.on_part) session.on_part("encoder.scaling");
  Heard heard(session);
  ThreadPool one(1);
  const auto with_one = encoder_on(session.subject, session.isa, one);
  std::vector<double> alone, together, ratios;
  const Stopwatch stopwatch;
  const auto rounds_left = [&] {
    return static_cast<int>(ratios.size()) < session.budget.min_rounds ||
           stopwatch.seconds() < session.budget.seconds;
  };
  for (bool warm = false; !warm || rounds_left(); warm = true) {
    check_interrupted();
    const double by_one = heard.encode(*with_one);
    const double by_all = heard.encode(*session.subject.encoder);
    if (!warm) continue;
    alone.push_back(by_one);
    together.push_back(by_all);
    ratios.push_back(by_one / by_all);
  }
  return {.threads = session.pool.size(),
          .rounds = static_cast<int>(ratios.size()),
          .one_thread_seconds = spread_of(alone),
          .seconds = spread_of(together),
          .ratio = spread_of(ratios)};
}

}  // namespace sotto::bench
