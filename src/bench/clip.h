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

/// Loads the model and transcribes a recording as `sotto transcribe` does, except that each window
/// has 30 tokens, which is where a search ends that may not end before, and no timestamps. Returns
/// the text and, in a last line, the bytes of memory that this process held at most. Throws as
/// engine::Engine and audio::decode_file() do.
std::string hear_clip(const std::filesystem::path& recording, const std::filesystem::path& model,
                      std::optional<model::ComputeType> wanted, int threads, Pinning pinning,
                      std::optional<engine::CacheSettings> cache);

}  // namespace sotto::bench
