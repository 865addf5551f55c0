// The sizes of made-up models.
#include "model/testing.h"

namespace sotto::model::testing {

Dims tiny_test_dims() {
  return {.n_mels = 80,
          .n_audio_ctx = 1500,
          .n_audio_state = 64,
          .n_audio_head = 1,
          .n_audio_layer = 1,
          .n_audio_ffn = 256,
          .n_vocab = 2000,
          .n_text_ctx = 448,
          .n_text_state = 64,
          .n_text_head = 1,
          .n_text_layer = 1,
          .n_text_ffn = 256};
}

Dims micro_test_dims() {
  return {.n_mels = 3,
          .n_audio_ctx = 5,
          .n_audio_state = 4,
          .n_audio_head = 2,
          .n_audio_layer = 2,
          .n_audio_ffn = 16,
          .n_vocab = 1900,
          .n_text_ctx = 17,
          .n_text_state = 4,
          .n_text_head = 1,
          .n_text_layer = 1,
          .n_text_ffn = 16};
}

}  // namespace sotto::model::testing
