// Addresses as pointers that move along.
//
// Accesses of a loop whose distances never change form a group, loads and stores each their own: a
// pointer that does both would make the next iteration's loads wait for the stores. Its pointers
// each go from access to access by post-increments; a new pointer is taken where two ways
// alternate. A way that the instruction's constant cannot hold takes an increment register (m),
// those first that save most, or else an addition. To the next iteration the first pointer goes by
// a constant too, or, where the way turns, by a 2-D or 3-D modifier; the others are then copied
// from it. In a modifier, of registers dj (inner step), dn (inner steps before the wrap), dc (how
// many of them are done) and m (the step of the wrap),
//     if (dc == dn) { p += m; dc = 0; } else { p += dj; ++dc; }
// and a 3-D one has a second set, whose m is not used: where the first set wraps,
//     if (dc2 == dn2) { p += m; dc2 = 0; } else { p += dj2; ++dc2; }
// An address that in the first iteration is not where the pattern of the others says (what was
// there before the loop) is a copy, made an iteration before, of another group's pointer or of one
// that runs ahead.
#pragma once

#include "npu/recorder/trace.h"

namespace sotto::npu::recorder {

/// Gives every load and store its pointer and mode, and adds the steps that set and move pointers.
void lower_addresses(Trace& trace);

}  // namespace sotto::npu::recorder
