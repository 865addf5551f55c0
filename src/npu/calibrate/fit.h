// Which costs are free, and what the measurements say about them.
#pragma once

#include <span>

#include "base/thread_pool.h"
#include "npu/calibrate/row.h"

namespace sotto::npu::calibrate {

/// A number of sim::Costs that was set so that rows come out right. All others are those of a
/// source that measured or specifies them alone, or assumptions (costs.h).
struct Parameter {
  const char* name;
  std::int64_t sim::Costs::*value;
};
std::span<const Parameter> free_parameters();

/// Of each row, in order; NaN where there is no simulation.
std::vector<double> simulate_all(const std::vector<Row>& rows, const sim::Costs& costs,
                                 ThreadPool& pool);

/// Around the costs as they are: ln(simulated / published) of each gating row, and its derivative
/// by the logarithm of each free parameter.
struct Linear {
  std::vector<const Row*> rows;
  std::vector<double> errors;
  std::vector<std::vector<double>> slopes;  ///< by row, by parameter
};
Linear linearize(const std::vector<Row>& rows, const sim::Costs& costs, ThreadPool& pool);

/// Steps of the parameters' logarithms to the least squares of these rows' errors. Parameters that
/// none of them depends on stay.
std::vector<double> step_to_least_squares(const Linear& linear, const std::vector<bool>& used);

/// A source's rows when the free parameters are fitted to all others, to first order.
struct LeftOut {
  std::string source;
  int rows = 0;          ///< that depend on no parameter which they alone determine
  int undetermined = 0;  ///< the others
  double error = 0;      ///< root mean square of theirs, as a part of what was published
};
std::vector<LeftOut> leave_each_out(const Linear& linear);

}  // namespace sotto::npu::calibrate
