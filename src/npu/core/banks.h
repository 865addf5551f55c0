// The core's data memory as it shows in cycles. Measured on a Phoenix: two
// accesses of one bundle in one 16 KB bank take one cycle more; offsets inside a bank do not
// matter.
#pragma once

namespace sotto::npu::core {

inline constexpr int kBanks = 4;
inline constexpr int kBankBytes = 16 * 1024;
inline constexpr int kBankConflictCycles = 1;
/// Where costs assume the stack: designs have it at the start of the core's memory.
inline constexpr int kStackBank = 0;

}  // namespace sotto::npu::core
