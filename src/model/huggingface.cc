#include "model/huggingface.h"

#include <climits>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "model/huggingface_tokenizer.h"
#include "model/json.h"
#include "model/safetensors.h"

namespace sotto::model {
namespace {

namespace fs = std::filesystem;

/// The settings of an architecture that Sotto does not compute must have Whisper's values.
void check_architecture(const Json& config, const std::string& source) {
  const std::string& type = as_string(member(config, "model_type", source), "model_type", source);
  if (type != "whisper") {
    fail(ErrorKind::model, source, ": model_type is \"", printable(type),
         "\", and Sotto runs \"whisper\" models");
  }
  if (const Json* activation = find_member(config, "activation_function")) {
    const std::string& name = as_string(*activation, "activation_function", source);
    if (name != "gelu") {
      fail(ErrorKind::model, source, ": activation_function is \"", printable(name),
           "\", and Whisper's is \"gelu\"");
    }
  }
  const Json* scaled = find_member(config, "scale_embedding");
  if (scaled != nullptr && as_bool(*scaled, "scale_embedding", source)) {
    fail(ErrorKind::model, source, ": scale_embedding is true, and Whisper does not scale");
  }
}

Dims read_dims(const Json& config, const std::string& source) {
  const auto size = [&](std::string_view key) {
    return static_cast<int>(as_integer(member(config, key, source), 1, INT_MAX, key, source));
  };
  Dims dims;
  dims.n_mels = size("num_mel_bins");
  dims.n_audio_ctx = size("max_source_positions");
  dims.n_audio_state = size("d_model");
  dims.n_audio_head = size("encoder_attention_heads");
  dims.n_audio_layer = size("encoder_layers");
  dims.n_audio_ffn = size("encoder_ffn_dim");
  dims.n_vocab = size("vocab_size");
  dims.n_text_ctx = size("max_target_positions");
  dims.n_text_state = dims.n_audio_state;
  dims.n_text_head = size("decoder_attention_heads");
  dims.n_text_layer = size("decoder_layers");
  dims.n_text_ffn = size("decoder_ffn_dim");
  check_dims(dims, source);
  return dims;
}

std::optional<std::vector<int>> read_tokens(const Json& config, std::string_view key, int n_vocab,
                                            const std::string& source) {
  const Json* list = find_member(config, key);
  if (list == nullptr) return std::nullopt;
  std::vector<int> tokens;
  for (const Json& token : as_array(*list, key, source)) {
    tokens.push_back(
        static_cast<int>(as_integer(token, 0, n_vocab - 1, concat("a token in ", key), source)));
  }
  return tokens;
}

/// What generation_config.json says; nothing when there is none.
struct Generation {
  GenerationConfig config;
  std::optional<bool> multilingual;
};

Generation read_generation(const fs::path& path, int n_vocab) {
  Generation generation;
  if (!fs::exists(path)) return generation;
  const std::string source = path.string();
  const Json json = read_json_object(path);
  generation.config.suppress_tokens = read_tokens(json, "suppress_tokens", n_vocab, source);
  generation.config.begin_suppress_tokens =
      read_tokens(json, "begin_suppress_tokens", n_vocab, source);
  constexpr std::string_view kMaxInitial = "max_initial_timestamp_index";
  if (const Json* index = find_member(json, kMaxInitial)) {
    generation.config.max_initial_timestamp_index =
        static_cast<int>(as_integer(*index, 0, kTimestampTokens - 1, kMaxInitial, source));
  }
  if (const Json* flag = find_member(json, "is_multilingual")) {
    generation.multilingual = as_bool(*flag, "is_multilingual", source);
  }
  return generation;
}

/// The files that a model.safetensors.index.json lists, checked to be plain names.
std::vector<fs::path> shards_of(const Json& weight_map, const fs::path& index) {
  std::set<std::string> names;
  for (const auto& [tensor, file] : weight_map.items()) {
    const std::string& name = as_string(file, "a file in weight_map", index.string());
    if (name.empty() || fs::path(name).filename() != name || name == "." || name == "..") {
      fail(ErrorKind::model, index.string(), ": \"", printable(name),
           "\" is not the name of a file beside it");
    }
    names.insert(name);
  }
  std::vector<fs::path> files;
  for (const std::string& name : names) files.push_back(index.parent_path() / name);
  return files;
}

/// Each shard must hold what the index says, or a shard of another download may have slipped in.
Weights read_sharded(const fs::path& index) {
  const std::string source = index.string();
  const Json json = read_json_object(index);
  const Json& weight_map = as_object(member(json, "weight_map", source), "weight_map", source);
  const std::vector<fs::path> files = shards_of(weight_map, index);
  for (const fs::path& file : files) {
    for (const auto& [name, tensor] : read_safetensors(file).tensors) {
      const Json* listed = find_member(weight_map, name);
      if (listed == nullptr || listed->get_ref<const std::string&>() != file.filename()) {
        fail(ErrorKind::model, file.string(), ": it holds tensor ", printable(name), ", and ",
             source, " does not say so; the files belong to different models");
      }
    }
  }
  Weights weights = read_hugging_face_weights(files, index.parent_path().string());
  for (const auto& [name, file] : weight_map.items()) {
    if (name != "proj_out.weight" && !weights.contains(openai_name(name))) {
      fail(ErrorKind::model, source, ": tensor ", printable(name), " is not in ",
           printable(file.get_ref<const std::string&>()));
    }
  }
  return weights;
}

Weights read_weights(const fs::path& folder) {
  const fs::path single = folder / "model.safetensors";
  if (fs::exists(single)) return read_hugging_face_weights({single}, single.string());
  const fs::path index = folder / "model.safetensors.index.json";
  if (fs::exists(index)) return read_sharded(index);
  for (const char* other :
       {"pytorch_model.bin", "pytorch_model.bin.index.json", "tf_model.h5", "flax_model.msgpack"}) {
    if (fs::exists(folder / other)) {
      fail(ErrorKind::model, folder.string(), ": the weights are in ", other,
           ", which is not read; save the model as safetensors (in Hugging Face transformers: "
           "save_pretrained with safe_serialization=True)");
    }
  }
  fail(ErrorKind::model, folder.string(),
       ": there is no model.safetensors or model.safetensors.index.json in it");
}

bool same_bytes(const Tensor& a, const Tensor& b) {
  return a.type == b.type && a.shape == b.shape &&
         std::memcmp(a.data, b.data, static_cast<std::size_t>(a.size()) * bytes_of(a.type)) == 0;
}

constexpr std::string_view kWrapper = "model.";

/// Parts of the names of tensors, Hugging Face's and openai's.
constexpr std::pair<std::string_view, std::string_view> kNameParts[] = {
    {".layers.", ".blocks."},
    {".self_attn_layer_norm.", ".attn_ln."},
    {".encoder_attn_layer_norm.", ".cross_attn_ln."},
    {".final_layer_norm.", ".mlp_ln."},
    {".self_attn.", ".attn."},
    {".encoder_attn.", ".cross_attn."},
    {".q_proj.", ".query."},
    {".k_proj.", ".key."},
    {".v_proj.", ".value."},
    {".out_proj.", ".out."},
    {".fc1.", ".mlp.0."},
    {".fc2.", ".mlp.2."},
    {"encoder.layer_norm.", "encoder.ln_post."},
    {"decoder.layer_norm.", "decoder.ln."},
    {".embed_tokens.", ".token_embedding."},
    {".embed_positions.weight", ".positional_embedding"},
};

/// The first `from` in `text`, if there is one.
void replace(std::string& text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  if (at != std::string::npos) text.replace(at, from.size(), to);
}

}  // namespace

std::string openai_name(std::string_view hugging_face_name) {
  // WhisperForConditionalGeneration wraps the WhisperModel, whose names have no "model.".
  if (hugging_face_name.starts_with(kWrapper)) hugging_face_name.remove_prefix(kWrapper.size());
  std::string name(hugging_face_name);
  for (const auto& [theirs, openais] : kNameParts) replace(name, theirs, openais);
  return name;
}

std::string hugging_face_name(std::string_view openai_name) {
  std::string name(openai_name);
  for (const auto& [theirs, openais] : kNameParts) replace(name, openais, theirs);
  return name;
}

Weights read_hugging_face_weights(const std::vector<fs::path>& files, const std::string& source) {
  Weights weights;
  weights.source = source;
  bool wrapped = false;
  std::optional<Tensor> output;
  for (const fs::path& path : files) {
    Safetensors shard = read_safetensors(path);
    weights.keep(shard.file);
    for (auto& [name, tensor] : shard.tensors) {
      if (name == "proj_out.weight") {
        output = std::move(tensor);
      } else {
        wrapped |= name.starts_with(kWrapper);
        weights.add(openai_name(name), std::move(tensor));
      }
    }
  }
  weights.name_in_file = [wrapped](std::string_view name) {
    return concat(wrapped ? kWrapper : "", hugging_face_name(name));
  };
  if (output) {
    const auto embedding = weights.tensors().find("decoder.token_embedding.weight");
    if (embedding == weights.tensors().end() || !same_bytes(*output, embedding->second)) {
      fail(ErrorKind::model, source,
           ": proj_out.weight is not the same as model.decoder.embed_tokens.weight; Whisper uses "
           "one "
           "matrix for both, and a model with two is not read");
    }
  }
  return weights;
}

Model load_hugging_face(const fs::path& folder) {
  const fs::path config_path = folder / "config.json";
  const Json config = read_json_object(config_path);
  check_architecture(config, config_path.string());
  const Dims dims = read_dims(config, config_path.string());
  Generation generation = read_generation(folder / "generation_config.json", dims.n_vocab);
  Vocabulary vocabulary = read_hugging_face_vocabulary(folder);
  vocabulary.multilingual =
      generation.multilingual.value_or(is_multilingual(vocabulary.special.n_tokens()));
  return {.name = "",
          .format = "Hugging Face safetensors",
          .dims = dims,
          .generation = std::move(generation.config),
          .tokenizer = Tokenizer(std::move(vocabulary)),
          .weights = read_weights(folder)};
}

}  // namespace sotto::model
