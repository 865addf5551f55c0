#include "npu/calibrate/calibration.h"

#include <algorithm>
#include <cmath>

namespace sotto::npu::calibrate {
namespace {

/// A row may move by so much: rounding in the record.
constexpr double kMargin = 0.002;

/// Time is a part that the clock does not change and one that it divides.
std::optional<int> needed_clock(const Row& row, const sim::Costs& costs) {
  constexpr int kSlow = 800, kFast = 1800;
  const double slow = row.at_clock(costs, kSlow), fast = row.at_clock(costs, kFast);
  const double cycles = (slow - fast) / (1.0 / kSlow - 1.0 / kFast);
  const double fixed = fast - cycles / kFast;
  if (row.published <= fixed) return std::nullopt;
  return static_cast<int>(std::lround(cycles / (row.published - fixed)));
}

}  // namespace

bool Result::is_worse() const {
  if (!row.gating || !recorded || std::fabs(*recorded) > kTolerance) return false;
  return !passes() || std::fabs(error) > std::fabs(*recorded) + kMargin;
}

bool Calibration::is_worse() const {
  return std::any_of(results.begin(), results.end(),
                     [](const Result& result) { return result.is_worse(); });
}

Calibration calibrate(const std::vector<Row>& rows, ThreadPool& pool, bool fits) {
  const sim::Costs costs;
  Calibration calibration;
  for (const Row& row : rows)
    calibration.results.push_back({row, {}, 0, recorded_error(row.name), {}});
  const auto simulate = [&](std::int64_t i, int) {
    Result& result = calibration.results[static_cast<std::size_t>(i)];
    if (!result.row.simulate) return;
    result.simulated = result.row.simulate(costs);
    result.error = *result.simulated / result.row.published - 1;
    if (result.row.at_clock) result.clock = needed_clock(result.row, costs);
  };
  pool.parallel_for(static_cast<std::int64_t>(rows.size()), simulate);
  for (const Result& result : calibration.results) {
    calibration.gating += result.row.gating;
    calibration.passing += result.row.gating && result.passes();
  }
  if (fits) calibration.left_out = leave_each_out(linearize(rows, costs, pool));
  return calibration;
}

}  // namespace sotto::npu::calibrate
