// A loaded model, ready to transcribe: what every front (command line, server, …) holds.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "base/isa.h"
#include "base/thread_pool.h"
#include "engine/encoders.h"
#include "engine/packed_cache.h"
#include "engine/transcriber.h"
#include "model/model.h"

namespace sotto::engine {

class Engine {
 public:
  /// Loads the model at `path`. `threads` 0 takes ThreadPool::default_size(); the CPU works with
  /// active_isa() in the type `wanted`; without one in what compute_types() finds fastest. Packed
  /// weights are kept as `cache` says. Throws Error{model}, Error{io}, Error{unsupported}, and what
  /// active_isa() and ThreadPool throw.
  Engine(const std::filesystem::path& path, Device device, int threads,
         std::optional<model::ComputeType> wanted, std::optional<CacheSettings> cache = {},
         Pinning pinning = Pinning::none);

  const model::Model& model() const { return model_; }
  ComputeTypes compute_types() const { return types_; }
  Isa isa() const { return isa_; }
  const ThreadPool& pool() const { return pool_; }

  /// See Transcriber::transcribe. One recording at a time.
  Result transcribe(std::span<const float> samples, const TranscribeOptions& options,
                    const TranscribeEvents& events = {});

  /// See Transcriber::transcribe_together.
  void transcribe_together(const std::function<std::optional<Recording>()>& next,
                           const TranscribeOptions& options, int batch_size);

 private:
  Isa isa_;
  model::Model model_;
  ComputeTypes types_;
  ThreadPool pool_;
  PackedCache cache_;
  std::unique_ptr<model::Encoder> encoder_;
  std::unique_ptr<model::Decoder> decoder_;
  Transcriber transcriber_;
};

}  // namespace sotto::engine
