// The spectrogram.
#include "audio/mel.h"
#include "bench/parts.h"
#include "bench/sound.h"

namespace sotto::bench {

void measure_mel(Session& session) {
  const Subject& subject = session.subject;
  const std::vector<float> samples = made_up_sound(subject.window_seconds());
  Part part{.name = "log_mel", .unit = "window", .audio_seconds = subject.window_seconds()};
  session.measure(std::move(part), [&] {
    audio::log_mel_spectrogram(samples, 0, subject.dims.n_mels, session.isa);
  });
}

}  // namespace sotto::bench
