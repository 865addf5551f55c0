// A whole process, from its start to the text of a clip: what a user waits for who asks once.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bench/parts.h"
#include "engine/packed_cache.h"
#include "model/compute_type.h"

namespace sotto::bench {

/// Runs `command`, followed by the path of a recording of 11 s of made-up sound, several times and
/// measures it from start to end; it writes what hear_clip() returns. Returns the bytes that it
/// held at most. Throws Error{io} when it cannot run or fails, and Error{interrupted}.
double measure_process(Session& session, std::vector<std::string> command);

/// Loading the model of the subject, whose file is in the system's cache; with a cache of packed
/// weights also without it.
void measure_load(Session& session, std::optional<model::ComputeType> wanted,
                  const std::optional<engine::CacheSettings>& cache);

}  // namespace sotto::bench
