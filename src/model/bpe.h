// Byte pair encoding (Sennrich et al. 2016) over bytes, as GPT-2 uses it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace sotto::model {

/// Pairs of tokens' bytes in the order of their merging.
using Merges = std::vector<std::pair<std::string, std::string>>;

/// Splits a word into the tokens of a vocabulary: starts from its bytes, and as long as two
/// neighbours can merge, merges the pair of lowest rank (the leftmost of equals). Immutable.
class BytePairEncoder {
 public:
  /// `tokens`: id → bytes; must outlive this object. Empty ones are never produced.
  /// With `merges` a pair's rank is its place there, as in Hugging Face's tokenizers. Without, any
  /// two neighbours merge whose bytes together are a token, its id is the rank, and a word that is
  /// a token is taken whole, as in tiktoken. Throws Error{model} naming `source` when a byte has no
  /// token, two tokens are the same bytes, or a merge does not fit the tokens.
  BytePairEncoder(const std::vector<std::string>& tokens, const std::optional<Merges>& merges,
                  const std::string& source);

  /// Appends the tokens of `word`. Takes O(n log n) for n bytes.
  void encode(std::string_view word, std::vector<int>& out) const;

 private:
  struct Merge {
    int rank;
    int token;  ///< the result
  };

  std::optional<int> find(std::string_view bytes) const;
  void add_merges(const Merges& merges, const std::string& source);
  std::optional<Merge> merge_of(int left, int right, std::string_view bytes) const;

  std::unordered_map<std::string_view, int> ids_;
  std::array<int, 256> byte_ids_{};
  bool has_merges_;
  std::unordered_map<std::uint64_t, Merge> merges_;  ///< left id · 2³² + right id → merge
};

}  // namespace sotto::model
