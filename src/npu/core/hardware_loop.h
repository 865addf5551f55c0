// The zero-overhead loop and the jumps. Sources: llvm-aie AIEBaseHardwareLoops and delay slots of
// AIE2GenInstrInfo.td; the distance before the end was measured to hold on a Phoenix, less was
// never tried.
#pragma once

namespace sotto::npu::core {

/// ls, le and lc hold one loop: only the innermost is free.
inline constexpr int kHardwareLoops = 1;
/// The first and the last bundle of the body start at multiples of this, and so does what a jump
/// leads to (llvm-aie AIEMachineAlignment).
inline constexpr int kBlockAlignment = 16;
/// The last bundle of the body has this size.
inline constexpr int kLoopEndBytes = 16;
/// From the last write of ls, le or lc to the body's last bundle.
inline constexpr int kLoopSetupBytes = 112;
/// Bundles that run after a jump, call or return before its target does.
inline constexpr int kDelaySlots = 5;

}  // namespace sotto::npu::core
