#include "cpu/decoder.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "base/buffer.h"
#include "base/error.h"
#include "cpu/decoder_layer.h"
#include "cpu/fastest_type.h"

namespace sotto::cpu {
namespace {

/// Tokens whose logits are computed and looked at in one go, so that they are still in the cache.
constexpr int kLogitRun = 512;

/// What is known of a range of tokens after a part of the runs.
struct Running {
  model::Likeliest best{
      .token = 0, .logit = -std::numeric_limits<float>::infinity(), .log_sum_exp = 0};
  double exp_sum = 0;  ///< relative to best.logit

  void add(const RangeSummary& part, int begin) {
    if (part.exp_sum == 0) return;
    if (part.top > best.logit) {
      exp_sum *= std::exp(static_cast<double>(best.logit) - part.top);
      best.token = begin + part.at;
      best.logit = part.top;
      exp_sum += part.exp_sum;
    } else {
      exp_sum += part.exp_sum * std::exp(static_cast<double>(part.top) - best.logit);
    }
  }
};

/// The weights of a decoder and the memory of a step: what all its sequences share.
template <typename Numbers>
class SharedDecoder {
 public:
  using Rows = std::span<const Row<Numbers>>;

  SharedDecoder(const model::Dims& dims, const model::Weights& weights, Isa isa, ThreadPool& pool,
                std::shared_ptr<PackedWeights> packed)
      : SharedDecoder(dims, Parameters(weights, "decoder", *packed),
                      Place{{{kernels_for(isa), pool, *packed}, gemv_int8_for(isa)},
                            {int8_kernels_for(isa), pool, *packed}}) {
    packed->check_all_taken();
    packed_ = std::move(packed);
  }

  const model::Dims& dims() const { return dims_; }
  const Place& place() const { return place_; }

  void start(Sequence<Numbers>& sequence, const float* features) {
    work_.window.set(features);
    auto& audio = sequence.start();
    for (const auto& layer : layers_) layer.start(work_, audio);
  }

  /// Tokens with their positions through all layers.
  void run(std::span<const int> tokens, Rows rows) {
    embed(tokens, rows);
    for (const auto& layer : layers_) layer(work_, rows);
  }

  /// LayerNorm(x) Eᵀ for n rows from `begin` on; E are the token embeddings.
  std::span<const float> logits(int begin, int n) {
    const auto inputs = logit_inputs(begin, n);
    output_.linear(logits_.data(), inputs, n);
    return {logits_.data(), static_cast<std::size_t>(n) * static_cast<std::size_t>(dims_.n_vocab)};
  }

  /// The likeliest tokens after each step, whose row it is. Each run of logits is looked at right
  /// after it was computed.
  void find_likeliest(std::span<model::Step> steps) {
    const int n = static_cast<int>(steps.size());
    const auto inputs = logit_inputs(0, n);
    const int n_runs = blocks_of(dims_.n_vocab, kLogitRun);
    parts_.resize(static_cast<std::size_t>(n_runs) * steps.size());
    place_.parallel_for(n_runs, [&](std::int64_t run, int) {
      const int begin = static_cast<int>(run) * kLogitRun;
      const int end = std::min(dims_.n_vocab, begin + kLogitRun);
      output_.linear.outputs(logits_.data(), inputs, n, begin, end);
      for (std::size_t i = 0; i < steps.size(); ++i) {
        parts_[static_cast<std::size_t>(run) * steps.size() + i] =
            look_at(row_logits(i), steps[i].allowed, {begin, end});
      }
    });
    for (std::size_t i = 0; i < steps.size(); ++i) steps[i].found = combine(i, steps);
  }

 private:
  using RunSummaries = std::array<RangeSummary, 2>;

  SharedDecoder(const model::Dims& dims, const Parameters& p, const Place& place)
      : dims_(dims),
        place_(place),
        output_(read_normed_linear<Numbers>(
            place_, p / "ln",
            {.weight = p.read("token_embedding.weight", {dims.n_vocab, dims.n_text_state}),
             .bias = {}},
            dims.n_vocab, dims.n_text_state)),
        positions_(place_.weights.copy<float>(
            p.read("positional_embedding", {dims.n_text_ctx, dims.n_text_state}),
            static_cast<std::size_t>(dims.n_text_ctx) *
                static_cast<std::size_t>(dims.n_text_state))),
        work_(place_, dims) {
    layers_.reserve(static_cast<std::size_t>(dims.n_text_layer));
    for (int layer = 0; layer < dims.n_text_layer; ++layer) {
      layers_.emplace_back(place_, p / "blocks" / std::to_string(layer), dims, layer);
    }
  }

