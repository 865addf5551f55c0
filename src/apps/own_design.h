// A design of one's own as a program: "./first check", "./first plan", "./first simulate", each as
// "sotto npu" does it for the designs that ship. docs/writing-a-design.md writes one.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "npu/design/build.h"
#include "npu/sim/kernel_library.h"

namespace sotto::apps {

/// A host buffer of the design as it is: numbers<float>(buffer).
template <typename T>
std::span<T> numbers(std::span<std::byte> buffer) {
  return {reinterpret_cast<T*>(buffer.data()), buffer.size() / sizeof(T)};
}
/// In the order in which the design names them.
using HostBuffers = std::vector<std::span<std::byte>>;

struct OwnDesign {
  std::string name;
  std::function<npu::design::Design()> draw;
  npu::sim::KernelLibrary kernels;  ///< what its cores call
  /// Before a simulation: what the host has in its buffers, zeros otherwise. Without it no data
  /// move, only time passes.
  std::function<void(const HostBuffers&)> fill = {};
  /// After it: what is wrong with the result, or nothing.
  std::function<std::string(const HostBuffers&)> verdict = {};
};

/// What main() returns: 0; 1 when the design is wrong, does not come to its end, or its result is
/// wrong; 2 for wrong usage.
int own_design_main(int argc, char** argv, const OwnDesign& own);

}  // namespace sotto::apps
