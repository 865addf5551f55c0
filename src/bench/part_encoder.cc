// The encoder and its stages.
#include <array>

#include "audio/mel.h"
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
  const model::ComputeType convolutions = cpu::convolution_type(type, isa);
  return {encoder_work(dims, type, convolutions), convolutions_work(dims, convolutions), Work{},
          linear_layers_work(dims, type), attention_work(dims, type)};
}

}  // namespace

void measure_encoder(Session& session) {
  const Subject& subject = session.subject;
  const audio::LogMel mel = audio::log_mel_spectrogram(
      made_up_sound(subject.window_seconds()), 0, subject.dims.n_mels, session.isa, &session.pool);
  const model::MelWindow window = {.data = mel.data.data(),
                                   .n_mels = mel.n_mels,
                                   .n_frames = static_cast<int>(mel.n_frames),
                                   .stride = static_cast<std::ptrdiff_t>(mel.n_frames)};
  std::vector<float> features(static_cast<std::size_t>(subject.dims.n_audio_ctx) *
                              static_cast<std::size_t>(subject.dims.n_audio_state));
  if (session.on_part) session.on_part(kNames[0]);
  const std::vector<Work> all = works(subject, session.isa);
  const std::vector<Timing> timings = measure(session.limits, session.budget, all, [&] {
    const Stopwatch stopwatch;
    subject.encoder->encode(window, features);
    std::vector<double> seconds = {stopwatch.seconds()};
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

}  // namespace sotto::bench
