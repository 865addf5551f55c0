#include "model/huggingface_tokenizer.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "model/json.h"

namespace sotto::model {
namespace {

namespace fs = std::filesystem;

using Ids = std::map<std::string, int, std::less<>>;

/// What the files of either kind hold.
struct Entries {
  std::string source;  ///< the file with the vocabulary
  Ids tokens;          ///< in byte letters
  Ids added;           ///< special tokens, timestamps, and whatever a user added; as plain text
  std::vector<std::pair<std::string, std::string>> merges;  ///< in byte letters
};

int token_id(const Json& json, const std::string& token, const std::string& source) {
  constexpr std::int64_t kMaxId = (1 << 20) - 1;  // as many as check_dims() allows
  // Fifty thousand names for errors that there are not would take as long as reading them.
  if (json.is_number_unsigned() && json.get<std::uint64_t>() <= kMaxId) return json.get<int>();
  return static_cast<int>(
      as_integer(json, 0, kMaxId, "the id of token " + printable(token), source));
}

Ids read_ids(const Json& object, const std::string& source) {
  Ids ids;
  // An object's members come in the order of their names.
  for (const auto& [token, id] : object.items()) {
    ids.emplace_hint(ids.end(), token, token_id(id, token, source));
  }
  return ids;
}

/// "a b" → {"a", "b"}: byte letters have no space among them.
std::pair<std::string, std::string> split_merge(std::string_view line, const std::string& source) {
  const std::size_t space = line.find(' ');
  if (space == 0 || space == std::string_view::npos || space + 1 == line.size() ||
      line.find(' ', space + 1) != std::string_view::npos) {
    fail(ErrorKind::model, source, ": the merge \"", printable(line),
         "\" is not two tokens with a space between");
  }
  return {std::string(line.substr(0, space)), std::string(line.substr(space + 1))};
}

/// Older tokenizer.json files write a merge as "a b", newer ones as ["a", "b"].
std::pair<std::string, std::string> read_merge(const Json& merge, const std::string& source) {
  if (merge.is_string()) return split_merge(merge.get_ref<const std::string&>(), source);
  as_array(merge, "a merge", source);
  if (merge.size() != 2) {
    fail(ErrorKind::model, source, ": a merge has ", merge.size(), " tokens, not 2");
  }
  return {as_string(merge[0], "the first token of a merge", source),
          as_string(merge[1], "the second token of a merge", source)};
}

Entries read_tokenizer_json(const fs::path& path) {
  Entries entries{path.string(), {}, {}, {}};
  const std::string& source = entries.source;
  const Json json = parse_json_object(read_text_file(path), source);
  const Json& model = as_object(member(json, "model", source), "model", source);
  if (const Json* type = find_member(model, "type")) {
    const std::string& name = as_string(*type, "model.type", source);
    if (name != "BPE") {
      fail(ErrorKind::model, source, ": model.type is \"", printable(name),
           "\", and Whisper's vocabulary is \"BPE\"");
    }
  }
  entries.tokens =
      read_ids(as_object(member(model, "vocab", source), "model.vocab", source), source);
  for (const Json& merge : as_array(member(model, "merges", source), "model.merges", source)) {
    entries.merges.push_back(read_merge(merge, source));
  }
  for (const Json& token : as_array(member(json, "added_tokens", source), "added_tokens", source)) {
    as_object(token, "an entry of added_tokens", source);
    const std::string& content = as_string(member(token, "content", source), "content", source);
    entries.added[content] = token_id(member(token, "id", source), content, source);
  }
  return entries;
}

std::vector<std::pair<std::string, std::string>> read_merges_txt(const fs::path& path) {
  const std::string text = read_text_file(path);
  std::vector<std::pair<std::string, std::string>> merges;
  std::string_view rest = text;
  if (rest.starts_with("#version")) rest.remove_prefix(std::min(rest.find('\n'), rest.size()));
  while (!rest.empty()) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) merges.push_back(split_merge(line, path.string()));
  }
  return merges;
}

