// Byte pair encoding (Sennrich et al. 2016) over bytes, as GPT-2 uses it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/index_table.h"
#include "model/string_list.h"

namespace sotto::model {

/// Pairs of tokens' bytes in the order of their merging.
using Merges = StringPairs;

/// Splits a word into the tokens of a vocabulary: starts from its bytes, and as long as two
/// neighbours can merge, merges the pair of lowest rank (the leftmost of equals). Immutable.
class BytePairEncoder {
 public:
  /// `tokens`: id → bytes; must outlive this object. Empty ones are never produced.
  /// With `merges` a pair's rank is its place there, as in Hugging Face's tokenizers. Without, any
  /// two neighbours merge whose bytes together are a token, its id is the rank, and a word that is
  /// a token is taken whole, as in tiktoken. Throws Error{model} naming `source` when a byte has no
  /// token, two tokens are the same bytes, or a merge does not fit the tokens.
  BytePairEncoder(const StringList& tokens, const std::optional<Merges>& merges,
                  const std::string& source);

  /// Appends the tokens of `word`. Takes O(n log n) for n bytes.
  void encode(std::string_view word, std::vector<int>& out) const;

 private:
  struct Merge {
    int left, right;
    int token;  ///< the result
  };
  struct Ranked {
    int rank;
    int token;
  };

  int find(std::string_view bytes) const;
  int find_result(std::string_view left, std::string_view right, int likely) const;
  void add_merges(const Merges& merges, const std::string& source);
  std::optional<Ranked> merge_of(int left, int right, std::string_view bytes) const;

  const StringList& tokens_;
  IndexTable ids_;  ///< of tokens by their bytes
  std::array<int, 256> byte_ids_{};
  bool has_merges_;
  std::vector<Merge> merges_;  ///< by rank
  IndexTable ranks_;           ///< of merges by left and right
};

}  // namespace sotto::model
