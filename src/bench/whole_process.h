// A whole process, from its start to the text of a clip: what a user waits for who asks once.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "bench/parts.h"
#include "model/compute_type.h"

namespace sotto::bench {

/// What such a process does: loads the model, hears 11 s of made-up sound, and returns the text of
/// 30 forced tokens and, in a last line, the bytes of memory that it held at most.
std::string hear_clip(const std::filesystem::path& model, std::optional<model::ComputeType> wanted,
                      int threads);

/// Runs `program` with `arguments`, which make it write what hear_clip() returns, several times and
/// measures it from start to end. Returns the bytes that it held at most. Throws Error{io} when it
/// cannot run or fails.
double measure_process(Session& session, const std::filesystem::path& program,
                       const std::vector<std::string>& arguments);

/// Loading the model of the subject, whose file is in the system's cache.
void measure_load(Session& session, std::optional<model::ComputeType> wanted, int threads);

}  // namespace sotto::bench
