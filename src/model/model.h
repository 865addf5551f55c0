// A whole Whisper model, loaded from any format that Sotto reads.
#pragma once

#include <filesystem>
#include <string>

#include "model/config.h"
#include "model/tokenizer.h"
#include "model/weights.h"

namespace sotto::model {

struct Model {
  std::string name;    ///< file or folder name, for people
  std::string format;  ///< "Hugging Face safetensors", "ggml"
  Dims dims;
  GenerationConfig generation;
  Tokenizer tokenizer;
  Weights weights;
};

/// Loads a Hugging Face folder or a ggml .bin, told apart by what is there, not by the name. Every
/// size is range-checked before memory is taken, every tensor's name, shape and type is checked.
/// Throws Error{model} or Error{io}.
Model load(const std::filesystem::path& path);

}  // namespace sotto::model
