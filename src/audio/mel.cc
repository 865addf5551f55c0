#include "audio/mel.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>

#include "audio/decode.h"
#include "audio/mel_kernel.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/isa.h"

namespace sotto::audio {
namespace {

constexpr int kBins = kFftSize / 2 + 1;
constexpr float kLogFloor = -10.0f;  // log10 of the smallest power that is told apart, 1e-10
constexpr float kLogRange = 8.0f;    // what is this far below the maximum is raised to it

/// Frames computed at a time: a multiple of every kernel's lanes.
constexpr std::size_t kBlockFrames = 64;
constexpr std::size_t kBlockSamples = (kBlockFrames - 1) * kHopLength + kFftSize;

/// The Slaney mel scale: linear to 1000 Hz (200/3 Hz a mel), then 27 mels for a factor of 6.4.
double hz_to_mel(double hz) {
  return hz < 1000.0 ? hz * 3.0 / 200.0 : 15.0 + std::log(hz / 1000.0) * 27.0 / std::log(6.4);
}

double mel_to_hz(double mel) {
  return mel < 15.0 ? mel * 200.0 / 3.0 : 1000.0 * std::exp((mel - 15.0) * std::log(6.4) / 27.0);
}

/// The transform's constants and the filters without their zeros.
class Plan {
 public:
  explicit Plan(int n_mels) {
    fill_transform();
    const std::vector<float> filters = mel_filters(n_mels);
    for (int m = 0; m < n_mels; ++m) {
      const float* row = filters.data() + static_cast<std::ptrdiff_t>(m) * kBins;
      const auto non_zero = [](float w) { return w != 0.0f; };
      const float* first = std::find_if(row, row + kBins, non_zero);
      const float* last = first;
      for (const float* w = first; w != row + kBins; ++w) {
        if (non_zero(*w)) last = w + 1;
      }
      first_bin_.push_back(static_cast<int>(first - row) % kBins);  // an empty filter: any
      n_bins_.push_back(static_cast<int>(last - first));
      weights_.insert(weights_.end(), first, last);
    }
    plan_.n_mels = n_mels;
    plan_.first_bin = first_bin_.data();
    plan_.n_bins = n_bins_.data();
    plan_.weights = weights_.data();
  }

  const MelPlan& get() const { return plan_; }

 private:
  void fill_transform() {
    constexpr double kTurn = 2.0 * std::numbers::pi;
    for (int n2 = 0; n2 < 25; ++n2) {
      for (int n1 = 0; n1 < 16; ++n1) {
        const int n = (25 * n1 + 16 * n2) % kFftSize;
        plan_.input[n2][n1] = {static_cast<std::uint16_t>(n / kHopLength),
                               static_cast<std::uint16_t>(n % kHopLength),
                               0.5 - 0.5 * std::cos(kTurn * n / kFftSize)};
      }
    }
    for (int k = 0; k < kFftSize; ++k) {
      if (k % 16 <= 8) {
        plan_.bin[k % 16][k % 25] = static_cast<std::uint8_t>(std::min(k, kFftSize - k));
      }
    }
    for (int b = 0; b < 5; ++b) {
      for (int c = 0; c < 5; ++c) {
        plan_.twiddle_re[b][c] = std::cos(kTurn * b * c / 25);
        plan_.twiddle_im[b][c] = -std::sin(kTurn * b * c / 25);
      }
    }
  }

  MelPlan plan_{};
  std::vector<int> first_bin_, n_bins_;
  std::vector<double> weights_;
};

LogMelKernel kernel_for(Isa isa) {
  SOTTO_CHECK(machine_has(isa));
#if defined(__x86_64__)
  if (float_isa(isa) == Isa::avx512) return log_mel_avx512;
  if (float_isa(isa) == Isa::avx2) return log_mel_avx2;
#endif
  return log_mel_portable;
}

/// The signal that the frames see: samples, then zeros, both ends reflected (the end sample is not
/// repeated), as often as a very short signal needs.
class PaddedSignal {
 public:
  PaddedSignal(std::span<const float> samples, std::size_t padding)
      : samples_(samples), length_(static_cast<std::ptrdiff_t>(samples.size() + padding)) {}

  /// Samples [begin, begin + count): in place where they are all there, else written to `scratch`.
  const float* window(std::ptrdiff_t begin, std::size_t count, float* scratch) const {
    if (begin >= 0 && begin + count <= samples_.size()) return samples_.data() + begin;
    for (std::size_t i = 0; i < count; ++i) scratch[i] = at(begin + static_cast<std::ptrdiff_t>(i));
    return scratch;
  }

 private:
  float at(std::ptrdiff_t i) const {
    while (i < 0 || i >= length_) i = i < 0 ? -i : 2 * (length_ - 1) - i;
    return static_cast<std::size_t>(i) < samples_.size() ? samples_[static_cast<std::size_t>(i)]
                                                         : 0.0f;
  }

