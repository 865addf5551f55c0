#include "model/huggingface_tokenizer.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "model/json.h"
#include "model/string_list.h"

namespace sotto::model {
namespace {

namespace fs = std::filesystem;

bool is_special(std::string_view token) {
  return token.size() > 4 && token.starts_with("<|") && token.ends_with("|>");
}

/// Undoes byte_letters().
class ByteDecoder {
 public:
  ByteDecoder() {
    bytes_.fill(kNone);
    const auto letters = byte_letters();
    for (std::size_t byte = 0; byte < letters.size(); ++byte) {
      bytes_[letters[byte]] = static_cast<std::int16_t>(byte);
    }
  }

  /// The bytes; false when there are others than byte letters.
  bool decode(std::string_view letters, std::string& bytes) const {
    bytes.clear();
    for (std::size_t i = 0; i < letters.size(); ++i) {
      // All letters are below U+0800, so they are one or two bytes of UTF-8.
      std::size_t letter = static_cast<unsigned char>(letters[i]);
      if ((letter & 0xE0) == 0xC0 && i + 1 < letters.size()) {
        letter = (letter & 0x1F) << 6 | (static_cast<unsigned char>(letters[++i]) & 0x3F);
      }
      if (letter >= bytes_.size() || bytes_[letter] == kNone) return false;
      bytes += static_cast<char>(bytes_[letter]);
    }
    return true;
  }

 private:
  static constexpr std::int16_t kNone = -1;
  std::array<std::int16_t, 0x144> bytes_{};  ///< letter → byte; U+0143 is the last letter
};

std::string in_letters(std::string_view bytes) {
  const auto letters = byte_letters();
  std::string text;
  for (const char byte : bytes) append_utf8(text, letters[static_cast<unsigned char>(byte)]);
  return text;
}

using Ids = std::map<std::string, int, std::less<>>;

/// What the files of either kind hold, as they are read.
class Entries {
 public:
  explicit Entries(const fs::path& path) : source(path.string()) {}

  std::string source;    ///< the file with the vocabulary
  StringList tokens;     ///< bytes of the text tokens, in the order of the file
  std::vector<int> ids;  ///< of them
  Ids special;           ///< special tokens and timestamps, as plain text
  Ids added;             ///< the same of the added ones, and whatever a user added
  StringPairs merges;    ///< bytes

  /// `letters` is written in byte letters, unless it is a special token.
  void add_token(const std::string& letters, int id) {
    if (is_special(letters)) {
      special.emplace(letters, id);
      return;
    }
    decode(letters, source, left_);
    tokens.push_back(left_);
    ids.push_back(id);
  }

  /// "a b": byte letters have no space among them. `file` is where it is written.
  void add_merge(std::string_view line, const std::string& file) {
    const std::size_t space = line.find(' ');
    if (space == 0 || space == std::string_view::npos || space + 1 == line.size() ||
        line.find(' ', space + 1) != std::string_view::npos) {
      fail(ErrorKind::model, file, ": the merge \"", printable(line),
           "\" is not two tokens with a space between");
    }
    add_merge(line.substr(0, space), line.substr(space + 1));
  }

  void add_merge(std::string_view left, std::string_view right) {
    decode(left, source, left_);
    decode(right, source, right_);
    merges.push_back(left_, right_);
  }

  /// Whether the text token `id` is written so in byte letters.
  bool has(const std::string& letters, int id) {
    const auto found = std::ranges::find(ids, id);
    return found != ids.end() && decoder_.decode(letters, left_) &&
           tokens[static_cast<std::size_t>(found - ids.begin())] == left_;
  }

 private:
  void decode(std::string_view letters, const std::string& file, std::string& bytes) const {
    if (decoder_.decode(letters, bytes)) return;
    fail(ErrorKind::model, file, ": token \"", printable(letters),
         "\" is not written in GPT-2's byte letters; only byte-level vocabularies are read");
  }

