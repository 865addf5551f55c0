// Sound to tokens with forced tokens: the work of a transcription whose text is of a known length.
#pragma once

#include <deque>
#include <memory>
#include <span>
#include <vector>

#include "audio/mel.h"
#include "bench/batch.h"
#include "bench/subject.h"
#include "engine/window_encoder.h"

namespace sotto::bench {

class Pipeline {
 public:
  /// For `n_windows` windows that are decoded together.
  Pipeline(Subject& subject, Isa isa, ThreadPool& pool, int n_windows);

  /// The first window of `samples` followed by `padding` zeros; returns the seconds that the
  /// encoder took.
  double encode(std::span<const float> samples, std::size_t padding);

  /// Each window hears the first of `samples`, at most a window of them, followed by `padding`
  /// zeros; then all take n_tokens tokens.
  void run(std::span<const float> samples, std::size_t padding, int n_tokens);

  /// One of many runs with whole windows of `samples`, each of which encodes the windows of the
  /// next beside its own tokens, as far as it comes.
  void run_on(std::span<const float> samples, int n_tokens);
  /// Waits for the window that is being encoded for the next run_on().
  void finish_ahead() { encoder_.wait(); }

 private:
  Subject& subject_;
  Isa isa_;
  ThreadPool& pool_;
  Batch batch_;
  std::vector<float> features_;
  engine::WindowEncoder encoder_;
  std::deque<std::shared_ptr<const audio::LogMel>> ahead_;  // whose windows encoder_ has, or gets
};

}  // namespace sotto::bench