  std::span<const float> samples_;
  std::ptrdiff_t length_;
};

/// Calls body(i, thread) for i in [0, count), on the pool when there is one.
template <typename Body>
void for_each(ThreadPool* pool, std::size_t count, const Body& body) {
  if (pool != nullptr) {
    pool->parallel_for(static_cast<std::int64_t>(count), [&](std::int64_t i, int thread) {
      body(static_cast<std::size_t>(i), static_cast<std::size_t>(thread));
    });
  } else {
    for (std::size_t i = 0; i < count; ++i) body(i, std::size_t{0});
  }
}

/// Frames from this one on see only zeros (n_frames when the signal's end reflects into one).
std::size_t first_silent_frame(std::size_t n_samples, std::size_t padding, std::size_t n_frames) {
  constexpr std::size_t kHalf = kFftSize / 2;
  if (padding <= kHalf) return n_frames;
  return std::min(n_frames, (n_samples + kHalf + kHopLength - 1) / kHopLength);
}

/// Writes log10 of the mel powers; returns their maximum.
float log_powers(LogMel& mel, std::span<const float> samples, std::size_t padding, Isa isa,
                 ThreadPool* pool) {
  const LogMelKernel kernel = kernel_for(isa);
  const Plan plan(mel.n_mels);
  const PaddedSignal signal(samples, padding);
  const std::size_t n_heard = first_silent_frame(samples.size(), padding, mel.n_frames);
  const std::size_t n_threads = pool != nullptr ? static_cast<std::size_t>(pool->size()) : 1;
  Buffer<float> scratch(n_threads * kBlockSamples);
  std::vector<float> largest(n_threads, kLogFloor);

  const std::size_t n_blocks = (n_heard + kBlockFrames - 1) / kBlockFrames;
  for_each(pool, n_blocks, [&](std::size_t block, std::size_t thread) {
    const std::size_t first = block * kBlockFrames;
    const std::size_t n = std::min(kBlockFrames, n_heard - first);
    const float* window =
        signal.window(static_cast<std::ptrdiff_t>(first * kHopLength) - kFftSize / 2,
                      (n - 1) * kHopLength + kFftSize, scratch.data() + thread * kBlockSamples);
    const float found =
        kernel(mel.data.data() + first, mel.n_frames, window, static_cast<int>(n), plan.get());
    largest[thread] = std::max(largest[thread], found);
  });
  for (int m = 0; m < mel.n_mels; ++m) {
    float* row = mel.data.data() + static_cast<std::size_t>(m) * mel.n_frames;
    std::fill(row + n_heard, row + mel.n_frames, kLogFloor);
  }
  return *std::max_element(largest.begin(), largest.end());
}

}  // namespace

std::vector<float> mel_filters(int n_mels) {
  SOTTO_CHECK(n_mels >= 1 && n_mels <= kBins);
  // Filter m rises from edge m to edge m + 1 and falls to edge m + 2.
  std::vector<double> edges(static_cast<std::size_t>(n_mels) + 2);
  const double top = hz_to_mel(kSampleRate / 2.0);
  for (std::size_t i = 0; i < edges.size(); ++i) {
    edges[i] = mel_to_hz(top * static_cast<double>(i) / (n_mels + 1));
  }
  std::vector<float> filters(static_cast<std::size_t>(n_mels) * kBins);
  for (std::size_t m = 0; m < static_cast<std::size_t>(n_mels); ++m) {
    const double unit_area = 2.0 / (edges[m + 2] - edges[m]);
    for (int k = 0; k < kBins; ++k) {
      const double hz = static_cast<double>(k) * kSampleRate / kFftSize;
      const double rise = (hz - edges[m]) / (edges[m + 1] - edges[m]);
      const double fall = (edges[m + 2] - hz) / (edges[m + 2] - edges[m + 1]);
      // librosa rounds the triangle to float before it scales it.
      const float triangle = static_cast<float>(std::max(0.0, std::min(rise, fall)));
      filters[m * kBins + static_cast<std::size_t>(k)] = static_cast<float>(triangle * unit_area);
    }
  }
  return filters;
}

LogMel log_mel_spectrogram(std::span<const float> samples, std::size_t padding, int n_mels, Isa isa,
                           ThreadPool* pool) {
  SOTTO_CHECK(n_mels >= 1 && n_mels <= kBins);
  LogMel mel;
  mel.n_mels = n_mels;
  mel.n_frames = (samples.size() + padding) / kHopLength;
  mel.data.resize(static_cast<std::size_t>(n_mels) * mel.n_frames);
  if (mel.n_frames == 0) return mel;

  const float least = log_powers(mel, samples, padding, isa, pool) - kLogRange;
  for_each(pool, static_cast<std::size_t>(n_mels), [&](std::size_t m, std::size_t) {
    float* row = mel.data.data() + m * mel.n_frames;
    for (std::size_t t = 0; t < mel.n_frames; ++t) {
      row[t] = (std::max(row[t], least) + 4.0f) * 0.25f;
    }
  });
  return mel;
}

}  // namespace sotto::audio
