// A short recording that is heard once: what a user waits for who asks once.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/thread_pool.h"
#include "engine/packed_cache.h"
#include "model/compute_type.h"

namespace sotto::bench {

inline constexpr double kClipSeconds = 11;
inline constexpr int kClipTokens = 30;

/// Loads the model, as engine::Engine does, hears 11 s of made-up sound, and returns the text of 30
/// forced tokens and, in a last line, the bytes of memory that this process held at most.
std::string hear_clip(const std::filesystem::path& model, std::optional<model::ComputeType> wanted,
                      int threads, Pinning pinning, std::optional<engine::CacheSettings> cache);

}  // namespace sotto::bench
