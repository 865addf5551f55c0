// The legal bundles and their bytes. Source: llvm-aie AIE2CompositeFormats.td.
//
// A bundle is encoded in any format that has its slots, the rest filled with nops; the assembler
// takes the shortest. All six short slots fit into 16 bytes, so formats cost bytes, never cycles.
#pragma once

#include "npu/core/fixed_list.h"
#include "npu/core/slots.h"

namespace sotto::npu::core {

inline constexpr int kMaxBundleBytes = 16;

/// Bytes of the shortest bundle that holds these slots; 0 when none does (lng beside alu or mv).
int bundle_bytes(SlotSet slots);

/// Whether a bundle can hold both: no slot is taken twice, and a format has all of them.
bool fit_together(SlotSet a, SlotSet b);

/// All sizes in which these slots can be encoded, ascending. A loop is padded to its alignment by
/// choosing larger ones, which costs no cycle.
FixedList<int, 8> bundle_sizes(SlotSet slots);

}  // namespace sotto::npu::core
