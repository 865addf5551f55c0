#include "bench/subject.h"

#include "cpu/decoder.h"
#include "cpu/encoder.h"
#include "model/seeded.h"

namespace sotto::bench {
namespace {

Subject make(const model::Dims& dims, const model::Weights& weights,
             std::optional<model::ComputeType> wanted, Isa isa, ThreadPool& pool) {
  Subject subject;
  subject.dims = dims;
  subject.types = engine::compute_types(engine::Device::cpu, wanted, isa, dims);
  subject.stages = std::make_unique<cpu::StageTimes>();
  subject.encoder = cpu::make_encoder(dims, weights, isa, subject.types.encoder, pool,
                                      std::make_shared<cpu::PackedWeights>(), subject.stages.get());
  subject.decoder = cpu::make_decoder(dims, weights, isa, subject.types.decoder, pool);
  return subject;
}

}  // namespace

Subject load_subject(const std::filesystem::path& path, std::optional<model::ComputeType> wanted,
                     Isa isa, ThreadPool& pool) {
  Subject subject = make_subject(model::load(path), wanted, isa, pool);
  subject.path = path;
  return subject;
}

Subject make_subject(const model::Model& model, std::optional<model::ComputeType> wanted, Isa isa,
                     ThreadPool& pool) {
  Subject subject = make(model.dims, model.weights, wanted, isa, pool);
  subject.name = model.name;
  return subject;
}

Subject make_up_subject(const std::string& name, const model::Dims& dims,
                        std::optional<model::ComputeType> wanted, Isa isa, ThreadPool& pool) {
  Subject subject = make(dims, model::seeded_weights(dims, 1), wanted, isa, pool);
  subject.name = name;
  return subject;
}

}  // namespace sotto::bench
