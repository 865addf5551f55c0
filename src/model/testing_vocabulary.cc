// Made-up vocabularies.
#include <algorithm>
#include <numeric>
#include <sstream>
#include <unordered_map>

#include "base/error.h"
#include "base/file.h"
#include "model/huggingface_tokenizer.h"
#include "model/testing.h"

namespace sotto::model::testing {
namespace {

using Ranks = std::unordered_map<std::string, int>;

/// The parts to which tiktoken's encoding brings `bytes` when it may make tokens below `limit`
/// only: written plainly, as a check on the encoder.
std::vector<std::string> reduce(std::string_view bytes, const Ranks& ranks, int limit) {
  std::vector<std::string> parts;
  for (const char c : bytes) parts.emplace_back(1, c);
  for (;;) {
    std::size_t best = 0;
    int best_rank = limit;
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
      const auto found = ranks.find(parts[i] + parts[i + 1]);
      if (found != ranks.end() && found->second < best_rank) {
        best = i;
        best_rank = found->second;
      }
    }
    if (best_rank == limit) return parts;
    parts[best] += parts[best + 1];
    parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(best) + 1);
  }
}

/// The 256 single bytes in GPT-2's order: the printable ones first.
StringList byte_tokens() {
  const auto letters = byte_letters();
  std::vector<std::size_t> bytes(letters.size());
  std::iota(bytes.begin(), bytes.end(), 0);
  std::ranges::sort(bytes, {}, [&](std::size_t byte) { return letters[byte]; });
  StringList tokens;
  for (const std::size_t byte : bytes) tokens.push_back(std::string(1, static_cast<char>(byte)));
  return tokens;
}

StringList seeded_tokens(std::size_t count) {
  StringList tokens = byte_tokens();
  SOTTO_CHECK(count >= tokens.size());
  Ranks ranks;
  for (std::size_t id = 0; id < tokens.size(); ++id) {
    ranks.emplace(tokens[id], static_cast<int>(id));
  }
  const auto try_add = [&](const std::string& token) {
    if (tokens.size() == count || ranks.contains(token)) return;
    const int rank = static_cast<int>(tokens.size());
    if (reduce(token, ranks, rank).size() != 2) return;
    ranks.emplace(token, rank);
    tokens.push_back(token);
  };
  for (const std::string word :
       {" zero", " one", " two", " three", " four", " five", " six", " seven", " eight", " nine",
        " the", " and", " to", " of", " hello", "Hello", " world", "\xE2\x99\xAA", ".."}) {
    for (std::size_t size = 2; size <= word.size(); ++size) try_add(word.substr(0, size));
  }
  std::uint64_t state = 1;
  const auto next = [&] {  // Knuth's MMIX generator
    state = state * 6364136223846793005u + 1442695040888963407u;
    return std::string(tokens[static_cast<std::size_t>(state >> 33) % tokens.size()]);
  };
  constexpr std::size_t kMaxBytes = 8;
  while (tokens.size() < count) {
    const std::string left = next();
    const std::string token = left + next();
    if (token.size() <= kMaxBytes) try_add(token);
  }
  return tokens;
}

std::string decode_base64(std::string_view text) {
  static constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  unsigned bits = 0;
  int n_bits = 0;
  for (const char c : text.substr(0, text.find('='))) {
    bits = bits << 6 | static_cast<unsigned>(kDigits.find(c));
    n_bits += 6;
    if (n_bits >= 8) {
      n_bits -= 8;
      bytes += static_cast<char>(bits >> n_bits & 0xFF);
    }
  }
  return bytes;
}

}  // namespace

StringPairs merges_of(const StringList& tokens) {
  Ranks ranks;
  for (std::size_t id = 0; id < tokens.size(); ++id) {
    ranks.emplace(tokens[id], static_cast<int>(ranks.size()));
  }
  StringPairs merges;
  for (std::size_t id = 0; id < tokens.size(); ++id) {
    if (tokens[id].size() < 2) continue;
    const auto parts = reduce(tokens[id], ranks, static_cast<int>(id));
    SOTTO_CHECK(parts.size() == 2);
    merges.push_back(parts[0], parts[1]);
  }
  return merges;
}

Vocabulary seeded_vocabulary(const Dims& dims) {
  const int n_languages = dims.n_vocab >= 51866 ? 100 : 99;
  const int n_special = 8 + n_languages + kTimestampTokens;
  SOTTO_CHECK(dims.n_vocab >= n_special + 256);
  const int n_text = dims.n_vocab - n_special;
  Vocabulary vocabulary;
  vocabulary.source = "seeded vocabulary";
  vocabulary.tokens = seeded_tokens(static_cast<std::size_t>(n_text));
  vocabulary.merges = merges_of(vocabulary.tokens);
  vocabulary.special = special_tokens_from(n_text, n_languages);
  vocabulary.multilingual = is_multilingual(dims.n_vocab);
  return vocabulary;
}

Vocabulary tiktoken_vocabulary(const std::filesystem::path& path, std::optional<int> n_languages) {
  Vocabulary vocabulary;
  vocabulary.source = path.string();
  std::istringstream lines(read_text_file(path));
  std::string token;
  for (std::size_t rank = 0; lines >> token >> rank;) {
    SOTTO_CHECK(rank >= vocabulary.tokens.size());
    vocabulary.tokens.resize(rank);
    vocabulary.tokens.push_back(decode_base64(token));
  }
  vocabulary.multilingual = n_languages.has_value();
  vocabulary.special =
      special_tokens_from(static_cast<int>(vocabulary.tokens.size()), n_languages.value_or(99));
  return vocabulary;
}

}  // namespace sotto::model::testing
