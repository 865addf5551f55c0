#include "model/describe.h"

#include <array>
#include <cstdint>
#include <iomanip>
#include <sstream>
#include <string_view>

#include "base/numbers.h"

namespace sotto::model {
namespace {

class Table {
 public:
  template <typename... Values>
  void row(std::string_view label, const Values&... values) {
    constexpr int kLabelWidth = 20;
    out_ << std::left << std::setw(kLabelWidth) << label;
    (out_ << ... << values) << '\n';
  }
  std::string text() const { return out_.str(); }

 private:
  std::ostringstream out_;
};

void add_sizes(Table& table, const Dims& dims) {
  const std::string size = size_name(dims);
  table.row("size", size.empty() ? "not a released one" : size);
  table.row("input", dims.n_mels, " mel bands x ", dims.n_mel_frames(), " frames");
  table.row("encoder", "layers ", dims.n_audio_layer, ", width ", dims.n_audio_state, ", heads ",
            dims.n_audio_head, ", feed-forward ", dims.n_audio_ffn, ", positions ",
            dims.n_audio_ctx);
  table.row("decoder", "layers ", dims.n_text_layer, ", width ", dims.n_text_state, ", heads ",
            dims.n_text_head, ", feed-forward ", dims.n_text_ffn, ", positions ", dims.n_text_ctx);
}

void add_weights(Table& table, const Weights& weights) {
  struct Count {
    int tensors = 0;
    std::int64_t parameters = 0, bytes = 0;
  };
  Count total;
  std::array<Count, 3> of_type;
  const auto add = [](Count& count, const Tensor& tensor) {
    ++count.tensors;
    count.parameters += tensor.size();
    count.bytes += tensor.size() * static_cast<std::int64_t>(bytes_of(tensor.type));
  };
  for (const auto& [name, tensor] : weights.tensors()) {
    add(total, tensor);
    add(of_type[static_cast<std::size_t>(tensor.type)], tensor);
  }
  table.row("parameters", grouped(total.parameters));
  table.row("weights", total.tensors, " tensors, ", grouped(total.bytes), " bytes");
  for (const DType type : {DType::f32, DType::f16, DType::bf16}) {
    const Count& count = of_type[static_cast<std::size_t>(type)];
    if (count.tensors == 0) continue;
    table.row(std::string("  ") + std::string(name_of(type)), count.tensors, " tensors, ",
              grouped(count.bytes), " bytes");
  }
}

void add_languages(Table& table, const Tokenizer& tokenizer) {
  if (!tokenizer.multilingual()) {
    table.row("languages", "one (English in released models); no translation");
    return;
  }
  std::string codes;
  for (int i = 0; i < tokenizer.n_languages(); ++i) {
    codes += ' ';
    codes += languages()[static_cast<std::size_t>(i)].first;
  }
  table.row("languages", tokenizer.n_languages(), ":", codes);
}

void add_tokens(Table& table, const Model& model) {
  const SpecialTokens& special = model.tokenizer.special();
  table.row("tokens", special.n_tokens(), ", of which ", model.tokenizer.n_text_tokens(), " text");
  table.row("  endoftext", special.eot);
  table.row("  sot", special.sot);
  if (!special.language.empty()) {
    table.row("  languages", special.language.front(), " to ", special.language.back());
  }
  table.row("  translate", special.translate);
  table.row("  transcribe", special.transcribe);
  table.row("  startoflm", special.sot_lm);
  table.row("  startofprev", special.sot_prev);
  table.row("  nospeech", special.no_speech);
  table.row("  notimestamps", special.no_timestamps);
  table.row("  timestamps", special.timestamp_begin, " to ", special.n_tokens() - 1);
  if (model.dims.n_vocab > special.n_tokens()) {
    table.row("  padding", special.n_tokens(), " to ", model.dims.n_vocab - 1);
  }
}

void add_generation(Table& table, const GenerationConfig& generation) {
  const auto source = [](const std::optional<std::vector<int>>& list) {
    return list ? std::to_string(list->size()) + " tokens, from generation_config.json"
                : std::string("openai/whisper's rule");
  };
  table.row("suppressed", source(generation.suppress_tokens));
  table.row("  at the beginning", source(generation.begin_suppress_tokens));
  table.row("  first timestamp", generation.max_initial_timestamp_index
                                     ? "limit from generation_config.json"
                                     : "openai/whisper's rule");
}

}  // namespace

std::string describe(const Model& model) {
  Table table;
  table.row("name", model.name);
  table.row("format", model.format);
  add_sizes(table, model.dims);
  add_weights(table, model.weights);
  add_languages(table, model.tokenizer);
  add_tokens(table, model);
  add_generation(table, model.generation);
  return table.text();
}

}  // namespace sotto::model
