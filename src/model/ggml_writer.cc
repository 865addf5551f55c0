#include "model/ggml_writer.h"

#include <cmath>
#include <initializer_list>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/half.h"
#include "model/ggml.h"

namespace sotto::model {
namespace {

constexpr std::int32_t kFftBins = 201;

/// A file and the bytes that it has.
class Output {
 public:
  explicit Output(const std::filesystem::path& path) : file_(path) {}

  template <typename T>
  void write(std::span<const T> values) {
    file_.write(std::as_bytes(values));
    bytes_ += values.size_bytes();
  }
  void write(std::initializer_list<std::int32_t> values) {
    write(std::span<const std::int32_t>(values.begin(), values.size()));
  }
  void write(std::string_view text) { write(std::span<const char>(text)); }
  std::uint64_t commit() {
    file_.commit();
    return bytes_;
  }

 private:
  NewFile file_;
  std::uint64_t bytes_ = 0;
};

std::int32_t number_of(DType type) {
  return type == DType::f32 ? 0 : 1;
}

bool are_same(const SpecialTokens& a, const SpecialTokens& b) {
  return a.eot == b.eot && a.sot == b.sot && a.language == b.language &&
         a.translate == b.translate && a.transcribe == b.transcribe && a.sot_lm == b.sot_lm &&
         a.sot_prev == b.sot_prev && a.no_speech == b.no_speech &&
         a.no_timestamps == b.no_timestamps && a.timestamp_begin == b.timestamp_begin;
}

/// The header, once it is certain that a reader finds the same model in it: the format leaves out
/// what follows from the sizes.
GgmlHeader header_of(const Model& model) {
  const auto refuse = [&](const auto&... why) {
    fail(ErrorKind::model, model.weights.source, ": a ggml file cannot hold this model: ", why...);
  };
  GgmlHeader header{.dims = model.dims, .tokens = {}};
  header.dims.n_vocab = model.tokenizer.special().n_tokens();
  for (int id = 0; id < model.tokenizer.n_text_tokens(); ++id) {
    header.tokens.push_back(model.tokenizer.bytes(id));
  }
  for (const auto& [width, ffn] : {std::pair{model.dims.n_audio_state, model.dims.n_audio_ffn},
                                   std::pair{model.dims.n_text_state, model.dims.n_text_ffn}}) {
    if (ffn == 4 * width) continue;
    refuse("its feed-forward layers are ", ffn, " wide, and the format makes them 4 x ", width);
  }
  const Tokenizer read(ggml_vocabulary(header, model.weights.source));
  if (!are_same(read.special(), model.tokenizer.special())) {
    refuse("its special tokens are in another order than openai/whisper's");
  }
  if (read.multilingual() != model.tokenizer.multilingual()) {
    refuse("it is ", model.tokenizer.multilingual() ? "multilingual" : "English-only",
           ", and the format takes a model of ", header.dims.n_vocab, " tokens for ",
           read.multilingual() ? "multilingual" : "English-only");
  }
  return header;
}

void write_header(Output& out, const GgmlHeader& header, DType type,
                  std::span<const float> mel_filters) {
  const Dims& dims = header.dims;
  out.write({static_cast<std::int32_t>(kGgmlMagic), dims.n_vocab, dims.n_audio_ctx,
             dims.n_audio_state, dims.n_audio_head, dims.n_audio_layer, dims.n_text_ctx,
             dims.n_text_state, dims.n_text_head, dims.n_text_layer, dims.n_mels, number_of(type),
             dims.n_mels, kFftBins});
  SOTTO_CHECK(mel_filters.size() == static_cast<std::size_t>(dims.n_mels * kFftBins));
  out.write(mel_filters);
  out.write({static_cast<std::int32_t>(header.tokens.size())});
  for (std::size_t id = 0; id < header.tokens.size(); ++id) {
    const std::string_view token = header.tokens[id];
    out.write({static_cast<std::int32_t>(token.size())});
    out.write(token);
  }
}

std::vector<std::uint16_t> to_f16(std::span<const float> numbers, const std::string& name,
                                  const std::string& source) {
  std::vector<std::uint16_t> halves;
  halves.reserve(numbers.size());
  for (const float number : numbers) {
    halves.push_back(f32_to_f16(number));
    if (std::isfinite(f16_to_f32(halves.back()))) continue;
    fail(ErrorKind::model, source, ": tensor ", name, " holds ", number,
         ", and f16 ends at 65504: take f32");
  }
  return halves;
}

/// The first `rows` rows of a tensor.
void write_tensor(Output& out, const Weights& weights, const std::string& name, Shape shape,
                  std::int64_t rows, DType type) {
  const bool is_small = shape.size() == 1 || name.ends_with("positional_embedding");
  if (is_small) type = DType::f32;
  const std::int64_t size = Tensor{DType::f32, shape, nullptr}.size();
  std::vector<float> numbers(static_cast<std::size_t>(size));
  weights.read(name, shape, numbers);
  numbers.resize(static_cast<std::size_t>(size / shape[0] * rows));
  shape[0] = rows;
  if (name == "encoder.conv1.bias" || name == "encoder.conv2.bias") shape.push_back(1);
  out.write({static_cast<std::int32_t>(shape.size()), static_cast<std::int32_t>(name.size()),
             number_of(type)});
  for (auto n = shape.rbegin(); n != shape.rend(); ++n) out.write({static_cast<std::int32_t>(*n)});
  out.write(name);
  if (type == DType::f32) return out.write(std::span<const float>(numbers));
  const std::vector<std::uint16_t> halves = to_f16(numbers, name, weights.source);
  out.write(std::span<const std::uint16_t>(halves));
}

}  // namespace

std::uint64_t write_ggml(const std::filesystem::path& path, const Model& model, DType type,
                         std::span<const float> mel_filters) {
  SOTTO_CHECK(type == DType::f32 || type == DType::f16);
  const GgmlHeader header = header_of(model);
  Output out(path);
  write_header(out, header, type, mel_filters);
  for (const Part part : {Part::encoder, Part::decoder}) {
    for (const auto& [name, shape] : required_tensors(model.dims, part)) {
      const bool is_embedding = name == "decoder.token_embedding.weight";
      write_tensor(out, model.weights, name, shape, is_embedding ? header.dims.n_vocab : shape[0],
                   type);
    }
  }
  return out.commit();
}

}  // namespace sotto::model
