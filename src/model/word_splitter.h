// GPT-2's first step of tokenization: text → words, numbers, marks and spaces.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

namespace sotto::model {

/// Splits by the pattern of GPT-2 (encoder.py), which openai/whisper uses too. Merges of bytes
/// never cross these pieces. Immutable; safe to share between threads.
class WordSplitter {
 public:
  WordSplitter();
  ~WordSplitter();

  /// Pieces of `text`, which must be valid UTF-8; together they are the whole text.
  std::vector<std::string_view> split(std::string_view text) const;

 private:
  struct Impl;
  std::unique_ptr<const Impl> impl_;
};

}  // namespace sotto::model
