// Small made-up Whisper models for tests: every number follows from a name and a seed, so that
// another language can make the same ones.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/config.h"
#include "model/seeded.h"
#include "model/tokenizer.h"
#include "model/weights.h"

namespace sotto::model::testing {

using model::seeded_numbers;
using model::seeded_weights;

/// A complete model that is quick to write, load and run: 64 wide, one head, one layer each, the
/// full 1500 and 448 positions, 2000 tokens.
Dims tiny_test_dims();

/// The smallest model whose sizes differ where they may, to be written for each case of a test: 4
/// wide, feed-forward 16, 5 and 17 positions, 1900 tokens. Nothing can be transcribed with it.
Dims micro_test_dims();

/// A byte-level vocabulary for `dims`, in openai's layout, with merges: all bytes, the English
/// digit words and a few others, then seeded pairs. As many languages as released models of n_vocab
/// have (99, or 100 from 51866 on); n_vocab must be at least 1864, which leaves the bytes only.
/// Multilingual by openai's rule.
Vocabulary seeded_vocabulary(const Dims& dims);

/// The merges that make the tokens of a vocabulary whose ranks are its ids.
StringPairs merges_of(const StringList& tokens);

/// The vocabulary of a .tiktoken file of openai/whisper (lines of "base64 of the token, rank", by
/// rank); tokens that it leaves out are empty. Multilingual when `n_languages` is given; English
/// models have 99 language tokens too.
Vocabulary tiktoken_vocabulary(const std::filesystem::path& path,
                               std::optional<int> n_languages = std::nullopt);

struct FolderOptions {
  DType type = DType::f32;
  int shards = 1;              ///< more than one: with model.safetensors.index.json
  bool tokenizer_json = true;  ///< else vocab.json, merges.txt and added_tokens.json
  bool list_timestamps = true;
  bool multilingual = false;      ///< also for n_vocab below 51865; true from there on
  int padding = 0;                ///< random rows of the embedding behind those of the tokens
  GenerationConfig generation{};  ///< what generation_config.json says
};

/// Writes seeded_weights() and seeded_vocabulary() as a Hugging Face folder, which may exist.
void write_hf_folder(const std::filesystem::path& folder, const Dims& dims, std::uint64_t seed,
                     const FolderOptions& options = {});

/// Writes them as whisper.cpp does: f16 (matrices only) or all f32. The ffn sizes of `dims` must be
/// 4 × state.
void write_ggml(const std::filesystem::path& path, const Dims& dims, std::uint64_t seed,
                DType type = DType::f16);

/// A tensor to be written, for tests that write damaged files.
struct RawTensor {
  std::string name;
  DType type;
  Shape shape;
  std::vector<std::byte> data;
};

/// All tensors of `weights`, rounded to `type` (to nearest, ties to even).
std::vector<RawTensor> raw_tensors(const Weights& weights, DType type);

/// The content of a safetensors file with these tensors.
std::string safetensors_bytes(const std::vector<RawTensor>& tensors);

/// The content of a ggml file; `ftype` is 0 (f32) or 1 (f16).
std::string ggml_bytes(const Dims& dims, const StringList& tokens,
                       const std::vector<RawTensor>& tensors, int ftype);

/// Hugging Face's name of one of openai's tensors.
std::string hugging_face_name(const std::string& openai_name);

}  // namespace sotto::model::testing
