#include "bench/goals.h"

#include <map>

namespace sotto::bench {

std::optional<double> goal_of(const std::string& part) {
  // Attention: its softmax is in the time and not in the work.
  static const std::map<std::string, double> kGoals = {{"encoder.convolutions", 0.80},
                                                       {"encoder.linear_layers", 0.80},
                                                       {"encoder.attention", 0.55},
                                                       {"cross_kv", 0.80},
                                                       {"decoder.batch_1", 0.80}};
  const auto found = kGoals.find(part);
  if (found == kGoals.end()) return std::nullopt;
  return found->second;
}

}  // namespace sotto::bench
