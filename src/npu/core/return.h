// The end of a call's code: the return, and the bundles that run while the core goes back.
#pragma once

#include <string>

#include "npu/core/image.h"

namespace sotto::npu::core {

/// The first bundle of the caller that an instruction issued in bundle `at` cannot meet: its
/// results are written, its access comes before the caller's first, and no unit that it holds is
/// one that the caller could want. Locks are the caller's own care: one that releases a buffer
/// waits four bundles, until the last store has arrived (CALL_TO_LOCK in tools/program_bytes.py).
int over(const Instruction& made, int at);

/// Adds `ret` as early as may be: behind the last loop, in a bundle with room for it, at most
/// kDelaySlots bundles before the end. The end is where nothing that is under way can meet what the
/// caller does next.
void add_return(Image& image);

/// How many of the return's bundles, its delay slots included, hold other instructions as well.
int beside_return(const Image& image);

/// What is wrong with the return, in one line; empty when nothing is, or there is none.
std::string problem_of_return(const Image& image);

}  // namespace sotto::npu::core