  float* row_logits(std::size_t row) {
    return logits_.data() + row * static_cast<std::size_t>(dims_.n_vocab);
  }

  static model::TokenRange overlap(model::TokenRange a, model::TokenRange b) {
    return {std::max(a.begin, b.begin), std::min(a.end, b.end)};
  }

  /// Forbidden tokens lose their logits.
  RunSummaries look_at(float* logits, const model::AllowedTokens& allowed,
                       model::TokenRange run) const {
    const auto first = std::ranges::lower_bound(allowed.forbidden, run.begin);
    for (auto token = first; token != allowed.forbidden.end() && *token < run.end; ++token) {
      logits[*token] = -std::numeric_limits<float>::infinity();
    }
    RunSummaries found;
    for (std::size_t i = 0; i < found.size(); ++i) {
      const auto [begin, end] = overlap(allowed.ranges[i], run);
      found[i] = place_.gemv.summarise(logits + std::min(begin, end), std::max(0, end - begin));
    }
    return found;
  }

  model::LikeliestOfRanges combine(std::size_t row, std::span<const model::Step> steps) const {
    model::LikeliestOfRanges found;
    for (std::size_t i = 0; i < found.size(); ++i) {
      const model::TokenRange range = steps[row].allowed.ranges[i];
      Running running;
      running.best.token = range.begin;
      const int first = std::max(0, range.begin / kLogitRun);
      for (int run = first; run * kLogitRun < range.end; ++run) {
        running.add(parts_[static_cast<std::size_t>(run) * steps.size() + row][i],
                    std::max(range.begin, run * kLogitRun));
      }
      running.best.log_sum_exp = running.best.logit + std::log(running.exp_sum);
      found[i] = running.best;
    }
    return found;
  }

  /// The embeddings of the tokens and of their positions.
  void embed(std::span<const int> tokens, Rows rows) {
    const std::ptrdiff_t width = dims_.n_text_state;
    float* x = work_.x.data();
    for (std::size_t i = 0; i < tokens.size(); ++i, x += width) {
      SOTTO_CHECK(tokens[i] >= 0 && tokens[i] < dims_.n_vocab);
      output_.weight_row(x, tokens[i]);
      const float* const position = positions_.data() + rows[i].position * width;
      for (std::ptrdiff_t j = 0; j < width; ++j) x[j] += position[j];
    }
  }

  /// LayerNorm(x), as the embedding takes it, and room for its logits.
  auto logit_inputs(int begin, int n) {
    const std::size_t size = static_cast<std::size_t>(n) * static_cast<std::size_t>(dims_.n_vocab);
    if (logits_.size() < size) logits_ = Buffer<float>(size);  // most callers want one or two rows
    const std::ptrdiff_t width = dims_.n_text_state;
    output_.norm.rows(work_.normed.data(), work_.x.data() + begin * width, n);
    return work_.inputs.rows(place_, work_.normed.data(), n, dims_.n_text_state);
  }

  model::Dims dims_;
  std::shared_ptr<PackedWeights> packed_;
  Place place_;
  NormedLinear<Numbers> output_;  // n_vocab × D: rows are embeddings, the product is logits
  std::span<const float> positions_;
  std::vector<DecoderLayer<Numbers>> layers_;
  Workspace<Numbers> work_;
  Buffer<float> logits_;
  std::vector<RunSummaries> parts_;
};

template <typename Numbers>
class CpuDecoder final : public model::Decoder {
 public:
  explicit CpuDecoder(std::shared_ptr<SharedDecoder<Numbers>> shared)
      : shared_(std::move(shared)), sequence_(shared_->place(), shared_->dims()) {}

  const model::Dims& dims() const override { return shared_->dims(); }
  int size() const override { return sequence_.size; }
  void rewind() override { sequence_.size = 0; }
  std::unique_ptr<model::Decoder> new_sequence() const override {
    return std::make_unique<CpuDecoder>(shared_);
  }

