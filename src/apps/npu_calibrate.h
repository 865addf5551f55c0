// "sotto npu calibrate": published measurements beside what the simulator says.
#pragma once

#include <string>

#include "apps/console.h"
#include "npu/calibrate/calibration.h"

namespace sotto::apps {

/// Returns the exit code: 1 when a row that passed got worse.
int calibrate_npu(bool json, Console& console);

std::string describe_calibration(const npu::calibrate::Calibration& calibration, bool in_colour);
std::string calibration_json(const npu::calibrate::Calibration& calibration);

}  // namespace sotto::apps
