// Sound to tokens.
#include <algorithm>

#include "audio/mel.h"
#include "base/error.h"
#include "bench/clip.h"
#include "bench/parts.h"
#include "bench/pipeline.h"
#include "bench/sound.h"

namespace sotto::bench {
namespace {

constexpr int kPromptTokens = 3;

/// No more than a sequence can take.
int tokens_of(const model::Dims& dims, int wanted) {
  return std::min(wanted, dims.n_text_ctx - kPromptTokens);
}

/// With `ahead`, as when many windows are known: the next ones are encoded beside the tokens.
void measure_windows(Session& session, int n_windows, bool ahead) {
  constexpr int kTokens = 100;
  Subject& subject = session.subject;
  const std::vector<float> samples = made_up_sound(subject.window_seconds());
  Pipeline pipeline(subject, session.isa, session.pool, n_windows);
  const int n_tokens = tokens_of(subject.dims, kTokens);
  session.measure({.name = concat("end_to_end.windows_", n_windows, ahead ? "_of_many" : ""),
                   .unit = n_windows == 1 ? "window" : concat(n_windows, " windows"),
                   .audio_seconds = n_windows * subject.window_seconds()},
                  [&] {
                    if (ahead) return pipeline.run_on(samples, n_tokens);
                    pipeline.run(samples, 0, n_tokens);
                  });
}

}  // namespace

void measure_end_to_end(Session& session) {
  measure_windows(session, 1, false);
  measure_windows(session, 8, false);
  measure_windows(session, 8, true);

  Subject& subject = session.subject;
  const std::vector<float> samples =
      made_up_sound(std::min(kClipSeconds, subject.window_seconds()));
  Pipeline pipeline(subject, session.isa, session.pool, 1);
  // As a recording's end: openai's loop pads it with a whole window of silence.
  session.measure({.name = "end_to_end.clip", .unit = "clip", .audio_seconds = kClipSeconds}, [&] {
    pipeline.run(samples, audio::kWindowSamples, tokens_of(subject.dims, kClipTokens));
  });
}

}  // namespace sotto::bench
