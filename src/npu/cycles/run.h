// A compiled call executed bundle by bundle on the core without interlocks, on real bits: what
// instructions compute is what the host's vectors do (recorder::Effect), when they read and write
// is up to the code.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "npu/cycles/compile.h"

namespace sotto::npu::cycles {

struct BitRun {
  std::string problem;      ///< the first breach of a rule; empty when there is none
  int64_t cycles = 0;       ///< bundles and stalls
  int64_t bank_stalls = 0;  ///< included
  int64_t macs = 0;         ///< products that were added up, by shape of the instruction
  double peak_cycles = 0;   ///< that those would take at the peak of their types
  bool left = false;        ///< by its jump out of the call
  int64_t returned = 0;     ///< what r0 holds
  std::vector<std::byte> memory;
};

/// From what the kernel's buffers held before it was recorded.
BitRun run(const Compiled& compiled, const recorder::Kernel& kernel);

/// Empty when the code follows all rules, leaves every buffer as the kernel did and returns what it
/// returned. Every run must leave the caller's registers and what lies on the stack before its
/// frame.
std::string check(const Compiled& compiled, const recorder::Kernel& kernel);

}  // namespace sotto::npu::cycles
