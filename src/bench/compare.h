// Sotto beside other engines, in turn, on the same model.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "bench/comparison.h"
#include "bench/parts.h"
#include "bench/peer.h"

namespace sotto::bench {

class Sotto;

/// What engines are compared in, and how Sotto does it, in seconds.
struct Task {
  std::string name;
  std::function<double(Sotto&)> run;
};
std::vector<Task> all_tasks();

/// Throws Error{io} when an engine fails, Error{interrupted}.
std::vector<Comparison> compare(Session& session, const std::vector<Task>& tasks,
                                std::vector<Peer>& peers);

}  // namespace sotto::bench
