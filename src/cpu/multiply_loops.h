// What an instruction set multiplies at best: loops of multiply-adds whose operands stay in
// registers, made of the very products that its kernels use. A kernel is judged by the rate of the
// loop for its numbers.
#pragma once

#include <cstdint>

#include "base/isa.h"
#include "base/thread_pool.h"

namespace sotto::cpu {

/// A loop of steps, each of which adds `products` products.
struct MultiplyLoop {
  int products = 0;  ///< 0: the instruction set has no such products
  void (*run)(std::int64_t steps) noexcept = nullptr;
};

struct MultiplyLoops {
  MultiplyLoop float32;
  MultiplyLoop bfloat16;
  MultiplyLoop int16;  ///< exact as long as sums are (int16.h)
  MultiplyLoop int8;   ///< unsigned by signed bytes, exact sums
};

/// The loops of `isa`, which this machine must have.
const MultiplyLoops& multiply_loops_for(Isa isa);

/// Products a second of all threads together, each running the loop for about `seconds`.
double multiply_rate(const MultiplyLoop& loop, ThreadPool& pool, double seconds);

}  // namespace sotto::cpu