Entries read_vocab_and_merges(const fs::path& folder) {
  const fs::path vocab = folder / "vocab.json";
  Entries entries{vocab.string(), {}, {}, {}};
  entries.tokens =
      read_ids(parse_json_object(read_text_file(vocab), vocab.string()), vocab.string());
  entries.merges = read_merges_txt(folder / "merges.txt");
  if (const fs::path added = folder / "added_tokens.json"; fs::exists(added)) {
    entries.added =
        read_ids(parse_json_object(read_text_file(added), added.string()), added.string());
  }
  return entries;
}

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

  std::string operator()(std::string_view letters, const std::string& source) const {
    std::string bytes;
    for (std::size_t i = 0; i < letters.size(); ++i) {
      // All letters are below U+0800, so they are one or two bytes of UTF-8.
      std::size_t letter = static_cast<unsigned char>(letters[i]);
      if ((letter & 0xE0) == 0xC0 && i + 1 < letters.size()) {
        letter = (letter & 0x1F) << 6 | (static_cast<unsigned char>(letters[++i]) & 0x3F);
      }
      if (letter >= bytes_.size() || bytes_[letter] == kNone) {
        fail(ErrorKind::model, source, ": token \"", printable(letters),
             "\" is not written in GPT-2's byte letters; only byte-level vocabularies are read");
      }
      bytes += static_cast<char>(bytes_[letter]);
    }
    return bytes;
  }

 private:
  static constexpr std::int16_t kNone = -1;
  std::array<std::int16_t, 0x144> bytes_{};  ///< letter → byte; U+0143 is the last letter
};

/// Removes the special tokens from `entries` and gives them by name. What remains are text tokens;
/// a word that a user added behind them has no place in Whisper's order of ids.
Ids take_special_tokens(Entries& entries) {
  Ids special;
  const auto take = [&](const std::string& name, int id) {
    const auto [place, is_new] = special.try_emplace(name, id);
    if (!is_new && place->second != id) {
      fail(ErrorKind::model, entries.source, ": token ", printable(name), " has the ids ",
           place->second, " and ", id);
    }
  };
  for (const auto& [name, id] : entries.added) {
    if (is_special(name)) {
      take(name, id);
      continue;
    }
    const auto text = entries.tokens.find(name);
    if (text == entries.tokens.end() || text->second != id) {
      fail(ErrorKind::model, entries.source, ": token \"", printable(name), "\" with the id ", id,
           " was added to Whisper's; models with added words are not read");
    }
  }
  for (auto token = entries.tokens.begin(); token != entries.tokens.end();) {
    if (is_special(token->first)) {
      take(token->first, token->second);
      token = entries.tokens.erase(token);
    } else {
      ++token;
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
std::vector<std::string> read_text_tokens(const Entries& entries, const ByteDecoder& bytes) {
  std::vector<const std::string*> by_id(entries.tokens.size());
  for (const auto& [token, id] : entries.tokens) {
    const auto place = static_cast<std::size_t>(id);
    if (place >= by_id.size() || by_id[place] != nullptr) {
      fail(ErrorKind::model, entries.source, ": text token \"", printable(token), "\" has the id ",
           id, ", and the ", by_id.size(), " text tokens must have the ids from 0 to ",
           by_id.size() - 1, ", each its own");
    }
    by_id[place] = &token;
  }
  std::vector<std::string> tokens;
  tokens.reserve(by_id.size());
  for (const std::string* token : by_id) tokens.push_back(bytes(*token, entries.source));
  return tokens;
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
  const Ids special = take_special_tokens(entries);
  const ByteDecoder bytes;
  Vocabulary vocabulary;
  vocabulary.source = entries.source;
  vocabulary.tokens = read_text_tokens(entries, bytes);
  vocabulary.merges.emplace();
  for (const auto& [left, right] : entries.merges) {
    vocabulary.merges->emplace_back(bytes(left, entries.source), bytes(right, entries.source));
  }
  vocabulary.special = read_special_tokens(special, entries.source);
  return vocabulary;
}

}  // namespace sotto::model
