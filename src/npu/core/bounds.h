// Lower bounds of the initiation interval: cycles per iteration that no schedule can beat.
#pragma once

#include <string>
#include <vector>

#include "npu/core/dependence.h"
#include "npu/core/loop.h"

namespace sotto::npu::core {

struct Bounds {
  int resources = 1;    ///< slots, units and banks
  int recurrences = 1;  ///< values that a later iteration needs
  std::string binding;  ///< what `resources` is due to: "vec", "lda+ldb", "bank 2"
  int interval() const { return resources > recurrences ? resources : recurrences; }
};

Bounds bounds_of(const Loop& loop, const std::vector<Edge>& edges);

}  // namespace sotto::npu::core
