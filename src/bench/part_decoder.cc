// The decoder: keys and values of a window, and its tokens.
#include <algorithm>
#include <string>

#include "base/error.h"
#include "base/stopwatch.h"
#include "bench/batch.h"
#include "bench/parts.h"
#include "model/seeded.h"

namespace sotto::bench {
namespace {

/// Of a window: sequences begin again when they have so many.
constexpr int kTokens = 100;

std::vector<float> made_up_features(const model::Dims& dims) {
  const std::size_t size =
      static_cast<std::size_t>(dims.n_audio_ctx) * static_cast<std::size_t>(dims.n_audio_state);
  return model::seeded_numbers("features", 1, size, 0, 1);
}

/// The work of one of `n` equal parts.
Work share(const Work& work, int n) {
  Work part;
  for (const Resource resource : kResources) part[resource] = work[resource] / n;
  return part;
}

Spread share(const Spread& spread, int n) {
  return {spread.median / n, spread.low / n, spread.high / n};
}

/// A token for each sequence of `batch`, which have n_windows windows.
void measure_steps(Session& session, const std::string& name, Batch& batch, int n_windows) {
  const Subject& subject = session.subject;
  const int limit = std::min(kTokens, subject.dims.n_text_ctx), size = batch.size();
  session.measure(
      {.name = name,
       .unit = "token",
       .work = step_work(subject.dims, subject.types.decoder, size, n_windows, limit / 2)},
      [&] {
        if (batch.n_tokens() == limit) batch.rewind();
        batch.step();
      });
  Part& part = session.parts.back();
  part.work = share(part.work, size);
  part.timing.seconds = share(part.timing.seconds, size);
  part.timing.best /= size;
}

}  // namespace

void measure_cross_kv(Session& session) {
  const Subject& subject = session.subject;
  const std::vector<float> features = made_up_features(subject.dims);
  session.measure({.name = "cross_kv",
                   .unit = "window",
                   .work = cross_kv_work(subject.dims, subject.types.decoder),
                   .audio_seconds = subject.window_seconds()},
                  [&] { subject.decoder->start(features); });
}

void measure_decoder(Session& session) {
  const std::vector<float> features = made_up_features(session.subject.dims);
  for (const int size : {1, 5, 8, 16}) {
    Batch batch(*session.subject.decoder, size);
    for (int i = 0; i < size; ++i) batch.start(i, features);
    measure_steps(session, concat("decoder.batch_", size), batch, size);
  }
  constexpr int kBeams = 5;
  Batch beams(*session.subject.decoder, kBeams);
  beams.start_beams(features);
  measure_steps(session, concat("decoder.beams_", kBeams), beams, 1);
}

}  // namespace sotto::bench
