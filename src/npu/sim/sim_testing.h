// For tests of the simulator: programs, data and a library of small kernels.
#pragma once

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

#include "npu/design/check/check_testing.h"
#include "npu/design/lower.h"
#include "npu/sim/simulate.h"

namespace sotto::npu::sim::testing {

/// The host buffers of a program, the first one counting up from 1.
struct Hosts {
  std::vector<std::vector<std::int32_t>> words;

  explicit Hosts(const design::ArrayProgram& program) {
    for (const design::ProgramHostBuffer& buffer : program.host_buffers) {
      words.emplace_back((buffer.bytes + 3) / 4, 0);
    }
    if (!words.empty()) std::iota(words[0].begin(), words[0].end(), 1);
  }
  std::vector<std::span<std::byte>> spans() {
    std::vector<std::span<std::byte>> all;
    for (auto& buffer : words) all.push_back(std::as_writable_bytes(std::span(buffer)));
    return all;
  }
};

/// Options without the time of host and controller: what remains is the array.
inline Options quick(EngineKind engine) {
  Options options;
  options.engine = engine;
  options.dispatch_overhead = 0;
  options.costs.operation = 10000;
  options.costs.push = 10000;
  return options;
}

}  // namespace sotto::npu::sim::testing
