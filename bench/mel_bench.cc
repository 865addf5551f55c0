// How many times faster than realtime the log-mel spectrogram is, on one thread, for ten minutes of
// sound: per instruction set and number of mels. Filters, logarithm and normalisation included.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "audio/mel.h"
#include "base/isa.h"
#include "bench/sound.h"

namespace {

constexpr double kSeconds = 600;

const std::vector<float>& ten_minutes() {
  static const std::vector<float> samples = sotto::bench::made_up_sound(kSeconds);
  return samples;
}

void log_mel(benchmark::State& state) {
  const auto isa = static_cast<sotto::Isa>(state.range(0));
  const int n_mels = static_cast<int>(state.range(1));
  if (!sotto::machine_has(isa)) {
    state.SkipWithError("this machine lacks these instructions");
    return;
  }
  state.SetLabel(std::string(sotto::name_of(isa)) + ", " + std::to_string(n_mels) + " mels");
  const std::vector<float>& samples = ten_minutes();
  for (auto _ : state) {
    benchmark::DoNotOptimize(sotto::audio::log_mel_spectrogram(samples, 0, n_mels, isa));
  }
  state.counters["x_realtime"] = benchmark::Counter(
      kSeconds * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

BENCHMARK(log_mel)
    ->ArgsProduct({{static_cast<int>(sotto::Isa::portable), static_cast<int>(sotto::Isa::avx2),
                    static_cast<int>(sotto::Isa::avx512)},
                   {80, 128}})
    ->Unit(benchmark::kMillisecond);

}  // namespace
