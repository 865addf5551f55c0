// The command "sotto npu": the example designs for the array, checked, placed and simulated; the
// kernels of its cores, scheduled; the simulator compared with measurements. No hardware is used.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "apps/console.h"
#include "apps/picture_files.h"
#include "npu/design/examples/gemm.h"

namespace sotto::apps {

enum class NpuAction { list, check, plan, simulate, kernels, calibrate };

struct NpuOptions {
  NpuAction action = NpuAction::list;
  std::string design;                          ///< of npu_examples()
  std::vector<int> shape;                      ///< empty: the example's own
  std::optional<npu::design::GemmType> type;   ///< absent: the example's own
  int mhz = 1800;                              ///< of the array
  std::optional<std::filesystem::path> trace;  ///< where to write one, for Perfetto
  PictureFiles pictures;                       ///< where to draw the array and, simulated, its time
  bool json = false;                           ///< JSON instead of a table
  std::vector<std::string> kernels;            ///< to tell the costs of; empty: all
  std::optional<std::string> explain;          ///< a kernel whose inner loop is drawn instead
  std::optional<std::string> assembly;         ///< a kernel whose code is printed instead
};

/// Returns the exit code: 0, or 1 when the design is wrong or does not come to its end. Throws
/// Error.
int npu_command(const NpuOptions& options, Console& console);

}  // namespace sotto::apps
