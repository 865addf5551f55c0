// Places for the instructions of a passage in fewer bundles than it has.
#pragma once

#include <optional>
#include <vector>

#include "npu/core/passage.h"

namespace sotto::npu::core {

struct Place {
  int bundle = -1;  ///< from the passage's first; -1: none yet
  Opcode opcode{};
};

/// Places in this many bundles, by instruction, that keep to all constraints, or nothing when none
/// are found. With `backwards` the passage is filled from its end on and everything comes late.
std::optional<std::vector<Place>> find_places(const Image& image, const Passage& passage,
                                              const Constraints& all, int bundles, bool backwards);

}  // namespace sotto::npu::core
