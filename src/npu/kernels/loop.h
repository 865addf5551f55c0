// The loop marks of the device kernels: pragmas of Peano, the compiler for the NPU; nothing on the
// host. Peano pipelines a loop by itself when it knows that it runs often enough.
#pragma once

#define SOTTO_PRAGMA(text) _Pragma(#text)

#if defined(__PEANO__)
/// The loop below runs `trips` times or more, at least once. A loop that may not run has no mark.
#define SOTTO_LOOP(trips) SOTTO_PRAGMA(clang loop min_iteration_count(trips))
/// The loop below has a constant trip count and disappears: its index picks registers.
#define SOTTO_UNROLL SOTTO_PRAGMA(clang loop unroll(full))
#else
#define SOTTO_LOOP(trips)
#define SOTTO_UNROLL
#endif
