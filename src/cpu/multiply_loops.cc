#include "cpu/multiply_loops.h"

#include <algorithm>

#include "base/error.h"
#include "base/stopwatch.h"
#include "cpu/multiply_loops_tables.h"

namespace sotto::cpu {

const MultiplyLoops& multiply_loops_for(Isa isa) {
  SOTTO_CHECK(machine_has(isa));
#if defined(__x86_64__)
  switch (isa) {
    case Isa::portable:
      break;
    case Isa::avx2:
      return kAvx2MultiplyLoops;
    case Isa::avx_vnni:
      return kAvxVnniMultiplyLoops;
    case Isa::avx512:
      return kAvx512MultiplyLoops;
    case Isa::avx512_vnni:
      return kAvx512VnniMultiplyLoops;
    case Isa::avx512_bf16:
      return kAvx512Bf16MultiplyLoops;
  }
#endif
  return kPortableMultiplyLoops;
}

double multiply_rate(const MultiplyLoop& loop, ThreadPool& pool, double seconds) {
  SOTTO_CHECK(loop.products > 0);
  // Pieces that are short beside `seconds`, so that a thread which comes late costs little.
  constexpr std::int64_t kSteps = 2000;
  const Stopwatch probe;
  loop.run(kSteps);
  const double step_seconds = std::max(probe.seconds(), 1e-9) / kSteps;
  const auto n_pieces = std::max<std::int64_t>(
      1, static_cast<std::int64_t>(seconds / (step_seconds * static_cast<double>(kSteps))));
  const Stopwatch stopwatch;
  pool.parallel_for(n_pieces * pool.size(), [&](std::int64_t, int) noexcept { loop.run(kSteps); });
  return static_cast<double>(loop.products) * kSteps * static_cast<double>(n_pieces) * pool.size() /
         stopwatch.seconds();
}

}  // namespace sotto::cpu
