#include "npu/calibrate/calibration.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

namespace sotto::npu::calibrate {
namespace {

TEST(Rows, HaveNamesOfTheirOwnAndARecord) {
  std::set<std::string> names;
  for (const Row& row : rows()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_GT(row.published, 0) << row.name;
    EXPECT_EQ(row.gating, recorded_error(row.name).has_value()) << row.name;
    EXPECT_TRUE(row.gating ? row.simulate != nullptr : !row.note.empty()) << row.name;
  }
}

// All of them take a while; the large products are for the command.
TEST(Calibration, SmallRowsAreAsRecorded) {
  std::vector<Row> small;
  for (auto family : {stream_rows, memory_rows, controller_rows}) {
    for (Row& row : family()) small.push_back(std::move(row));
  }
  for (Row& row : product_rows()) {
    if (row.name == "bf16 to bf16 512 x 512 x 512 by 64 x 64 x 32") small.push_back(std::move(row));
  }
  ThreadPool pool(1);
  const Calibration calibration = calibrate(small, pool, false);
  EXPECT_EQ(calibration.gating, 23);
  EXPECT_EQ(calibration.passing, 23);
  for (const Result& result : calibration.results) {
    EXPECT_FALSE(result.is_worse()) << result.row.name << " " << result.error;
  }
}

TEST(Calibration, ARowThatPassedMayNotGetWorse) {
  Result result;
  result.row.published = 100;
  result.simulated = 104;
  result.error = 0.04;
  EXPECT_FALSE(result.is_worse());  // no record
  result.recorded = 0.04;
  EXPECT_FALSE(result.is_worse());
  result.recorded = 0.02;
  EXPECT_TRUE(result.is_worse());
  result.recorded = -0.05;
  EXPECT_FALSE(result.is_worse());
  result.recorded = 0.3;  // it did not pass
  EXPECT_FALSE(result.is_worse());
  result.row.gating = false;
  result.recorded = 0.02;
  EXPECT_FALSE(result.is_worse());
}

// Two rows, the controller's, of which each determines one of two parameters.
TEST(Fit, FindsTheCostsThatRowsWereMadeWith) {
  std::vector<Row> made;
  for (Row& row : controller_rows()) {
    if (row.name == "operation" || row.name == "task") made.push_back(std::move(row));
  }
  ThreadPool pool(1);
  sim::Costs truth;
  truth.operation = 150000;
  truth.push = 600000;
  for (Row& row : made) row.published = row.simulate(truth);
  const Linear linear = linearize(made, sim::Costs{}, pool);
  const std::vector<double> step = step_to_least_squares(linear, {true, true});
  for (std::size_t j = 0; j < step.size(); ++j) {
    const Parameter& parameter = free_parameters()[j];
    const double before = static_cast<double>(sim::Costs{}.*parameter.value);
    EXPECT_NEAR(before * std::exp(step[j]) / static_cast<double>(truth.*parameter.value), 1, 0.02)
        << parameter.name;
  }
  const std::vector<LeftOut> left = leave_each_out(linear);
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(left[0].undetermined, 2);
}

}  // namespace
}  // namespace sotto::npu::calibrate
