#include "bench/limits.h"

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "base/stopwatch.h"
#include "bench/memory_probe.h"
#include "cpu/multiply_loops.h"

namespace sotto::bench {
namespace {

constexpr double kProbeSeconds = 0.002;

const cpu::MultiplyLoop& loop_of(const cpu::MultiplyLoops& loops, Resource numbers) {
  switch (numbers) {
    case Resource::float32:
      return loops.float32;
    case Resource::bfloat16:
      return loops.bfloat16;
    case Resource::int16:
      return loops.int16;
    case Resource::int8:
      return loops.int8;
    case Resource::memory:
      break;
  }
  SOTTO_CHECK(false);
}

}  // namespace

Rates Limits::measure(const Work& work) {
  Rates rates;
  for (std::size_t i = 0; i < kNumberTypes; ++i) {
    const Resource numbers = kResources[i];
    const cpu::MultiplyLoop& loop = loop_of(cpu::multiply_loops_for(isa_), numbers);
    if (work[numbers] <= 0 || loop.products == 0) continue;
    rates[numbers] = cpu::multiply_rate(loop, pool_, kProbeSeconds);
  }
  const double bytes = work[Resource::memory];
  if (bytes > 0) rates[Resource::memory] = read_rate(static_cast<std::size_t>(bytes));
  return rates;
}

double Limits::read_rate(std::size_t bytes) {
  // Whole pieces, so that no byte is counted that is not read.
  const std::size_t n_pieces = std::max<std::size_t>(1, bytes / kReadPieceBytes);
  const std::size_t rounded = n_pieces * kReadPieceBytes;
  if (memory_.size() < rounded) {
    memory_ = {};
    memory_ = Buffer<std::byte>(rounded);
    // Pages that were never written are all the same page of zeros.
    std::ranges::fill(memory_, std::byte{1});
  }
  const auto run = memory_.span().first(rounded);
  // A cache that something else has filled takes this in over several passes.
  constexpr int kPasses = 5;
  double shortest = std::numeric_limits<double>::infinity();
  for (int pass = 0; pass < kPasses; ++pass) {
    const Stopwatch stopwatch;
    read_memory(run, pool_);
    shortest = std::min(shortest, stopwatch.seconds());
  }
  return static_cast<double>(rounded) / shortest;
}

}  // namespace sotto::bench
