#include "bench/peaks.h"

#include <algorithm>

#include "base/interrupt.h"
#include "bench/limits.h"

namespace sotto::bench {
namespace {

/// An instruction set that holds another has its products; they are measured where they came.
bool brings(Isa isa, Resource numbers) {
  switch (numbers) {
    case Resource::float32:
      return isa == float_isa(isa);
    case Resource::bfloat16:
      return true;
    case Resource::int16:
    case Resource::int8:
      return isa != Isa::avx512_bf16;
    case Resource::memory:
      return false;
  }
  return false;
}

/// `rate`, which returns a number, so many times.
template <typename Rate>
std::vector<double> repeated(int rounds, const Rate& rate) {
  std::vector<double> rates;
  for (int round = 0; round < rounds; ++round) {
    check_interrupted();
    rates.push_back(rate());
  }
  return rates;
}

}  // namespace

std::vector<MultiplyPeak> measure_multiply_peaks(ThreadPool& pool, int rounds) {
  std::vector<MultiplyPeak> peaks;
  for (const Isa isa : available_isas()) {
    Limits limits(isa, pool);
    for (const Resource numbers : kResources) {
      if (!brings(isa, numbers)) continue;
      Work one;
      one[numbers] = 1;
      const auto rates = repeated(rounds, [&] { return limits.measure(one)[numbers]; });
      const double best = *std::ranges::max_element(rates);
      if (best > 0) peaks.push_back({isa, numbers, spread_of(rates), best});
    }
  }
  return peaks;
}

ReadPeak measure_read_peak(const std::string& name, std::size_t bytes, Limits& limits, int rounds) {
  const auto rates = repeated(rounds, [&] { return limits.read_rate(bytes); });
  return {name, bytes, spread_of(rates), *std::ranges::max_element(rates)};
}

std::size_t dram_bytes(const Machine& machine) {
  constexpr std::size_t kAtLeast = std::size_t{512} << 20;
  const std::size_t wanted = std::max(kAtLeast, 4 * machine.l3_bytes);
  return machine.memory_bytes == 0 ? wanted : std::min(wanted, machine.memory_bytes / 4);
}

}  // namespace sotto::bench
