// A Whisper model as a Hugging Face folder:
//   config.json                    sizes
//   model.safetensors              weights, or several files that model.safetensors.index.json
//   lists generation_config.json         optional: suppress lists, whether it is multilingual
//   tokenizer.json                 or vocab.json + merges.txt and optionally added_tokens.json
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "model/config.h"
#include "model/model.h"
#include "model/weights.h"

namespace sotto::model {

/// The embedding may be padded: vocab_size then counts rows without a token behind the last one.
/// Throws Error{model} or Error{io}. The parts are checked one by one; load() checks them together.
Model load_hugging_face(const std::filesystem::path& folder);

/// The tensors of safetensors files under openai's names; they need not be a whole model.
/// proj_out.weight, the output projection, is the token embedding in every Whisper model: when a
/// file has it, it must have the same bytes, and it is left out.
Weights read_hugging_face_weights(const std::vector<std::filesystem::path>& files,
                                  const std::string& source);

/// "model.encoder.layers.0.fc1.bias" → "encoder.blocks.0.mlp.0.bias"; a name that Hugging Face's
/// Whisper does not have comes back with as much of it changed as is known.
std::string openai_name(std::string_view hugging_face_name);
/// The way back, without "model." in front.
std::string hugging_face_name(std::string_view openai_name);

}  // namespace sotto::model
