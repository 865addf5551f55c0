#include "model/config.h"

#include <array>
#include <string_view>

#include "base/error.h"

namespace sotto::model {
namespace {

/// The largest sizes are several times those of any released model: they keep products of sizes far
/// from overflow, and a damaged header from looking like a model.
struct Field {
  std::string_view name;
  int Dims::*size;
  int max;
  int min = 1;
};
constexpr std::array kFields = {
    Field{"n_mels", &Dims::n_mels, 201},  // as many as the spectrum has bins
    Field{"n_audio_ctx", &Dims::n_audio_ctx, 1500},
    Field{"n_audio_state", &Dims::n_audio_state, 8192},
    Field{"n_audio_head", &Dims::n_audio_head, 128},
    Field{"n_audio_layer", &Dims::n_audio_layer, 256},
    Field{"n_audio_ffn", &Dims::n_audio_ffn, 65536},
    Field{"n_vocab", &Dims::n_vocab, 1 << 20},
    Field{"n_text_ctx", &Dims::n_text_ctx, 8192, 16},  // room for a prompt and a text
    Field{"n_text_state", &Dims::n_text_state, 8192},
    Field{"n_text_head", &Dims::n_text_head, 128},
    Field{"n_text_layer", &Dims::n_text_layer, 256},
    Field{"n_text_ffn", &Dims::n_text_ffn, 65536},
};

void check_heads(std::string_view part, int state, int heads, const std::string& source) {
  if (state % heads != 0) {
    fail(ErrorKind::model, source, ": n_", part, "_state is ", state,
         ", which does not divide into n_", part, "_head = ", heads, " heads");
  }
}

/// Sizes of the released models: openai's, and Hugging Face's distillations of them.
struct Released {
  std::string_view name;
  int n_mels, state, heads, audio_layers, text_layers, n_vocab;
};
constexpr int kMultilingual = kEnglishVocab + 1;
constexpr int kWithCantonese = kEnglishVocab + 2;
constexpr std::array kReleased = {
    Released{"tiny.en", 80, 384, 6, 4, 4, kEnglishVocab},
    Released{"tiny", 80, 384, 6, 4, 4, kMultilingual},
    Released{"base.en", 80, 512, 8, 6, 6, kEnglishVocab},
    Released{"base", 80, 512, 8, 6, 6, kMultilingual},
    Released{"small.en", 80, 768, 12, 12, 12, kEnglishVocab},
    Released{"small", 80, 768, 12, 12, 12, kMultilingual},
    Released{"medium.en", 80, 1024, 16, 24, 24, kEnglishVocab},
    Released{"medium", 80, 1024, 16, 24, 24, kMultilingual},
    Released{"large-v1/v2", 80, 1280, 20, 32, 32, kMultilingual},
    Released{"large-v3", 128, 1280, 20, 32, 32, kWithCantonese},
    Released{"turbo", 128, 1280, 20, 32, 4, kWithCantonese},
    Released{"distil-small.en", 80, 768, 12, 12, 4, kEnglishVocab},
    Released{"distil-medium.en", 80, 1024, 16, 24, 2, kEnglishVocab},
    Released{"distil-large-v2", 80, 1280, 20, 32, 2, kMultilingual},
    Released{"distil-large-v3/v3.5", 128, 1280, 20, 32, 2, kWithCantonese},
};

Dims dims_of(const Released& model) {
  return {.n_mels = model.n_mels,
          .n_audio_ctx = 1500,
          .n_audio_state = model.state,
          .n_audio_head = model.heads,
          .n_audio_layer = model.audio_layers,
          .n_audio_ffn = 4 * model.state,
          .n_vocab = model.n_vocab,
          .n_text_ctx = 448,
          .n_text_state = model.state,
          .n_text_head = model.heads,
          .n_text_layer = model.text_layers,
          .n_text_ffn = 4 * model.state};
}

}  // namespace

void check_dims(const Dims& dims, const std::string& source) {
  for (const Field& field : kFields) {
    const int size = dims.*field.size;
    if (size < field.min || size > field.max) {
      fail(ErrorKind::model, source, ": ", field.name, " is ", size, ", and a Whisper model has ",
           field.min, " to ", field.max);
    }
  }
  check_heads("audio", dims.n_audio_state, dims.n_audio_head, source);
  check_heads("text", dims.n_text_state, dims.n_text_head, source);
  if (dims.n_text_state != dims.n_audio_state) {
    fail(ErrorKind::model, source, ": n_text_state is ", dims.n_text_state,
         " and n_audio_state is ", dims.n_audio_state,
         "; they must be equal, because the decoder attends to the encoder's output");
  }
}

bool is_multilingual(int n_tokens) {
  return n_tokens > kEnglishVocab;
}

std::string size_name(const Dims& dims) {
  for (const Released& model : kReleased) {
    if (dims == dims_of(model)) return std::string(model.name);
  }
  return "";
}

std::optional<Dims> released_dims(std::string_view name) {
  for (const Released& model : kReleased) {
    if (model.name == name) return dims_of(model);
  }
  return std::nullopt;
}

std::vector<std::string_view> released_names() {
  std::vector<std::string_view> names;
  for (const Released& model : kReleased) names.push_back(model.name);
  return names;
}

}  // namespace sotto::model
