#include "model/ggml.h"

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "base/text.h"

namespace sotto::model {
namespace {

constexpr int kFftBins = 201;         // of the 400-sample window
constexpr int kMaxTokenBytes = 1024;  // Whisper's longest has 128
constexpr int kMaxNameBytes = 128;
constexpr int kMaxDims = 4;

/// ggml's names of types and kinds of files; both lists number f32 and f16 as 0 and 1.
constexpr std::array<std::string_view, 16> kTypeNames = {
    "f32",  "f16",  "q4_0", "q4_1", "",     "",     "q5_0", "q5_1",
    "q8_0", "q8_1", "q2_K", "q3_K", "q4_K", "q5_K", "q6_K", "q8_K"};
constexpr std::array<std::string_view, 15> kFileKindNames = {
    "f32",  "f16",  "q4_0", "q4_1", "q4_1", "",     "",    "q8_0",
    "q5_0", "q5_1", "q2_K", "q3_K", "q4_K", "q5_K", "q6_K"};
constexpr int kQuantizationVersionFactor = 1000;

template <std::size_t N>
std::string name_in(const std::array<std::string_view, N>& names, int number) {
  const bool known = number >= 0 && static_cast<std::size_t>(number) < N &&
                     !names[static_cast<std::size_t>(number)].empty();
  return known ? concat(number, " (", names[static_cast<std::size_t>(number)], ")")
               : std::to_string(number);
}

/// Reads a file from front to back and never beyond its end.
class Reader {
 public:
  Reader(const MappedFile& file, std::size_t offset)
      : bytes_(file.bytes()), offset_(offset), source_(file.path().string()) {}

  std::size_t offset() const { return offset_; }
  std::size_t remaining() const { return bytes_.size() - offset_; }
  const std::string& source() const { return source_; }

  /// `size` bytes; `what` names them in errors.
  std::span<const std::byte> bytes(std::size_t size, std::string_view what) {
    if (size > remaining()) {
      fail(ErrorKind::model, source_, ": it is cut off: ", what, " needs ", size, " bytes at byte ",
           offset_, ", and the file ends after ", remaining());
    }
    offset_ += size;
    return bytes_.subspan(offset_ - size, size);
  }

  std::string text(std::size_t size, std::string_view what) {
    const auto data = bytes(size, what);
    return {reinterpret_cast<const char*>(data.data()), data.size()};
  }

  std::int32_t i32(std::string_view what) {
    std::int32_t value;
    std::memcpy(&value, bytes(sizeof value, what).data(), sizeof value);
    return value;
  }

  /// An i32 that must lie in [min, max].
  std::int32_t i32(std::string_view what, std::int32_t min, std::int32_t max) {
    const std::int32_t value = i32(what);
    if (value < min || value > max) {
      fail(ErrorKind::model, source_, ": ", what, " is ", value, ", and must be in ", min, " to ",
           max);
    }
    return value;
  }

