// A published measurement and its simulation.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "npu/sim/costs.h"

namespace sotto::npu::calibrate {

struct Row {
  std::string name;    ///< unique
  std::string what;    ///< that was measured
  std::string source;  ///< one sitting of one owner: the group that is left out of a fit together
  std::string unit;
  double published = 0;
  /// The source measured its clock, and what it says is enough to rebuild the design.
  bool gating = true;
  int mhz = 1800;
  /// Of a row that does not gate: what is missing. Of one that is known to be off: why.
  std::string note = {};
  /// At `mhz`. Empty: not rebuilt.
  std::function<double(const sim::Costs&)> simulate = {};
  /// Of a row whose source did not measure the clock: the same at any, a time.
  std::function<double(const sim::Costs&, int mhz)> at_clock = {};
};

inline constexpr double kTolerance = 0.1;

/// All of them, in the order of the table. One file each for the families.
std::vector<Row> rows();

std::vector<Row> stream_rows();
std::vector<Row> memory_rows();
std::vector<Row> controller_rows();
std::vector<Row> product_rows();
std::vector<Row> unclocked_rows();
std::vector<Row> chip_rows();

}  // namespace sotto::npu::calibrate
