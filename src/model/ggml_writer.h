// Writes a model as a ggml file (ggml.h), which whisper.cpp reads.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

#include "model/model.h"

namespace sotto::model {

/// Writes matrices and convolutions as `type`, f32 or f16 (to nearest, ties to even); vectors and
/// positions are f32 always, as in whisper.cpp's own files. Rows that pad the vocabulary are left
/// out, and so is what generation_config.json says: the format has neither. `mel_filters`, n_mels ×
/// 201, are those of audio/mel.h. The file is written beside `path` and renamed; returns its bytes.
/// Throws Error{model} for a model that the format cannot hold, or numbers that f16 cannot;
/// Error{io}, Error{interrupted}.
std::uint64_t write_ggml(const std::filesystem::path& path, const Model& model, DType type,
                         std::span<const float> mel_filters);

}  // namespace sotto::model
