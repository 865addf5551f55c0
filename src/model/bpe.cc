#include "model/bpe.h"

#include <iomanip>
#include <queue>
#include <tuple>

#include "base/error.h"

namespace sotto::model {
namespace {

std::uint64_t pair_key(int left, int right) {
  return static_cast<std::uint64_t>(left) << 32 | static_cast<std::uint32_t>(right);
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

BytePairEncoder::BytePairEncoder(const std::vector<std::string>& tokens,
                                 const std::optional<Merges>& merges, const std::string& source)
    : has_merges_(merges.has_value()) {
  ids_.reserve(tokens.size());
  std::optional<std::pair<int, int>> equal_tokens;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i].empty()) continue;
    const int id = static_cast<int>(i);
    const auto [place, added] = ids_.try_emplace(tokens[i], id);
    if (!added && !equal_tokens) equal_tokens = {place->second, id};
  }
  for (int byte = 0; byte < 256; ++byte) {
    const char letter = static_cast<char>(byte);
    const std::optional<int> id = find({&letter, 1});
    if (!id) {
      fail(
          ErrorKind::model, source, ": the vocabulary has no token for the byte 0x", std::hex,
          std::setw(2), std::setfill('0'), byte,
          ", and Whisper's has one for every byte; the file is damaged, or an early converter lost "
          "such bytes: download or convert the model again");
    }
    byte_ids_[static_cast<std::size_t>(byte)] = *id;
  }
  if (equal_tokens) {
    fail(ErrorKind::model, source, ": tokens ", equal_tokens->first, " and ", equal_tokens->second,
         " of the vocabulary are the same");
  }
  if (merges) add_merges(*merges, source);
}

void BytePairEncoder::add_merges(const Merges& merges, const std::string& source) {
  merges_.reserve(merges.size());
  for (std::size_t rank = 0; rank < merges.size(); ++rank) {
    const auto& [left, right] = merges[rank];
    const std::optional<int> left_id = find(left);
    const std::optional<int> right_id = find(right);
    const std::optional<int> result = find(left + right);
    if (!left_id || !right_id || !result) {
      fail(ErrorKind::model, source, ": merge ", rank,
           " needs or makes a token that is not in the vocabulary");
    }
    if (!merges_.try_emplace(pair_key(*left_id, *right_id), static_cast<int>(rank), *result)
             .second) {
      fail(ErrorKind::model, source, ": merge ", rank, " is listed twice");
    }
  }
}

std::optional<int> BytePairEncoder::find(std::string_view bytes) const {
  const auto found = ids_.find(bytes);
  if (found == ids_.end()) return std::nullopt;
  return found->second;
}

std::optional<BytePairEncoder::Merge> BytePairEncoder::merge_of(int left, int right,
                                                                std::string_view bytes) const {
  if (!has_merges_) {
    const std::optional<int> id = find(bytes);
    return id ? std::optional(Merge{*id, *id}) : std::nullopt;
  }
  const auto found = merges_.find(pair_key(left, right));
  return found == merges_.end() ? std::nullopt : std::optional(found->second);
}

void BytePairEncoder::encode(std::string_view word, std::vector<int>& out) const {
  if (!has_merges_) {
    if (const std::optional<int> whole = find(word)) {
      out.push_back(*whole);
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
    const std::optional<Merge> merge =
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
