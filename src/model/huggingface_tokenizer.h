// The vocabulary of a Hugging Face folder: tokenizer.json, or vocab.json + merges.txt (+
// added_tokens.json).
#pragma once

#include <array>
#include <filesystem>
#include <string>

#include "model/tokenizer.h"

namespace sotto::model {

/// Text tokens, merges and special tokens (`multilingual` is not stated there and stays false).
/// <|nocaptions|> is read as <|nospeech|>; timestamps that are not listed follow <|notimestamps|>.
/// Throws Error{model} or Error{io}.
Vocabulary read_hugging_face_vocabulary(const std::filesystem::path& folder);

/// How the file writes the i-th timestamp: "<|0.00|>", "<|0.02|>", …
std::string timestamp_name(int i);

/// The letter in which GPT-2's vocabulary files write each byte: printable Latin-1 characters stand
/// for themselves, the others for U+0100, U+0101, … in turn.
std::array<char32_t, 256> byte_letters();

}  // namespace sotto::model