 private:
  std::span<const std::byte> bytes_;
  std::size_t offset_;
  std::string source_;
};

void check_file_kind(int ftype, const std::string& source) {
  const int kind = ftype % kQuantizationVersionFactor;
  if (kind == 0 || kind == 1) return;
  fail(ErrorKind::model, source, ": its weights are of kind ", name_in(kFileKindNames, kind),
       ", and the kinds that are read are f32 and f16; take the model's file without quantization");
}

Dims read_dims(Reader& reader) {
  Dims dims;
  dims.n_vocab = reader.i32("n_vocab");
  dims.n_audio_ctx = reader.i32("n_audio_ctx");
  dims.n_audio_state = reader.i32("n_audio_state");
  dims.n_audio_head = reader.i32("n_audio_head");
  dims.n_audio_layer = reader.i32("n_audio_layer");
  dims.n_text_ctx = reader.i32("n_text_ctx");
  dims.n_text_state = reader.i32("n_text_state");
  dims.n_text_head = reader.i32("n_text_head");
  dims.n_text_layer = reader.i32("n_text_layer");
  dims.n_mels = reader.i32("n_mels");
  // Until their range is known, four times these sizes may not fit an int.
  dims.n_audio_ffn = dims.n_text_ffn = 1;
  check_dims(dims, reader.source());
  dims.n_audio_ffn = 4 * dims.n_audio_state;
  dims.n_text_ffn = 4 * dims.n_text_state;
  check_dims(dims, reader.source());
  return dims;
}

void skip_mel_filters(Reader& reader, const Dims& dims) {
  const int n_mels = reader.i32("the number of mel filters", dims.n_mels, dims.n_mels);
  const int n_bins = reader.i32("the length of a mel filter", kFftBins, kFftBins);
  reader.bytes(sizeof(float) * static_cast<std::size_t>(n_mels * n_bins), "the mel filters");
}

StringList read_tokens(Reader& reader, const Dims& dims) {
  const int n = reader.i32("the number of text tokens", 1, dims.n_vocab);
  StringList tokens;
  for (int id = 0; id < n; ++id) {
    const int length = reader.i32("the length of a token", 0, kMaxTokenBytes);
    tokens.push_back(reader.text(static_cast<std::size_t>(length), "a token"));
  }
  return tokens;
}

DType parse_type(int type, const std::string& name, const std::string& source) {
  if (type == 0) return DType::f32;
  if (type == 1) return DType::f16;
  fail(ErrorKind::model, source, ": tensor ", printable(name), " is of type ",
       name_in(kTypeNames, type), ", and the types that are read are 0 (f32) and 1 (f16)");
}

/// Reads one tensor and its name.
std::pair<std::string, Tensor> read_tensor(Reader& reader) {
  const int n_dims = reader.i32("n_dims of a tensor", 1, kMaxDims);
  const int name_bytes = reader.i32("the length of a tensor's name", 1, kMaxNameBytes);
  const int type = reader.i32("the type of a tensor");
  Tensor tensor;
  for (int i = 0; i < n_dims; ++i) {
    const std::int32_t size = reader.i32("a size of a tensor", 1, INT32_MAX);
    tensor.shape.insert(tensor.shape.begin(), size);
  }
  const std::string name = reader.text(static_cast<std::size_t>(name_bytes), "a tensor's name");
  tensor.type = parse_type(type, name, reader.source());
  std::size_t bytes = bytes_of(tensor.type);
  for (const std::int64_t size : tensor.shape) {
    if (bytes > reader.remaining() / static_cast<std::size_t>(size)) {
      fail(ErrorKind::model, reader.source(), ": it is cut off: tensor ", printable(name), " ",
           to_string(tensor.shape), " in ", name_of(tensor.type), " needs more bytes than the ",
           reader.remaining(), " that the file still has");
    }
    bytes *= static_cast<std::size_t>(size);
  }
  tensor.data = reader.bytes(bytes, name).data();
  const bool is_bias_of_convolution = name == "encoder.conv1.bias" || name == "encoder.conv2.bias";
  if (is_bias_of_convolution && tensor.shape.size() == 2 && tensor.shape[1] == 1) {
    tensor.shape.pop_back();
  }
  return {name, std::move(tensor)};
}

/// The text tokens of `header`. Released models have 50257, or 50256 when they know English only;
/// files made by other converters list <|endoftext|> after them.
int count_text_tokens(const GgmlHeader& header, const std::string& source) {
  const int listed = static_cast<int>(header.tokens.size());
  const int text = header.dims.n_vocab >= kEnglishVocab
                       ? 50256 + (is_multilingual(header.dims.n_vocab) ? 1 : 0)
                       : listed - (header.tokens.back() == "<|endoftext|>" ? 1 : 0);
  const bool as_expected =
      listed == text || (listed == text + 1 && header.tokens.back() == "<|endoftext|>");
  if (!as_expected) {
    fail(ErrorKind::model, source, ": it lists ", listed,
         " text tokens, and a model with n_vocab = ", header.dims.n_vocab, " has ", text);
  }
  return text;
}

}  // namespace

GgmlHeader read_ggml_header(const MappedFile& file) {
  Reader reader(file, 0);
  const auto magic = static_cast<std::uint32_t>(reader.i32("the magic number"));
  if (magic != kGgmlMagic) {
    fail(ErrorKind::model, reader.source(), ": it does not begin with ggml's magic number");
  }
  GgmlHeader header;
  header.dims = read_dims(reader);
  check_file_kind(reader.i32("ftype"), reader.source());
  skip_mel_filters(reader, header.dims);
  header.tokens = read_tokens(reader, header.dims);
  header.tensors_offset = reader.offset();
  return header;
}

Vocabulary ggml_vocabulary(GgmlHeader header, const std::string& source) {
  const int text = count_text_tokens(header, source);
  constexpr int kWithoutLanguages = 8 + kTimestampTokens;  // eot, sot, six more, the timestamps
  const int n_languages = header.dims.n_vocab - text - kWithoutLanguages;
  const int max_languages = static_cast<int>(languages().size());
  if (n_languages < 0 || n_languages > max_languages) {
    fail(ErrorKind::model, source, ": n_vocab = ", header.dims.n_vocab, " with ", text,
         " text tokens leaves ", n_languages, " for languages, and Whisper has 0 to ",
         max_languages);
  }
  Vocabulary vocabulary;
  vocabulary.source = source;
  vocabulary.tokens = std::move(header.tokens);
  vocabulary.tokens.resize(static_cast<std::size_t>(text));
  vocabulary.special = special_tokens_from(text, n_languages);
  vocabulary.multilingual = is_multilingual(header.dims.n_vocab);
  return vocabulary;
}

Model load_ggml(const std::filesystem::path& path) {
  const auto file = std::make_shared<const MappedFile>(path);
  GgmlHeader header = read_ggml_header(*file);
  const Dims dims = header.dims;
  Weights weights;
  weights.source = path.string();
  weights.keep(file);
  Reader reader(*file, header.tensors_offset);
  while (reader.remaining() > 0) {
    auto [name, tensor] = read_tensor(reader);
    weights.add(std::move(name), std::move(tensor));
  }
  return {.name = "",
          .format = "ggml",
          .dims = dims,
          .generation = {},
          .tokenizer = Tokenizer(ggml_vocabulary(std::move(header), path.string())),
          .weights = std::move(weights)};
}

}  // namespace sotto::model
