#include "engine/cuts.h"

#include <algorithm>

namespace sotto::engine {
namespace {

constexpr int kPauseFrames = 20;

/// The loudness of each frame of [begin, end): the mean of its bands.
std::vector<double> loudness(const audio::LogMel& mel, int begin, int end) {
  std::vector<double> loud(static_cast<std::size_t>(end - begin));
  for (int band = 0; band < mel.n_mels; ++band) {
    const float* const row = mel.row(band) + begin;
    for (std::size_t i = 0; i < loud.size(); ++i) loud[i] += row[i];
  }
  return loud;
}

/// The middle of the quietest run of kPauseFrames in [begin, end), the last of equals.
int quietest(const audio::LogMel& mel, int begin, int end) {
  const std::vector<double> loud = loudness(mel, begin, end);
  const auto n = static_cast<int>(loud.size());
  const int width = std::min(kPauseFrames, n);
  int best = 0;
  double least = 0;
  for (int at = 0; at + width <= n; ++at) {
    double sum = 0;
    for (int i = at; i < at + width; ++i) sum += loud[static_cast<std::size_t>(i)];
    if (at == 0 || sum <= least) {
      least = sum;
      best = at;
    }
  }
  return begin + best + width / 2;
}

}  // namespace

std::vector<Window> cut_at_pauses(const audio::LogMel& mel, int n_frames, int window_frames) {
  std::vector<Window> pieces;
  int begin = 0;
  while (n_frames - begin > window_frames) {
    const int end = begin + window_frames;
    const int cut = quietest(mel, end - window_frames / 3, end);
    pieces.push_back({.seek = begin, .frames = cut - begin});
    begin = cut;
  }
  if (begin < n_frames) pieces.push_back({.seek = begin, .frames = n_frames - begin});
  return pieces;
}

}  // namespace sotto::engine
