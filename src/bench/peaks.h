// The machine's peaks, of all threads together: what it multiplies with each instruction set, and
// how fast it reads.
#pragma once

#include <string>
#include <vector>

#include "base/isa.h"
#include "base/thread_pool.h"
#include "bench/machine.h"
#include "bench/spread.h"
#include "bench/work.h"

namespace sotto::bench {

class Limits;

/// Products a second.
struct MultiplyPeak {
  Isa isa;
  Resource numbers;
  Spread per_second;
  double best = 0;
};

/// Bytes a second.
struct ReadPeak {
  std::string name;  ///< "dram", "decoder": a buffer of the size that a step reads
  std::size_t bytes = 0;
  Spread per_second;
  double best = 0;
};

/// Of every instruction set that this machine has, for the numbers that it brings products of; each
/// measured so many times, for a few milliseconds.
std::vector<MultiplyPeak> measure_multiply_peaks(ThreadPool& pool, int rounds);

/// Of a buffer.
ReadPeak measure_read_peak(const std::string& name, std::size_t bytes, Limits& limits, int rounds);

/// A size that no cache holds.
std::size_t dram_bytes(const Machine& machine);

}  // namespace sotto::bench
