#include "engine/engine.h"

#include <utility>

#include "cpu/decoder.h"

namespace sotto::engine {

Engine::Engine(const std::filesystem::path& path, Device device, int threads,
               std::optional<model::ComputeType> wanted, std::optional<CacheSettings> cache,
               Pinning pinning)
    : isa_(active_isa()),
      model_(model::load(path)),
      types_(engine::compute_types(device, wanted, isa_, model_.dims)),
      pool_(threads, pinning),
      cache_(std::move(cache), model_.weights, pool_),
      encoder_(cache_.make(model::Part::encoder, types_.encoder, isa_,
                           [&](auto packed) {
                             return make_encoder(device, model_.dims, model_.weights, isa_,
                                                 types_.encoder, pool_, std::move(packed));
                           })),
      decoder_(cache_.make(model::Part::decoder, types_.decoder, isa_,
                           [&](auto packed) {
                             return cpu::make_decoder(model_.dims, model_.weights, isa_,
                                                      types_.decoder, pool_, std::move(packed));
                           })),
      transcriber_(model_.tokenizer, model_.generation, *encoder_, *decoder_, isa_, &pool_) {}

Result Engine::transcribe(std::span<const float> samples, const TranscribeOptions& options,
                          const TranscribeEvents& events) {
  return transcriber_.transcribe(samples, options, events);
}

void Engine::transcribe_together(const std::function<std::optional<Recording>()>& next,
                                 const TranscribeOptions& options, int batch_size) {
  transcriber_.transcribe_together(next, options, batch_size);
}

}  // namespace sotto::engine
