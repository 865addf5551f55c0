// The loop marks of the device kernels: pragmas of Peano, the compiler for the NPU; nothing on the
// host. Peano pipelines a loop by itself when it knows that it runs often enough. The recorder of
// kernels (npu/recorder) brings marks of its own, by which it sees every iteration.
#pragma once

#define SOTTO_PRAGMA(text) _Pragma(#text)

#if defined(__PEANO__)
#define SOTTO_MIN_TRIPS(trips) SOTTO_PRAGMA(clang loop min_iteration_count(trips))
/// The loop below has a constant trip count and disappears: its index picks registers.
#define SOTTO_UNROLL SOTTO_PRAGMA(clang loop unroll(full))
#else
#define SOTTO_MIN_TRIPS(trips)
#if !defined(SOTTO_UNROLL)
#define SOTTO_UNROLL
#endif
#endif

#if !defined(SOTTO_LOOP)
/// A `for` that runs `trips` times or more, at least once.
#define SOTTO_LOOP(trips, ...) SOTTO_MIN_TRIPS(trips) for (__VA_ARGS__)
/// One that may not run.
#define SOTTO_LOOP_IF_ANY(...) for (__VA_ARGS__)
#endif