  void start(std::span<const float> features) override {
    SOTTO_CHECK(features.size() == static_cast<std::size_t>(dims().n_audio_ctx) *
                                       static_cast<std::size_t>(dims().n_audio_state));
    shared_->start(sequence_, features.data());
  }

  void continue_from(const model::Decoder& other) override {
    const Sequence<Numbers>& from = of_this_model(&other).sequence_;
    SOTTO_CHECK(from.started());
    sequence_.continue_from(from);
  }

  std::span<const float> append(std::span<const int> tokens, int n_rows) override {
    const int n = static_cast<int>(tokens.size());
    SOTTO_CHECK(sequence_.started());
    SOTTO_CHECK(n >= 1 && n <= dims().n_text_ctx - sequence_.size);
    SOTTO_CHECK(n_rows >= 1 && n_rows <= n);
    std::vector<Row<Numbers>> rows;
    for (int i = 0; i < n; ++i) rows.push_back({&sequence_, sequence_.size + i});
    shared_->run(tokens, rows);
    sequence_.size += n;
    return shared_->logits(n - n_rows, n_rows);
  }

  void step(std::span<model::Step> steps) override {
    SOTTO_CHECK(!steps.empty() && steps.size() <= static_cast<std::size_t>(dims().n_text_ctx));
    std::vector<Row<Numbers>> rows;
    std::vector<int> tokens;
    for (const model::Step& step : steps) {
      Sequence<Numbers>& sequence = of_this_model(step.sequence).sequence_;
      SOTTO_CHECK(sequence.started() && sequence.size < dims().n_text_ctx);
      check_ranges(step.allowed);
      rows.push_back({&sequence, sequence.size++});
      tokens.push_back(step.token);
    }
    shared_->run(tokens, rows);
    shared_->find_likeliest(steps);
  }

 private:
  const CpuDecoder& of_this_model(const model::Decoder* sequence) const {
    const auto* const decoder = dynamic_cast<const CpuDecoder*>(sequence);
    SOTTO_CHECK(decoder != nullptr && decoder->shared_ == shared_);
    return *decoder;
  }
  CpuDecoder& of_this_model(model::Decoder* sequence) const {
    return const_cast<CpuDecoder&>(of_this_model(static_cast<const model::Decoder*>(sequence)));
  }

  void check_ranges(const model::AllowedTokens& allowed) const {
    for (const model::TokenRange range : allowed.ranges) {
      SOTTO_CHECK(range.begin >= 0 && range.end <= dims().n_vocab);
    }
  }

  std::shared_ptr<SharedDecoder<Numbers>> shared_;
  Sequence<Numbers> sequence_;
};

template <typename Numbers>
std::unique_ptr<model::Decoder> make(const model::Dims& dims, const model::Weights& weights,
                                     Isa isa, ThreadPool& pool,
                                     std::shared_ptr<PackedWeights> packed) {
  return std::make_unique<CpuDecoder<Numbers>>(
      std::make_shared<SharedDecoder<Numbers>>(dims, weights, isa, pool, std::move(packed)));
}

}  // namespace

model::ComputeType decoder_type(std::optional<model::ComputeType> wanted, Isa isa) {
  return wanted ? *wanted : fastest(time_decoder_types(isa), kWorthInDecoder);
}

std::unique_ptr<model::Decoder> make_decoder(const model::Dims& dims, const model::Weights& weights,
                                             Isa isa, model::ComputeType type, ThreadPool& pool,
                                             std::shared_ptr<PackedWeights> packed) {
  switch (type) {
    case model::ComputeType::float32:
      return make<Float32Numbers>(dims, weights, isa, pool, std::move(packed));
    case model::ComputeType::int8:
      return make<Int8Numbers>(dims, weights, isa, pool, std::move(packed));
    case model::ComputeType::int8_float32:
      return make<Int8Float32Numbers>(dims, weights, isa, pool, std::move(packed));
    case model::ComputeType::int8_two_bytes:
      return make<TwoByteNumbers>(dims, weights, isa, pool, std::move(packed));
    case model::ComputeType::bfloat16:
      return make<Bfloat16Numbers>(dims, weights, isa, pool, std::move(packed));
  }
  SOTTO_CHECK(false);
}

}  // namespace sotto::cpu
