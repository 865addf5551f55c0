// The ggml format of whisper.cpp (.bin files), little-endian:
//   u32 magic 0x67676D6C ("ggml")
//   i32 n_vocab n_audio_ctx n_audio_state n_audio_head n_audio_layer
//       n_text_ctx n_text_state n_text_head n_text_layer n_mels ftype     (feed-forward = 4 ·
//       state)
//   i32 n_mels, n_bins; f32[n_mels · n_bins]                              mel filters
//   i32 n; n times { u32 length; bytes }                                  text tokens in order of
//   id until the end: i32 n_dims, name length, type; i32[n_dims] sizes, fastest first; name; data
// ftype = 1000 · version of the quantization + kind; kinds and types 0 (f32) and 1 (f16) are read.
// Data is not aligned. The biases of the convolutions are stored as [D, 1].
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

#include "base/file.h"
#include "model/config.h"
#include "model/model.h"
#include "model/string_list.h"
#include "model/tokenizer.h"

namespace sotto::model {

inline constexpr std::uint32_t kGgmlMagic = 0x67676D6C;

/// What precedes the tensors.
struct GgmlHeader {
  Dims dims;
  StringList tokens;               ///< as the file lists them
  std::size_t tensors_offset = 0;  ///< bytes from the beginning of the file
};

/// Reads and checks the header. The mel filters are skipped, because Sotto computes the same ones.
/// Throws Error{model}.
GgmlHeader read_ggml_header(const MappedFile& file);

/// The special tokens are not listed in the file: they follow the text tokens in openai/whisper's
/// order, with as many languages as n_vocab leaves room for: these files cannot be padded.
Vocabulary ggml_vocabulary(GgmlHeader header, const std::string& source);

/// Throws Error{model} or Error{io}. The parts are checked one by one; load() checks them together.
Model load_ggml(const std::filesystem::path& path);

}  // namespace sotto::model
