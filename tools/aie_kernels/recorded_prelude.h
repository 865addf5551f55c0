// Comes before AMD's own sources when calibrate.sh compiles them for the recorder of kernels
// (src/npu/recorder): it takes the place of aie_kernel_utils.h, so that their loops tell the
// recorder what their macros tell a compiler. The sources themselves stay as they are.
//
//   for (...)                          every loop is a loop of the recorder
//   AIE_LOOP_MIN_ITERATION_COUNT(n)    the next one runs n times or more
//   AIE_PREPARE_FOR_PIPELINING, AIE_LOOP_FLATTEN and the rest: nothing, as Peano has it
//   SOTTO_CONSTANT_TRIPS (ours)        the loops of this source run as often as constants say,
//   which
//                                      a compiler knows without being told
// AIE_LOOP_UNROLL changes the code that a compiler makes, so a source that has it is refused.
#pragma once

// Whatever the sources include; after this no header may hold a loop.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <aie_api/aie.hpp>
#include <type_traits>

#include "base/error.h"

#define _AIE_KERNEL_UTILS_
#define AIE_LOOP_MIN_ITERATION_COUNT(count) if (sotto::aie_kernels::next_loop_runs(count); true)
#define AIE_LOOP_RANGE(least, ...) AIE_LOOP_MIN_ITERATION_COUNT(least)
#define AIE_LOOP_MAX_ITERATION_COUNT(count)
#define AIE_PREPARE_FOR_PIPELINING
#define AIE_NO_PREPARE_FOR_PIPELINING
#define AIE_PREPARE_FOR_POSTPIPELINING
#define AIE_LOOP_FLATTEN
#define AIE_LOOP_NO_UNROLL
#define AIE_KEEP_SW_LOOP
#define AIE_NO_HW_LOOP
#define AIE_MODULO_SCHEDULING_BUDGET_RATIO(ratio)
#define AIE_PEEL_PIPELINED_LOOP(count)
#define AIE_KEEP_FREE_FOR_PIPELINING(what)
#define AIE_ALLOCATE(what)
#define AIE_TRY_INITIATION_INTERVAL(interval)
#define AIE_LOOP_UNROLL(count) static_assert(false, "AIE_LOOP_UNROLL is not recorded");
#define AIE_LOOP_UNROLL_FULL static_assert(false, "AIE_LOOP_UNROLL_FULL is not recorded");

namespace sotto::aie_kernels {

/// What the next loop's macro promised; 0: nothing.
inline int promised_trips = 0;
inline void next_loop_runs(int least) {
  promised_trips = least;
}

class LoopMark : public npu::recorder::LoopMark {
 public:
  explicit LoopMark(const char* where) : npu::recorder::LoopMark(where, take_trips()) {}

 private:
  static int take_trips() {
    const int least = promised_trips;
    promised_trips = 0;
#ifdef SOTTO_CONSTANT_TRIPS
    (void)least;
    return npu::recorder::kConstantTrips;
#else
    return least;
#endif
  }
};

}  // namespace sotto::aie_kernels

#define for(...)                                                                       \
  if (sotto::aie_kernels::LoopMark sotto_loop_mark(__FILE_NAME__                       \
                                                   ":" SOTTO_RECORDED_LINE(__LINE__)); \
      true)                                                                            \
    for (__VA_ARGS__)                                                                  \
      if (sotto_loop_mark.begin_iteration(); true)

// Marks for a trace: an instruction each that our kernels do not have; not counted.
inline void event0() {}
inline void event1() {}

namespace recorded_aie {

/// A vector times a number: by AMD's headers the number in all lanes. What words take is not known
/// to the recorder.
template <typename T, unsigned Elems>
auto mul(const vector<T, Elems>& v, T number) {
  if constexpr (sizeof(T) == 4) {
    sotto::fail(sotto::ErrorKind::unsupported, "the recorder knows no products of words");
    return accum<acc64, Elems>();
  } else {
    return mul(v, broadcast<T, Elems>(number));
  }
}

namespace detail::table {
template <>
inline vector<int32, 16> to_vector<int32>(const accum<acc64, 16>& acc, int shift) {
  return vector_of<int32, 16>([&](unsigned) { return srs<int32>(acc.source(0), shift); });
}
}  // namespace detail::table

}  // namespace recorded_aie
