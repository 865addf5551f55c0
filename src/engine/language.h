// Which language a window is in, as the model hears it.
#pragma once

#include "model/decoder.h"
#include "model/tokenizer.h"

namespace sotto::engine {

struct DetectedLanguage {
  int index = 0;           ///< in model::languages()
  double probability = 0;  ///< among the model's languages
};

/// The likeliest language token after <|startoftranscript|>, for the window that `decoder` was
/// started with. `tokenizer` must be multilingual.
DetectedLanguage detect_language(model::Decoder& decoder, const model::Tokenizer& tokenizer);

}  // namespace sotto::engine
