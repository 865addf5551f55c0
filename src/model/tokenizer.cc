#include "model/tokenizer.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "model/bpe.h"
#include "model/word_splitter.h"

namespace sotto::model {
namespace {

/// All but the languages and the timestamps, with the names that openai/whisper gives them.
struct NamedToken {
  std::string_view name;
  int SpecialTokens::*id;
};
constexpr NamedToken kNamedTokens[] = {
    {"<|endoftext|>", &SpecialTokens::eot},
    {"<|startoftranscript|>", &SpecialTokens::sot},
    {"<|translate|>", &SpecialTokens::translate},
    {"<|transcribe|>", &SpecialTokens::transcribe},
    {"<|startoflm|>", &SpecialTokens::sot_lm},
    {"<|startofprev|>", &SpecialTokens::sot_prev},
    {"<|nospeech|>", &SpecialTokens::no_speech},
    {"<|notimestamps|>", &SpecialTokens::no_timestamps},
};

/// openai's rules tell text (below eot), special tokens and timestamps (from timestamp_begin on)
/// apart by the order of their ids.
void check_special_tokens(const Vocabulary& vocabulary) {
  const SpecialTokens& special = vocabulary.special;
  if (special.eot != static_cast<int>(vocabulary.tokens.size())) {
    fail(ErrorKind::model, vocabulary.source, ": <|endoftext|> is token ", special.eot,
         ", and it must follow the ", vocabulary.tokens.size(), " text tokens");
  }
  std::set<int> seen;
  const auto check = [&](std::string_view name, int id) {
    if (id < special.eot || id >= special.timestamp_begin) {
      fail(ErrorKind::model, vocabulary.source, ": ", name, " is token ", id,
           ", and it must be between <|endoftext|> (", special.eot, ") and <|0.00|> (",
           special.timestamp_begin, ")");
    }
    if (!seen.insert(id).second) {
      fail(ErrorKind::model, vocabulary.source, ": ", name, " has the id ", id,
           " of another special token");
    }
  };
  for (const NamedToken& token : kNamedTokens) check(token.name, special.*token.id);
  if (special.language.size() > languages().size()) {
    fail(ErrorKind::model, vocabulary.source, ": there are ", special.language.size(),
         " language tokens, and Whisper has at most ", languages().size());
  }
  for (std::size_t i = 0; i < special.language.size(); ++i) {
    check(concat("<|", languages()[i].first, "|>"), special.language[i]);
  }
  if (vocabulary.multilingual && special.language.empty()) {
    fail(ErrorKind::model, vocabulary.source,
         ": the model is multilingual, but its vocabulary has no language tokens");
  }
}

}  // namespace

SpecialTokens special_tokens_from(int eot, int n_languages) {
  SpecialTokens special;
  int next = eot;
  special.eot = next++;
  special.sot = next++;
  for (int i = 0; i < n_languages; ++i) special.language.push_back(next++);
  special.translate = next++;
  special.transcribe = next++;
  special.sot_lm = next++;
  special.sot_prev = next++;
  special.no_speech = next++;
  special.no_timestamps = next++;
  special.timestamp_begin = next;
  return special;
}

struct Tokenizer::Impl {
  explicit Impl(Vocabulary checked)
      : vocabulary(std::move(checked)),
        encoder(vocabulary.tokens, vocabulary.merges, vocabulary.source) {
    check_special_tokens(vocabulary);
    vocabulary.merges.reset();  // the encoder has them in a form of its own
  }

  Vocabulary vocabulary;
  BytePairEncoder encoder;
  WordSplitter splitter;
};

Tokenizer::Tokenizer(Vocabulary vocabulary)
    : impl_(std::make_unique<const Impl>(std::move(vocabulary))) {}
Tokenizer::~Tokenizer() = default;
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;

std::vector<int> Tokenizer::encode(std::string_view text) const {
  const std::string valid = replace_invalid_utf8(text);
  std::vector<int> tokens;
  for (const std::string_view word : impl_->splitter.split(valid)) {
    impl_->encoder.encode(word, tokens);
  }
  return tokens;
}

std::string_view Tokenizer::bytes(int token) const {
  if (token < 0 || token >= n_text_tokens()) return {};
  return impl_->vocabulary.tokens[static_cast<std::size_t>(token)];
}

std::string Tokenizer::decode(std::span<const int> tokens) const {
  std::string text;
  for (const int token : tokens) text += bytes(token);
  return replace_invalid_utf8(text);
}

const SpecialTokens& Tokenizer::special() const {
  return impl_->vocabulary.special;
}
bool Tokenizer::multilingual() const {
  return impl_->vocabulary.multilingual;
}
int Tokenizer::n_languages() const {
  return static_cast<int>(special().language.size());
}
int Tokenizer::n_text_tokens() const {
  return static_cast<int>(impl_->vocabulary.tokens.size());
}

std::vector<int> Tokenizer::non_speech_tokens() const {
  static constexpr std::string_view kMarks[] = {
      "\"",  "#",  "(",  ")",   "*",   "+",   "/",   ":",  ";",   "<",  "=",  ">",
      "@",   "[",  "\\", "]",   "^",   "_",   "`",   "{",  "|",   "}",  "~",  "「",
      "」",  "『", "』", "<<",  ">>",  "<<<", ">>>", "--", "---", "-(", "-[", "('",
      "(\"", "((", "))", "(((", ")))", "[[",  "]]",  "{{", "}}",  "♪♪", "♪♪♪"};
  // Often two tokens; the first of them then begins little else than such signs.
  static constexpr std::string_view kMusic[] = {"♩", "♪", "♫", "♬", "♭", "♮", "♯"};

  // Hyphens and apostrophes are wanted inside words, but not at their beginning.
  std::set<int> result = {encode(" -").front(), encode(" '").front()};
  for (const std::string_view mark : kMarks) {
    for (const std::string_view before : {"", " "}) {
      const std::vector<int> tokens = encode(concat(before, mark));
      if (tokens.size() == 1) result.insert(tokens.front());
    }
  }
  for (const std::string_view sign : kMusic) {
    for (const std::string_view before : {"", " "}) {
      result.insert(encode(concat(before, sign)).front());
    }
  }
  return {result.begin(), result.end()};
}

}  // namespace sotto::model
