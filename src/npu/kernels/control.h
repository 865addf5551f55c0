// Cycles of the code that calls kernels and is none itself: those of the shortest way through it,
// without the kernels' own and those of their calls. tools/program_bytes.py computes them, and its
// --check, which CI runs, fails where one is not the same; how good an estimate it is stands there.
#pragma once

namespace sotto::npu::kernels {

// encoder_core, in a pass of an attention:
inline constexpr int kFromTileToTile = 76;      ///< from attention_weights to the next
inline constexpr int kFromTileToLastTile = 83;  ///< the same where weights are set to zero before
inline constexpr int kFromPassToPass = 274;  ///< from invert_sums to the next, with one tile, strip
inline constexpr int kFromStripToStrip = 56;    ///< from round_strip_a to the next
inline constexpr int kFromObjectToObject = 57;  ///< from passthrough of queries to the next

inline constexpr int kThroughReference = 21;  ///< attention_reference
inline constexpr int kThroughKeys = 43;       ///< attention_keys, no score being too large

}  // namespace sotto::npu::kernels
