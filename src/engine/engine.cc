#include "engine/engine.h"

#include "cpu/decoder.h"
#include "cpu/kernels.h"

namespace sotto::engine {

Engine::Engine(const std::filesystem::path& path, Device device, int threads)
    : isa_(active_isa()),
      model_(model::load(path)),
      pool_(threads),
      encoder_(make_encoder(device, model_.dims, model_.weights, isa_, pool_)),
      decoder_(cpu::make_decoder(model_.dims, model_.weights, cpu::kernels_for(isa_), pool_)),
      transcriber_(model_.tokenizer, model_.generation, *encoder_, *decoder_, isa_, &pool_) {}

Result Engine::transcribe(std::span<const float> samples, const TranscribeOptions& options,
                          const TranscribeEvents& events) {
  return transcriber_.transcribe(samples, options, events);
}

}  // namespace sotto::engine