  ByteDecoder decoder_;
  std::string left_, right_;
};

int token_id(const Json& json, const std::string& token, const std::string& source) {
  constexpr std::int64_t kMaxId = (1 << 20) - 1;  // as many as check_dims() allows
  // Fifty thousand names for errors that there are not would take as long as reading them.
  if (json.is_number_unsigned() && json.get<std::uint64_t>() <= kMaxId) return json.get<int>();
  return static_cast<int>(
      as_integer(json, 0, kMaxId, "the id of token " + printable(token), source));
}

/// Older tokenizer.json files write a merge as "a b", newer ones as ["a", "b"].
void read_merge(const Json& merge, Entries& entries) {
  const std::string& source = entries.source;
  if (merge.is_string()) return entries.add_merge(merge.get_ref<const std::string&>(), source);
  as_array(merge, "a merge", source);
  if (merge.size() != 2) {
    fail(ErrorKind::model, source, ": a merge has ", merge.size(), " tokens, not 2");
  }
  entries.add_merge(std::string_view(as_string(merge[0], "the first token of a merge", source)),
                    std::string_view(as_string(merge[1], "the second token of a merge", source)));
}

void read_added(const Json& token, Entries& entries) {
  const std::string& source = entries.source;
  as_object(token, "an entry of added_tokens", source);
  const std::string& content = as_string(member(token, "content", source), "content", source);
  entries.added[content] = token_id(member(token, "id", source), content, source);
}

/// Takes the members of an object as tokens and their ids.
JsonElements tokens_at(std::vector<std::string> path, Entries& entries) {
  return {.path = std::move(path), .take = [&entries](const std::string& token, const Json& id) {
            entries.add_token(token, token_id(id, token, entries.source));
          }};
}

Entries read_tokenizer_json(const fs::path& path) {
  Entries entries(path);
  const std::string& source = entries.source;
  const Json json = read_json_object(
      path, {tokens_at({"model", "vocab"}, entries),
             {.path = {"model", "merges"},
              .is_array = true,
              .take = [&](const std::string&, const Json& merge) { read_merge(merge, entries); }},
             {.path = {"added_tokens"},
              .is_array = true,
              .take = [&](const std::string&, const Json& token) { read_added(token, entries); }}});
  const Json& model = as_object(member(json, "model", source), "model", source);
  if (const Json* type = find_member(model, "type")) {
    const std::string& name = as_string(*type, "model.type", source);
    if (name != "BPE") {
      fail(ErrorKind::model, source, ": model.type is \"", printable(name),
           "\", and Whisper's vocabulary is \"BPE\"");
    }
  }
  as_object(member(model, "vocab", source), "model.vocab", source);
  as_array(member(model, "merges", source), "model.merges", source);
  as_array(member(json, "added_tokens", source), "added_tokens", source);
  return entries;
}

void read_merges_txt(const fs::path& path, Entries& entries) {
  const MappedFile file = map_text_file(path);
  const std::string source = path.string();
  std::string_view rest = file.text();
  if (rest.starts_with("#version")) rest.remove_prefix(std::min(rest.find('\n'), rest.size()));
  while (!rest.empty()) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) entries.add_merge(line, source);
  }
}

Entries read_vocab_and_merges(const fs::path& folder) {
  const fs::path vocab = folder / "vocab.json";
  Entries entries(vocab);
  read_json_object(vocab, {tokens_at({}, entries)});
  read_merges_txt(folder / "merges.txt", entries);
  if (const fs::path added = folder / "added_tokens.json"; fs::exists(added)) {
    const std::string source = added.string();
    read_json_object(added, {{.path = {}, .take = [&](const std::string& token, const Json& id) {
                                entries.added[token] = token_id(id, token, source);
                              }}});
  }
  return entries;
}

/// All special tokens by name. What else was added must be a text token; a word that a user added
/// behind them has no place in Whisper's order of ids.
Ids special_tokens_of(Entries& entries) {
  Ids special = entries.special;
  for (const auto& [name, id] : entries.added) {
    if (is_special(name)) {
      const auto [place, is_new] = special.try_emplace(name, id);
      if (is_new || place->second == id) continue;
      fail(ErrorKind::model, entries.source, ": token ", printable(name), " has the ids ", id,
           " and ", place->second);
    }
    if (!entries.has(name, id)) {
      fail(ErrorKind::model, entries.source, ": token \"", printable(name), "\" with the id ", id,
           " was added to Whisper's; models with added words are not read");
    }
  }
  return special;
}

/// <|0.00|> or, in the files of openai's first models, which do not list the timestamps, the token
/// after <|notimestamps|>. Those that are listed must be in a row.
int find_timestamps(const Ids& special, int no_timestamps, const std::string& source) {
  const auto first = special.find("<|0.00|>");
  const int begin = first == special.end() ? no_timestamps + 1 : first->second;
  for (int i = 0; i < kTimestampTokens; ++i) {
    const std::string name = timestamp_name(i);
    const auto found = special.find(name);
    if (found != special.end() && found->second - begin != i) {
      fail(ErrorKind::model, source, ": token ", name, " has the id ", found->second,
           ", and its place in the row of timestamps is ", begin + std::int64_t{i});
    }
  }
  return begin;
}

