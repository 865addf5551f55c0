#include "model/model.h"

#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "base/error.h"
#include "base/file.h"
#include "model/ggml.h"
#include "model/huggingface.h"

namespace sotto::model {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFormats =
    "a Hugging Face folder (config.json, model.safetensors, tokenizer.json) or a ggml .bin file";

/// What a file that is not ggml may be, told by its first bytes.
std::string_view guess_file(const fs::path& path, std::string_view bytes) {
  if (bytes.empty()) return "the file is empty";
  if (bytes.starts_with("version https://git-lfs")) {
    return "it is a Git LFS pointer, not the model; run 'git lfs pull' in its folder";
  }
  if (bytes.starts_with("GGUF")) return "it is a GGUF file";
  if (bytes.starts_with("tjgg") || bytes.starts_with("fmgg")) {
    return "it is a ggml file for language models";
  }
  if (bytes.starts_with("PK\x03\x04") || bytes.starts_with("\x80\x02")) {
    return "it is a PyTorch checkpoint (.pt)";
  }
  if (bytes.size() > 8 && bytes[8] == '{' && path.extension() == ".safetensors") {
    return "it is a lone safetensors file; name the folder that holds it with its config.json";
  }
  if (path.extension() == ".onnx") return "it is an ONNX model";
  return "it is not a model file that is known";
}

/// What a folder is when it is not a Hugging Face one; empty when it may be one.
std::string_view guess_other_folder(const fs::path& folder) {
  const bool has_safetensors = fs::exists(folder / "model.safetensors") ||
                               fs::exists(folder / "model.safetensors.index.json");
  if (has_safetensors && fs::exists(folder / "config.json")) return "";
  if (fs::exists(folder / "model.bin")) return "it looks like a CTranslate2 model";
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".onnx") return "it looks like an ONNX model";
  }
  return fs::exists(folder / "config.json") ? "" : "it has no config.json";
}

Model load_folder(const fs::path& folder) {
  const std::string_view other = guess_other_folder(folder);
  if (!other.empty()) {
    fail(ErrorKind::model, folder.string(), ": ", other, "; what is read is ", kFormats);
  }
  return load_hugging_face(folder);
}

Model load_file(const fs::path& path) {
  const MappedFile file(path);
  const std::string_view bytes(reinterpret_cast<const char*>(file.bytes().data()),
                               file.bytes().size());
  std::uint32_t magic = 0;
  if (bytes.size() >= sizeof magic) std::memcpy(&magic, bytes.data(), sizeof magic);
  if (magic != kGgmlMagic) {
    fail(ErrorKind::model, path.string(), ": ", guess_file(path, bytes), "; what is read is ",
         kFormats);
  }
  return load_ggml(path);
}

/// Embeddings are padded for the speed of matrix products: to a multiple of 8, 64, 128, or of 1024
/// where 8 devices take 128 rows each. More rows, or a number of them that pads to nothing, as when
/// large-v3's weights (51866) stand beside an older vocabulary (51865), are those of another model.
bool is_padded(int n_vocab, int n_tokens) {
  constexpr int kSmallestMultiple = 8;
  constexpr int kLargestMultiple = 1024;
  return n_vocab > n_tokens && n_vocab - n_tokens < kLargestMultiple &&
         n_vocab % kSmallestMultiple == 0;
}

/// The parts must fit each other: a row of the embedding for every token, then padding only.
void check_together(const Model& model) {
  const int n_tokens = model.tokenizer.special().n_tokens();
  const int n_vocab = model.dims.n_vocab;
  if (n_vocab != n_tokens && !is_padded(n_vocab, n_tokens)) {
    fail(ErrorKind::model, model.weights.source, ": the vocabulary has ", n_tokens,
         " tokens, and n_vocab is ", n_vocab,
         ", neither as many nor padded to a multiple of 8 with fewer than 1024 more; the files "
         "belong to different models, or words were added to Whisper's");
  }
  model.weights.check_complete(model.dims);
}

}  // namespace

Model load(const fs::path& path) try {
  Model model = fs::is_directory(path) ? load_folder(path) : load_file(path);
  const fs::path absolute = fs::absolute(path).lexically_normal();
  model.name = (absolute.has_filename() ? absolute : absolute.parent_path()).filename().string();
  check_together(model);
  return model;
} catch (const fs::filesystem_error& error) {
  fail(ErrorKind::io, "cannot read ", path.string(), ": ", error.code().message());
}

}  // namespace sotto::model
