#include "bench/batch.h"

#include <algorithm>
#include <array>

#include "model/tokenizer.h"

namespace sotto::bench {
namespace {

constexpr std::array kPrompt = {kForcedToken, kForcedToken, kForcedToken};

}  // namespace

Batch::Batch(const model::Decoder& decoder, int size) {
  const int n_vocab = decoder.dims().n_vocab;
  const int timestamps = std::max(0, n_vocab - model::kTimestampTokens);
  for (int i = 0; i < size; ++i) {
    sequences_.push_back(decoder.new_sequence());
    steps_.push_back({.sequence = sequences_.back().get(),
                      .token = kForcedToken,
                      .allowed = {.ranges = {{{0, timestamps}, {timestamps, n_vocab}}}}});
  }
}

void Batch::start(int i, std::span<const float> features) {
  sequences_[static_cast<std::size_t>(i)]->start(features);
}

void Batch::start_beams(std::span<const float> features) {
  start(0, features);
  for (const auto& sequence : sequences_) sequence->continue_from(*sequences_.front());
}

void Batch::rewind() {
  for (const auto& sequence : sequences_) sequence->rewind();
}

void Batch::prompt() {
  for (const auto& sequence : sequences_) sequence->append(kPrompt, 1);
}

void Batch::step() {
  sequences_.front()->step(steps_);
}

}  // namespace sotto::bench
