// The rows, simulated and judged.
#pragma once

#include <optional>

#include "npu/calibrate/fit.h"

namespace sotto::npu::calibrate {

struct Result {
  Row row;
  std::optional<double> simulated;
  double error = 0;                ///< simulated / published - 1
  std::optional<double> recorded;  ///< the error when the record was made
  std::optional<int> clock;        ///< MHz that a row without a clock would need
  bool passes() const { return simulated && error <= kTolerance && error >= -kTolerance; }
  /// A gating row that passed, and now fails or is further off.
  bool is_worse() const;
};

struct Calibration {
  std::vector<Result> results;
  std::vector<LeftOut> left_out;
  int gating = 0, passing = 0;
  bool is_worse() const;
};

/// With `fits`, also leaves each source out of the fit, which takes most of the time.
Calibration calibrate(const std::vector<Row>& rows, ThreadPool& pool, bool fits);

/// The error of a row of this name when the record was made.
std::optional<double> recorded_error(const std::string& name);

}  // namespace sotto::npu::calibrate
