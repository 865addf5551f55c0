#include "bench/parts.h"

namespace sotto::bench {

void Session::measure(Part part, const std::function<void()>& body) {
  if (on_part) on_part(part.name);
  part.timing = measure_whole(limits, budget, part.work, body);
  part.bound = bound_of(part.work, limits.measure(part.work));
  parts.push_back(std::move(part));
}

}  // namespace sotto::bench
