#include "model/bpe.h"

#include <algorithm>
#include <functional>
#include <iomanip>
#include <queue>
#include <tuple>
#include <utility>

#include "base/error.h"

namespace sotto::model {
namespace {

std::uint64_t hash_of(std::string_view bytes) {
  return std::hash<std::string_view>()(bytes);
}

/// Fibonacci hashing (Knuth, The Art of Computer Programming, 6.4): the product's upper bits depend
/// on all bits of the pair.
std::uint64_t hash_of(int left, int right) {
  const std::uint64_t pair =
      static_cast<std::uint64_t>(left) << 32 | static_cast<std::uint32_t>(right);
  return (pair * 0x9E3779B97F4A7C15u) >> 32;
}

/// A part of the word, kept at the place of its first byte. end = 0: merged into an earlier part.
struct Part {
  std::size_t previous;  ///< where the part before begins; unused for the first
  std::size_t end;
  int token;
};

/// Two neighbouring parts [begin, middle) and [middle, end) that can merge.
struct Candidate {
  int rank;
  std::size_t begin, middle, end;
  int token;

  /// Lowest rank first, then leftmost.
  bool operator>(const Candidate& other) const {
    return std::tie(rank, begin) > std::tie(other.rank, other.begin);
  }
  /// False once one of the two has merged with another part.
  bool still_there(const std::vector<Part>& parts) const {
    return parts[begin].end == middle && parts[middle].end == end;
  }
};

}  // namespace

BytePairEncoder::BytePairEncoder(const StringList& tokens, const std::optional<Merges>& merges,
                                 const std::string& source)
    : tokens_(tokens),
      ids_(tokens.size()),
      has_merges_(merges.has_value()),
      ranks_(merges ? merges->size() : 0) {
  std::optional<std::pair<int, int>> equal_tokens;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const std::string_view bytes = tokens[i];
    if (bytes.empty()) continue;
    const int id = static_cast<int>(i);
    const int before = ids_.put(hash_of(bytes), id, [&](int other) {
      return tokens_[static_cast<std::size_t>(other)] == bytes;
    });
    if (before != IndexTable::kNone && !equal_tokens) equal_tokens = {before, id};
  }
  for (int byte = 0; byte < 256; ++byte) {
    const char letter = static_cast<char>(byte);
    const int id = find({&letter, 1});
    if (id == IndexTable::kNone) {
      fail(
          ErrorKind::model, source, ": the vocabulary has no token for the byte 0x", std::hex,
          std::setw(2), std::setfill('0'), byte,
          ", and Whisper's has one for every byte; the file is damaged, or an early converter lost "
          "such bytes: download or convert the model again");
    }
    byte_ids_[static_cast<std::size_t>(byte)] = id;
  }
  if (equal_tokens) {
    fail(ErrorKind::model, source, ": tokens ", equal_tokens->first, " and ", equal_tokens->second,
         " of the vocabulary are the same");
  }
  if (merges) add_merges(*merges, source);
}

void BytePairEncoder::add_merges(const Merges& merges, const std::string& source) {
  merges_.reserve(merges.size());
  int likely = 0;
  for (std::size_t i = 0; i < merges.size(); ++i) {
    const auto& [left, right] = merges[i];
    const int rank = static_cast<int>(i);
    const Merge merge = {find(left), find(right), find_result(left, right, likely)};
    if (std::min({merge.left, merge.right, merge.token}) == IndexTable::kNone) {
      fail(ErrorKind::model, source, ": merge ", rank,
           " needs or makes a token that is not in the vocabulary");
    }
    const int before = ranks_.put(hash_of(merge.left, merge.right), rank, [&](int other) {
      const Merge& its = merges_[static_cast<std::size_t>(other)];
      return its.left == merge.left && its.right == merge.right;
    });
    if (before != IndexTable::kNone) {
      fail(ErrorKind::model, source, ": merge ", rank, " is listed twice");
    }
    merges_.push_back(merge);
    likely = merge.token + 1;
  }
}

int BytePairEncoder::find(std::string_view bytes) const {
  return ids_.find(hash_of(bytes),
                   [&](int id) { return tokens_[static_cast<std::size_t>(id)] == bytes; });
}

/// The token of two parts together. Vocabularies list the results of merges in the order of the
/// merges, so that it is mostly `likely`, the one after the last.
int BytePairEncoder::find_result(std::string_view left, std::string_view right, int likely) const {
  if (static_cast<std::size_t>(likely) < tokens_.size()) {
    const std::string_view bytes = tokens_[static_cast<std::size_t>(likely)];
    const bool is_it = bytes.size() == left.size() + right.size() && bytes.starts_with(left) &&
                       bytes.ends_with(right) && !bytes.empty();
    if (is_it) return likely;
  }
  return find(std::string(left).append(right));
}

std::optional<BytePairEncoder::Ranked> BytePairEncoder::merge_of(int left, int right,
                                                                 std::string_view bytes) const {
  if (!has_merges_) {
    const int id = find(bytes);
    return id == IndexTable::kNone ? std::nullopt : std::optional(Ranked{id, id});
  }
  const int rank = ranks_.find(hash_of(left, right), [&](int other) {
    const Merge& merge = merges_[static_cast<std::size_t>(other)];
    return merge.left == left && merge.right == right;
  });
  if (rank == IndexTable::kNone) return std::nullopt;
  return Ranked{rank, merges_[static_cast<std::size_t>(rank)].token};
}

void BytePairEncoder::encode(std::string_view word, std::vector<int>& out) const {
  if (!has_merges_) {
    if (const int whole = find(word); whole != IndexTable::kNone) {
      out.push_back(whole);
      return;
    }
  }
  std::vector<Part> parts(word.size());
  for (std::size_t i = 0; i < word.size(); ++i) {
    parts[i] = {i - 1, i + 1, byte_ids_[static_cast<unsigned char>(word[i])]};
  }
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> candidates;
  const auto consider = [&](std::size_t begin) {
    const std::size_t middle = parts[begin].end;
    if (middle == word.size()) return;
    const std::size_t end = parts[middle].end;
    const std::optional<Ranked> merge =
        merge_of(parts[begin].token, parts[middle].token, word.substr(begin, end - begin));
    if (merge) candidates.push({merge->rank, begin, middle, end, merge->token});
  };
  for (std::size_t i = 0; i < word.size(); ++i) consider(i);
  while (!candidates.empty()) {
    const Candidate best = candidates.top();
    candidates.pop();
    if (!best.still_there(parts)) continue;
    parts[best.begin].end = best.end;
    parts[best.begin].token = best.token;
    parts[best.middle].end = 0;
    if (best.end < word.size()) parts[best.end].previous = best.begin;
    consider(best.begin);
    if (best.begin > 0) consider(parts[best.begin].previous);
  }
  for (std::size_t i = 0; i < word.size(); i = parts[i].end) out.push_back(parts[i].token);
}

}  // namespace sotto::model
