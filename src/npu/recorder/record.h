// Kernels as regions of instructions. Source of each step: trace.h (what was run), fold.h (loops),
// simplify.h and place.h (what a compiler makes of it), addresses.h (pointers), regions.h (result).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "npu/recorder/calls.h"
#include "npu/recorder/regions.h"

namespace sotto::npu::recorder {

/// Memory that is filled as a call wants it.
std::vector<Buffer<std::byte>> make_buffers(const Call& call);

/// What `run`, which calls recorded kernels, does on these buffers.
struct Memory {
  std::string name;
  Buffer<std::byte>* bytes;
  int bank;
};
Kernel record(const std::string& name, const std::vector<Memory>& memory,
              const std::function<void()>& run);

/// The kernels that can be recorded, and one of them.
std::vector<std::string> recordable();
Kernel record(const std::string& name, const Sizes& sizes = {});

}  // namespace sotto::npu::recorder
