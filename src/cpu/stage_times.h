// How long each stage of the encoder takes, for who wants to know.
#pragma once

#include <array>
#include <cstddef>

#include "base/stopwatch.h"

namespace sotto::cpu {

enum class Stage {
  convolutions,
  layer_norms,    ///< with what makes their results the inputs of linear layers
  linear_layers,  ///< with bias, GELU, residual and what makes their results the next layer's
                  ///< inputs
  attention,
};
inline constexpr std::size_t kStages = 4;

class StageTimes {
 public:
  /// Begins a window.
  void restart() {
    seconds_.fill(0);
    stopwatch_ = {};
  }
  /// All since the last call belongs to `stage`.
  void lap(Stage stage) {
    seconds_[static_cast<std::size_t>(stage)] += stopwatch_.seconds();
    stopwatch_ = {};
  }
  double seconds(Stage stage) const { return seconds_[static_cast<std::size_t>(stage)]; }

 private:
  std::array<double, kStages> seconds_{};
  Stopwatch stopwatch_;
};

/// StageTimes::lap() where times are wanted.
inline void lap(StageTimes* times, Stage stage) {
  if (times != nullptr) times->lap(stage);
}

}  // namespace sotto::cpu
