#include "bench/subject.h"

#include <utility>

#include "cpu/decoder.h"
#include "cpu/encoder.h"
#include "model/seeded.h"

namespace sotto::bench {
namespace {

Subject make(const model::Dims& dims, const model::Weights& weights,
             std::optional<model::ComputeType> wanted, Isa isa, ThreadPool& pool,
             std::optional<engine::CacheSettings> settings) {
  Subject subject;
  subject.dims = dims;
  subject.types = engine::compute_types(engine::Device::cpu, wanted, isa, dims);
  subject.stages = std::make_unique<cpu::StageTimes>();
  const engine::ComputeTypes& types = subject.types;
  const engine::PackedCache cache(std::move(settings), weights, pool);
  subject.encoder = cache.make(model::Part::encoder, types.encoder, isa, [&](auto packed) {
    subject.encoder_weights = packed;
    return cpu::make_encoder(dims, weights, isa, types.encoder, pool, std::move(packed),
                             subject.stages.get());
  });
  subject.decoder = cache.make(model::Part::decoder, types.decoder, isa, [&](auto packed) {
    return cpu::make_decoder(dims, weights, isa, types.decoder, pool, std::move(packed));
  });
  return subject;
}

}  // namespace

Subject load_subject(const std::filesystem::path& path, std::optional<model::ComputeType> wanted,
                     Isa isa, ThreadPool& pool, std::optional<engine::CacheSettings> cache) {
  Subject subject = make_subject(model::load(path), wanted, isa, pool, std::move(cache));
  subject.path = path;
  return subject;
}

Subject make_subject(const model::Model& model, std::optional<model::ComputeType> wanted, Isa isa,
                     ThreadPool& pool, std::optional<engine::CacheSettings> cache) {
  Subject subject = make(model.dims, model.weights, wanted, isa, pool, std::move(cache));
  subject.name = model.name;
  return subject;
}

std::unique_ptr<model::Encoder> encoder_on(const Subject& subject, Isa isa, ThreadPool& pool) {
  const auto& packed = subject.encoder_weights;
  return cpu::make_encoder(subject.dims, {}, isa, subject.types.encoder, pool,
                           std::make_shared<cpu::PackedWeights>(packed->arrays(), packed));
}

Subject make_up_subject(const std::string& name, const model::Dims& dims,
                        std::optional<model::ComputeType> wanted, Isa isa, ThreadPool& pool) {
  Subject subject = make(dims, model::seeded_weights(dims, 1), wanted, isa, pool, {});
  subject.name = name;
  return subject;
}

}  // namespace sotto::bench
