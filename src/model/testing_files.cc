// Made-up models as files.
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/half.h"
#include "base/text.h"
#include "model/ggml.h"
#include "model/huggingface_tokenizer.h"
#include "model/json.h"
#include "model/testing.h"

namespace sotto::model::testing {
namespace {

namespace fs = std::filesystem;

template <typename T>
void append(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void append(std::string& out, const std::vector<std::byte>& bytes) {
  out.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

std::vector<std::byte> round_to(DType type, const std::vector<float>& values) {
  std::vector<std::byte> bytes(values.size() * bytes_of(type));
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (type == DType::f32) {
      std::memcpy(&bytes[4 * i], &values[i], 4);
    } else {
      const std::uint16_t half =
          type == DType::f16 ? f32_to_f16(values[i]) : f32_to_bf16(values[i]);
      std::memcpy(&bytes[2 * i], &half, 2);
    }
  }
  return bytes;
}

RawTensor raw_tensor(const Weights& weights, const std::string& name, const Shape& shape,
                     DType type) {
  Tensor tensor{DType::f32, shape, nullptr};
  std::vector<float> values(static_cast<std::size_t>(tensor.size()));
  weights.read(name, shape, values);
  return {name, type, shape, round_to(type, values)};
}

std::string in_letters(std::string_view bytes) {
  static const auto kLetters = byte_letters();
  std::string text;
  for (const char byte : bytes) append_utf8(text, kLetters[static_cast<unsigned char>(byte)]);
  return text;
}

std::map<std::string, int> special_names(const SpecialTokens& special, bool timestamps) {
  std::map<std::string, int> names = {
      {"<|endoftext|>", special.eot},       {"<|startoftranscript|>", special.sot},
      {"<|translate|>", special.translate}, {"<|transcribe|>", special.transcribe},
      {"<|startoflm|>", special.sot_lm},    {"<|startofprev|>", special.sot_prev},
      {"<|nospeech|>", special.no_speech},  {"<|notimestamps|>", special.no_timestamps},
  };
  for (std::size_t i = 0; i < special.language.size(); ++i) {
    names[concat("<|", languages()[i].first, "|>")] = special.language[i];
  }
  for (int i = 0; timestamps && i < kTimestampTokens; ++i) {
    names[timestamp_name(i)] = special.timestamp_begin + i;
  }
  return names;
}

void write_tokenizer(const fs::path& folder, const Vocabulary& vocabulary,
                     const FolderOptions& options) {
  const auto special = special_names(vocabulary.special, options.list_timestamps);
  Json vocab = Json::object();
  for (std::size_t id = 0; id < vocabulary.tokens.size(); ++id) {
    vocab[in_letters(vocabulary.tokens[id])] = id;
  }
  std::vector<std::string> merges;
  for (std::size_t i = 0; i < vocabulary.merges->size(); ++i) {
    const auto [left, right] = (*vocabulary.merges)[i];
    merges.push_back(in_letters(left) + " " + in_letters(right));
  }
  if (options.tokenizer_json) {
    Json added = Json::array();
    for (const auto& [name, id] : special) added.push_back({{"id", id}, {"content", name}});
    const Json json = {{"added_tokens", added},
                       {"model", {{"type", "BPE"}, {"vocab", vocab}, {"merges", merges}}}};
    write_file_atomically(folder / "tokenizer.json", json.dump());
    return;
  }
  std::string merges_txt = "#version: 0.2\n";
  for (const std::string& merge : merges) merges_txt += merge + "\n";
  write_file_atomically(folder / "vocab.json", vocab.dump());
  write_file_atomically(folder / "merges.txt", merges_txt);
  write_file_atomically(folder / "added_tokens.json", Json(special).dump());
}

void write_config(const fs::path& folder, const Dims& dims, const FolderOptions& options) {
  const Json config = {{"model_type", "whisper"},
                       {"activation_function", "gelu"},
                       {"scale_embedding", false},
                       {"num_mel_bins", dims.n_mels},
                       {"max_source_positions", dims.n_audio_ctx},
                       {"d_model", dims.n_audio_state},
                       {"encoder_attention_heads", dims.n_audio_head},
                       {"encoder_layers", dims.n_audio_layer},
                       {"encoder_ffn_dim", dims.n_audio_ffn},
                       {"vocab_size", dims.n_vocab + options.padding},
                       {"max_target_positions", dims.n_text_ctx},
                       {"decoder_attention_heads", dims.n_text_head},
                       {"decoder_layers", dims.n_text_layer},
                       {"decoder_ffn_dim", dims.n_text_ffn}};
  write_file_atomically(folder / "config.json", config.dump(2));
  Json generation = {{"is_multilingual", options.multilingual || is_multilingual(dims.n_vocab)}};
  const GenerationConfig& said = options.generation;
  if (said.suppress_tokens) generation["suppress_tokens"] = *said.suppress_tokens;
  if (said.begin_suppress_tokens) {
    generation["begin_suppress_tokens"] = *said.begin_suppress_tokens;
  }
  if (said.max_initial_timestamp_index) {
    generation["max_initial_timestamp_index"] = *said.max_initial_timestamp_index;
  }
  write_file_atomically(folder / "generation_config.json", generation.dump(2));
}

void write_shards(const fs::path& folder, const std::vector<RawTensor>& tensors, int shards) {
  Json weight_map = Json::object();
  for (int shard = 0; shard < shards; ++shard) {
    const std::string name = concat("model-", shard + 1, "-of-", shards, ".safetensors");
    std::vector<RawTensor> part;
    for (std::size_t i = static_cast<std::size_t>(shard); i < tensors.size();
         i += static_cast<std::size_t>(shards)) {
      weight_map[tensors[i].name] = name;
      part.push_back(tensors[i]);
    }
    write_file_atomically(folder / name, safetensors_bytes(part));
  }
  write_file_atomically(folder / "model.safetensors.index.json",
                        Json{{"metadata", Json::object()}, {"weight_map", weight_map}}.dump());
}

/// `text` with its first occurrence of `from` replaced.
std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  if (at != std::string::npos) text.replace(at, from.size(), to);
  return text;
}

}  // namespace

std::string hugging_face_name(const std::string& openai_name) {
  std::string name = "model." + openai_name;
  for (const auto& [from, to] : std::initializer_list<std::pair<const char*, const char*>>{
           {".blocks.", ".layers."},
           {".cross_attn_ln.", ".encoder_attn_layer_norm."},
           {".attn_ln.", ".self_attn_layer_norm."},
           {".mlp_ln.", ".final_layer_norm."},
           {".cross_attn.", ".encoder_attn."},
           {".attn.", ".self_attn."},
           {".query.", ".q_proj."},
           {".key.", ".k_proj."},
           {".value.", ".v_proj."},
           {".out.", ".out_proj."},
           {".mlp.0.", ".fc1."},
           {".mlp.2.", ".fc2."},
           {".ln_post.", ".layer_norm."},
           {".ln.", ".layer_norm."},
           {".token_embedding.", ".embed_tokens."},
           {".positional_embedding", ".embed_positions.weight"}}) {
    name = replaced(name, from, to);
  }
  return name;
}

std::vector<RawTensor> raw_tensors(const Weights& weights, DType type) {
  std::vector<RawTensor> tensors;
  for (const auto& [name, tensor] : weights.tensors()) {
    tensors.push_back(raw_tensor(weights, name, tensor.shape, type));
  }
  return tensors;
}

std::string safetensors_bytes(const std::vector<RawTensor>& tensors) {
  static const std::map<DType, const char*> kNames = {
      {DType::f32, "F32"}, {DType::f16, "F16"}, {DType::bf16, "BF16"}};
  Json header = {{"__metadata__", {{"format", "pt"}}}};
  std::size_t end = 0;
  for (const RawTensor& tensor : tensors) {
    const std::size_t begin = end;
    end += tensor.data.size();
    header[tensor.name] = {
        {"dtype", kNames.at(tensor.type)}, {"shape", tensor.shape}, {"data_offsets", {begin, end}}};
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  std::string out;
  append(out, static_cast<std::uint64_t>(text.size()));
  out += text;
  for (const RawTensor& tensor : tensors) append(out, tensor.data);
  return out;
}

std::string ggml_bytes(const Dims& dims, const StringList& tokens,
                       const std::vector<RawTensor>& tensors, int ftype) {
  std::string out;
  append(out, kGgmlMagic);
  for (const std::int32_t field :
       {dims.n_vocab, dims.n_audio_ctx, dims.n_audio_state, dims.n_audio_head, dims.n_audio_layer,
        dims.n_text_ctx, dims.n_text_state, dims.n_text_head, dims.n_text_layer, dims.n_mels,
        ftype}) {
    append(out, field);
  }
  constexpr std::int32_t kFftBins = 201;
  append(out, std::int32_t{dims.n_mels});
  append(out, kFftBins);
  out.append(sizeof(float) * static_cast<std::size_t>(dims.n_mels * kFftBins), '\0');
  append(out, static_cast<std::int32_t>(tokens.size()));
  for (std::size_t id = 0; id < tokens.size(); ++id) {
    append(out, static_cast<std::int32_t>(tokens[id].size()));
    out += tokens[id];
  }
  for (const RawTensor& tensor : tensors) {
    append(out, static_cast<std::int32_t>(tensor.shape.size()));
    append(out, static_cast<std::int32_t>(tensor.name.size()));
    append(out, std::int32_t{tensor.type == DType::f32 ? 0 : 1});
    for (auto size = tensor.shape.rbegin(); size != tensor.shape.rend(); ++size) {
      append(out, static_cast<std::int32_t>(*size));
    }
    out += tensor.name;
    append(out, tensor.data);
  }
  return out;
}

void write_hf_folder(const fs::path& folder, const Dims& dims, std::uint64_t seed,
                     const FolderOptions& options) {
  fs::create_directories(folder);
  write_config(folder, dims, options);
  write_tokenizer(folder, seeded_vocabulary(dims), options);
  Dims padded = dims;
  padded.n_vocab += options.padding;
  std::vector<RawTensor> tensors = raw_tensors(seeded_weights(padded, seed), options.type);
  for (RawTensor& tensor : tensors) tensor.name = hugging_face_name(tensor.name);
  if (options.shards > 1) {
    write_shards(folder, tensors, options.shards);
  } else {
    write_file_atomically(folder / "model.safetensors", safetensors_bytes(tensors));
  }
}

void write_ggml(const fs::path& path, const Dims& dims, std::uint64_t seed, DType type) {
  SOTTO_CHECK(type != DType::bf16);
  const Weights weights = seeded_weights(dims, seed);
  std::vector<RawTensor> tensors;
  for (const auto& [name, tensor] : weights.tensors()) {
    const bool small = tensor.shape.size() == 1 || name.ends_with("positional_embedding");
    tensors.push_back(raw_tensor(weights, name, tensor.shape, small ? DType::f32 : type));
    const bool is_bias_of_convolution =
        name == "encoder.conv1.bias" || name == "encoder.conv2.bias";
    if (is_bias_of_convolution) tensors.back().shape.push_back(1);
  }
  write_file_atomically(
      path, ggml_bytes(dims, seeded_vocabulary(dims).tokens, tensors, type == DType::f16 ? 1 : 0));
}

}  // namespace sotto::model::testing
