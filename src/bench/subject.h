// The model that is measured: one from a file, or made-up weights in the sizes of a released one.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/isa.h"
#include "base/thread_pool.h"
#include "cpu/packed.h"
#include "cpu/stage_times.h"
#include "engine/encoders.h"
#include "engine/packed_cache.h"
#include "model/decoder.h"
#include "model/encoder.h"
#include "model/model.h"

namespace sotto::bench {

struct Subject {
  std::string name;                           ///< of the file or folder, or of the sizes
  std::optional<std::filesystem::path> path;  ///< absent: the weights are made up
  model::Dims dims;
  engine::ComputeTypes types;
  std::unique_ptr<cpu::StageTimes> stages;  ///< of the encoder
  std::shared_ptr<const cpu::PackedWeights> encoder_weights;
  std::unique_ptr<model::Encoder> encoder;
  std::unique_ptr<model::Decoder> decoder;

  double window_seconds() const { return dims.n_audio_ctx * 0.02; }
};

/// Throws as engine::Engine does. `pool` must outlive the subject.
Subject load_subject(const std::filesystem::path& path, std::optional<model::ComputeType> wanted,
                     Isa isa, ThreadPool& pool, std::optional<engine::CacheSettings> cache);

/// The same for a model that is loaded already.
Subject make_subject(const model::Model& model, std::optional<model::ComputeType> wanted, Isa isa,
                     ThreadPool& pool, std::optional<engine::CacheSettings> cache);

/// The encoder once more, with the same packed weights, on another pool, which must outlive it.
std::unique_ptr<model::Encoder> encoder_on(const Subject& subject, Isa isa, ThreadPool& pool);

/// Made-up weights in these sizes.
Subject make_up_subject(const std::string& name, const model::Dims& dims,
                        std::optional<model::ComputeType> wanted, Isa isa, ThreadPool& pool);

}  // namespace sotto::bench
