// What the machine can do at this moment: products a second of each type of numbers, and bytes a
// second from a buffer of a given size.
#pragma once

#include <cstddef>

#include "base/buffer.h"
#include "base/isa.h"
#include "base/thread_pool.h"
#include "bench/work.h"

namespace sotto::bench {

class Limits {
 public:
  /// Measures the products that `isa` has, with all threads of `pool`, which must outlive it.
  Limits(Isa isa, ThreadPool& pool) : isa_(isa), pool_(pool) {}

  /// The rates that `work` needs, measured in a few milliseconds. Those of numbers without products
  /// on this instruction set stay zero.
  Rates measure(const Work& work);

  /// Bytes a second of reading as much memory twice, of which the second time counts: what fits the
  /// cache comes from there.
  double read_rate(std::size_t bytes);

 private:
  Isa isa_;
  ThreadPool& pool_;
  Buffer<std::byte> memory_;  // grows to the largest size asked for
};

}  // namespace sotto::bench
