// Sotto beside other engines, in turn, on the same model.
#pragma once

#include <vector>

#include "bench/comparison.h"
#include "bench/parts.h"
#include "bench/peer.h"

namespace sotto::bench {

inline constexpr int kTasksCompared = 7;

/// Throws Error{io} when an engine fails, Error{interrupted}.
std::vector<Comparison> compare(Session& session, std::vector<Peer>& peers);

}  // namespace sotto::bench
