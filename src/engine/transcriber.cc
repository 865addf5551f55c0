#include "engine/transcriber.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "engine/together.h"

namespace sotto::engine {

Transcriber::Transcriber(const model::Tokenizer& tokenizer, model::GenerationConfig generation,
                         model::Encoder& encoder, model::Decoder& decoder, Isa isa,
                         ThreadPool* pool)
    : tokenizer_(tokenizer),
      generation_(std::move(generation)),
      encoder_(encoder, pool),
      decoder_(decoder),
      isa_(isa),
      pool_(pool) {
  const int n_vocab = decoder.dims().n_vocab;
  if (tokenizer.special().n_tokens() > n_vocab) {
    fail(ErrorKind::model, "the model knows ", n_vocab, " tokens, and its tokenizer ",
         tokenizer.special().n_tokens(), ": they do not belong together");
  }
}

void Transcriber::transcribe_together(const std::function<std::optional<Recording>()>& next,
                                      const TranscribeOptions& options, int batch_size) {
  SOTTO_CHECK(batch_size >= 1);
  Together({.tokenizer = tokenizer_,
            .generation = generation_,
            .encoder = encoder_,
            .decoder = decoder_,
            .isa = isa_,
            .pool = pool_},
           options, batch_size)
      .run(next);
}

Result Transcriber::transcribe(std::span<const float> samples, const TranscribeOptions& options,
                               const TranscribeEvents& events) {
  Result result;
  std::exception_ptr error;
  bool given = false;
  const auto next = [&]() -> std::optional<Recording> {
    if (std::exchange(given, true)) return std::nullopt;
    return Recording{.samples = {samples.begin(), samples.end()},
                     .events = events,
                     .on_result = [&](Result it) { result = std::move(it); },
                     .on_error = [&](std::exception_ptr it) { error = std::move(it); }};
  };
  transcribe_together(next, options, 1);
  if (error) std::rethrow_exception(error);
  return result;
}

}  // namespace sotto::engine
