#include "engine/language.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/error.h"
#include "model/likelihood.h"

namespace sotto::engine {

DetectedLanguage detect_language(model::Decoder& decoder, const model::Tokenizer& tokenizer) {
  const model::SpecialTokens& special = tokenizer.special();
  SOTTO_CHECK(tokenizer.multilingual() && !special.language.empty());
  decoder.rewind();
  const auto logits = decoder.append(std::span(&special.sot, 1), 1);
  std::vector<float> of_language;
  for (const int token : special.language) {
    of_language.push_back(logits[static_cast<std::size_t>(token)]);
  }
  const auto best = std::ranges::max_element(of_language);
  return {.index = static_cast<int>(best - of_language.begin()),
          .probability = std::exp(*best - model::log_sum_exp(of_language))};
}

}  // namespace sotto::engine
