#include "bench/goals.h"

#include <map>

namespace sotto::bench {

std::optional<double> goal_of(const Part& part) {
  // Attention's softmax is in the time and not in the work, and the more so the faster its products
  // are.
  const double attention = part.bound == name_of(Resource::float32) ? 0.70 : 0.55;
  const std::map<std::string, double> goals = {{"encoder.convolutions", 0.80},
                                               {"encoder.linear_layers", 0.80},
                                               {"encoder.attention", attention},
                                               {"cross_kv", 0.80},
                                               {"decoder.batch_1", 0.80}};
  const auto found = goals.find(part.name);
  if (found == goals.end()) return std::nullopt;
  return found->second;
}

}  // namespace sotto::bench