/// The timestamps are the last of Whisper's tokens.
void check_nothing_added(const Ids& special, int n_tokens, const std::string& source) {
  for (const auto& [name, id] : special) {
    if (id >= n_tokens) {
      fail(ErrorKind::model, source, ": token ", printable(name), " with the id ", id,
           " was added behind Whisper's ", n_tokens, "; models with added words are not read");
    }
  }
}

/// The languages must be the first of Whisper's list, for their order is what tells them apart.
std::vector<int> find_languages(const Ids& special, const std::string& source) {
  std::vector<int> found;
  std::string missing;
  for (const auto& [code, name] : languages()) {
    const std::string token = concat("<|", code, "|>");
    const auto place = special.find(token);
    if (place == special.end()) {
      if (missing.empty()) missing = token;
    } else if (!missing.empty()) {
      fail(ErrorKind::model, source, ": the vocabulary has Whisper's token ", token, ", but not ",
           missing, ", which comes before it");
    } else {
      found.push_back(place->second);
    }
  }
  return found;
}

SpecialTokens read_special_tokens(const Ids& ids, const std::string& source) {
  const auto id_of = [&](std::string_view name) {
    const auto found = ids.find(name);
    if (found == ids.end()) {
      fail(ErrorKind::model, source, ": the vocabulary lacks Whisper's token ", name);
    }
    return found->second;
  };
  SpecialTokens special;
  special.eot = id_of("<|endoftext|>");
  special.sot = id_of("<|startoftranscript|>");
  special.language = find_languages(ids, source);
  special.translate = id_of("<|translate|>");
  special.transcribe = id_of("<|transcribe|>");
  special.sot_lm = id_of("<|startoflm|>");
  special.sot_prev = id_of("<|startofprev|>");
  special.no_speech = id_of(ids.contains("<|nospeech|>") ? "<|nospeech|>" : "<|nocaptions|>");
  special.no_timestamps = id_of("<|notimestamps|>");
  special.timestamp_begin = find_timestamps(ids, special.no_timestamps, source);
  check_nothing_added(ids, special.n_tokens(), source);
  return special;
}

/// id → bytes, for ids from 0 on without a gap.
StringList in_order_of_ids(StringList tokens, const std::vector<int>& ids,
                           const std::string& source) {
  constexpr std::size_t kNone = SIZE_MAX;
  std::vector<std::size_t> by_id(tokens.size(), kNone);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const auto id = static_cast<std::size_t>(ids[i]);
    if (id >= by_id.size() || by_id[id] != kNone) {
      fail(ErrorKind::model, source, ": text token \"", printable(in_letters(tokens[i])),
           "\" has the id ", id, ", and the ", by_id.size(),
           " text tokens must have the ids from 0 to ", by_id.size() - 1, ", each its own");
    }
    by_id[id] = i;
  }
  if (std::ranges::is_sorted(by_id)) return tokens;
  StringList sorted;
  for (const std::size_t i : by_id) sorted.push_back(tokens[i]);
  return sorted;
}

Entries read_entries(const fs::path& folder) {
  if (const fs::path path = folder / "tokenizer.json"; fs::exists(path)) {
    return read_tokenizer_json(path);
  }
  if (fs::exists(folder / "vocab.json")) return read_vocab_and_merges(folder);
  fail(ErrorKind::model, folder.string(),
       ": there is no vocabulary in it; tokenizer.json, or vocab.json with merges.txt, is needed");
}

}  // namespace

std::string timestamp_name(int i) {
  const int hundredths = 2 * i;
  return concat("<|", hundredths / 100, ".", hundredths / 10 % 10, hundredths % 10, "|>");
}

std::array<char32_t, 256> byte_letters() {
  std::array<char32_t, 256> letters{};
  char32_t next = 0x100;
  for (char32_t byte = 0; byte < 256; ++byte) {
    const bool printable = (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte != 0xAD);
    letters[byte] = printable ? byte : next++;
  }
  return letters;
}

Vocabulary read_hugging_face_vocabulary(const fs::path& folder) {
  Entries entries = read_entries(folder);
  const Ids special = special_tokens_of(entries);
  Vocabulary vocabulary;
  vocabulary.source = entries.source;
  vocabulary.tokens = in_order_of_ids(std::move(entries.tokens), entries.ids, entries.source);
  vocabulary.merges = std::move(entries.merges);
  vocabulary.special = read_special_tokens(special, entries.source);
  return vocabulary;
}

}  // namespace sotto::model
