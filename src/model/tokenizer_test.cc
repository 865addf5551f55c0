#include "model/tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "base/testing.h"
#include "model/bpe.h"
#include "model/golden_testing.h"
#include "model/json.h"
#include "model/testing.h"

namespace sotto::model {
namespace {

using sotto::testing::message_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Dims dims_with(int n_vocab) {
  Dims dims = testing::tiny_test_dims();
  dims.n_vocab = n_vocab;
  return dims;
}

/// 256 bytes, special tokens, nothing else.
Vocabulary bytes_only() {
  return testing::seeded_vocabulary(dims_with(1864));
}

/// The bytes and then `words`, ranked in their order.
Tokenizer with_words(const std::vector<std::string>& words, bool with_merges) {
  Vocabulary vocabulary = bytes_only();
  for (const std::string& word : words) vocabulary.tokens.push_back(word);
  vocabulary.special = special_tokens_from(static_cast<int>(vocabulary.tokens.size()), 99);
  vocabulary.merges.reset();
  if (with_merges) vocabulary.merges = testing::merges_of(vocabulary.tokens);
  return Tokenizer(std::move(vocabulary));
}

std::vector<std::string> pieces(const Tokenizer& tokenizer, std::string_view text) {
  std::vector<std::string> result;
  for (const int token : tokenizer.encode(text)) result.emplace_back(tokenizer.bytes(token));
  return result;
}

TEST(Tokenizer, MergesLowestRankFirstThenLeftmost) {
  for (const bool with_merges : {false, true}) {
    const Tokenizer tokenizer = with_words({"bc", "ab", "aa"}, with_merges);
    EXPECT_THAT(pieces(tokenizer, "abcd"), ElementsAre("a", "bc", "d"));  // bc comes before ab
    EXPECT_THAT(pieces(tokenizer, "abd"), ElementsAre("ab", "d"));
    EXPECT_THAT(pieces(tokenizer, "aaa"), ElementsAre("aa", "a"));
    EXPECT_THAT(pieces(tokenizer, "aaaa"), ElementsAre("aa", "aa"));
    EXPECT_THAT(pieces(tokenizer, ""), IsEmpty());
  }
}

// "abc" cannot be reached by merges here: bc forms first. tiktoken takes a word that is a token
// whole.
TEST(Tokenizer, WithoutMergesAWordThatIsATokenIsTakenWhole) {
  Vocabulary vocabulary = bytes_only();
  for (const char* word : {"bc", "ab", "abc"}) vocabulary.tokens.push_back(word);
  vocabulary.special = special_tokens_from(static_cast<int>(vocabulary.tokens.size()), 99);
  vocabulary.merges = Merges{{"b", "c"}, {"a", "b"}};
  EXPECT_THAT(pieces(Tokenizer(vocabulary), "abc"), ElementsAre("a", "bc"));
  vocabulary.merges.reset();
  EXPECT_THAT(pieces(Tokenizer(vocabulary), "abc"), ElementsAre("abc"));
}

TEST(Tokenizer, SplitsAsGpt2Does) {
  // A vocabulary in which any two neighbours of these words merge, so that pieces show the split.
  const auto split = [](std::string text) {
    Vocabulary vocabulary = bytes_only();
    std::set<std::string> known;
    for (std::size_t id = 0; id < vocabulary.tokens.size(); ++id) {
      known.emplace(vocabulary.tokens[id]);
    }
    for (std::size_t size = 2; size <= text.size(); ++size) {
      for (std::size_t begin = 0; begin + size <= text.size(); ++begin) {
        if (known.insert(text.substr(begin, size)).second) {
          vocabulary.tokens.push_back(text.substr(begin, size));
        }
      }
    }
    vocabulary.special = special_tokens_from(static_cast<int>(vocabulary.tokens.size()), 99);
    vocabulary.merges.reset();
    return pieces(Tokenizer(std::move(vocabulary)), text);
  };
  EXPECT_THAT(split("I'm sure we'll"), ElementsAre("I", "'m", " sure", " we", "'ll"));
  EXPECT_THAT(split("I'Ms"), ElementsAre("I", "'", "Ms"));
  EXPECT_THAT(split("a1b 23!?"), ElementsAre("a", "1", "b", " 23", "!?"));
  EXPECT_THAT(split("a   b"), ElementsAre("a", "  ", " b"));
  EXPECT_THAT(split("a \n "), ElementsAre("a", " \n "));
  EXPECT_THAT(split("naïve Ωmega²"), ElementsAre("naïve", " Ωmega", "²"));
  EXPECT_THAT(split("a\u00A0b"), ElementsAre("a", "\u00A0", "b"));
  EXPECT_THAT(split("a\u180E!"), ElementsAre("a", "\u180E!"));  // not White_Space in Unicode
}

TEST(Tokenizer, SpecialTokensInTextAreOrdinaryCharacters) {
  const Tokenizer tokenizer(bytes_only());
  EXPECT_EQ(tokenizer.encode("<|endoftext|>").size(), 13u);
  EXPECT_EQ(tokenizer.decode(tokenizer.encode("<|endoftext|>")), "<|endoftext|>");
}

TEST(Tokenizer, DecodesWithReplacementAndWithoutSpecialTokens) {
  const Tokenizer tokenizer = with_words({"\xF0\x9F", "\x98\x80"}, false);
  const std::vector<int> emoji = tokenizer.encode("😀");
  ASSERT_EQ(emoji.size(), 2u);
  EXPECT_EQ(tokenizer.decode(emoji), "😀");
  EXPECT_EQ(tokenizer.decode({{emoji[0]}}), "\uFFFD");
  EXPECT_EQ(tokenizer.decode({{emoji[1]}}), "\uFFFD\uFFFD");
  const SpecialTokens& special = tokenizer.special();
  EXPECT_EQ(tokenizer.decode({{special.sot, emoji[0], special.timestamp_begin + 3, emoji[1],
                               special.eot, -1, 1 << 30}}),
            "😀");
  EXPECT_EQ(tokenizer.bytes(special.eot), "");
  EXPECT_EQ(tokenizer.bytes(emoji[0]), "\xF0\x9F");
}

TEST(Tokenizer, InvalidUtf8IsEncodedAsReplacement) {
  const Tokenizer tokenizer(bytes_only());
  EXPECT_EQ(tokenizer.encode("a\xFFz"), tokenizer.encode("a\uFFFDz"));
}

TEST(Tokenizer, RoundTripsAnyText) {
  const Vocabulary vocabulary = testing::seeded_vocabulary(dims_with(3000));
  const Tokenizer with_merges(vocabulary);
  for (const std::string text :
       {"", " ", "Hello world", "  two\n\nlines\t", "naïve €3.50 😀 日本語", " seven three one",
        "don't", "\u2028\u3000"}) {
    EXPECT_EQ(with_merges.decode(with_merges.encode(text)), text);
  }
}

TEST(Tokenizer, LongRunsTakeNoQuadraticTime) {
  const Tokenizer tokenizer = with_words({"aa", "aaaa", "aaaaaaaa", "  ", "    "}, true);
  constexpr std::size_t kLength = 1 << 20;
  EXPECT_EQ(tokenizer.encode(std::string(kLength, 'a')).size(), kLength / 8);
  EXPECT_EQ(tokenizer.encode(std::string(kLength, ' ')).size(), kLength / 4);
  EXPECT_EQ(tokenizer.encode(std::string(kLength, '!')).size(), kLength);
}

TEST(Tokenizer, SpecialTokensInOpenaisOrder) {
  const Tokenizer tokenizer(testing::seeded_vocabulary(dims_with(2000)));
  const SpecialTokens& special = tokenizer.special();
  EXPECT_EQ(tokenizer.n_text_tokens(), 2000 - 8 - 99 - 1501);
  EXPECT_EQ(special.eot, tokenizer.n_text_tokens());
  EXPECT_EQ(special.sot, special.eot + 1);
  EXPECT_EQ(special.language.front(), special.eot + 2);
  EXPECT_EQ(special.translate, special.eot + 2 + 99);
  EXPECT_EQ(special.no_timestamps, special.eot + 2 + 99 + 5);
  EXPECT_EQ(special.timestamp_begin + kTimestampTokens, 2000);
  EXPECT_EQ(tokenizer.n_languages(), 99);
  EXPECT_FALSE(tokenizer.multilingual());
}

std::string refusal(const std::function<void(Vocabulary&)>& damage) {
  Vocabulary vocabulary = bytes_only();
  vocabulary.source = "v.json";
  damage(vocabulary);
  return message_of(ErrorKind::model, [&] { const Tokenizer tokenizer(std::move(vocabulary)); });
}

TEST(Tokenizer, RefusesTokensThatDoNotFit) {
  EXPECT_THAT(refusal([](Vocabulary& v) {
                StringList tokens;
                for (std::size_t id = 0; id < v.tokens.size(); ++id) {
                  tokens.push_back(id == 10 ? "xy" : v.tokens[id]);
                }
                v.tokens = std::move(tokens);
              }),
              HasSubstr("v.json: the vocabulary has no token for the byte 0x2b"));
  const auto add = [](const std::vector<std::string>& words) {
    return refusal([&](Vocabulary& v) {
      for (const std::string& word : words) v.tokens.push_back(word);
      v.special = special_tokens_from(static_cast<int>(v.tokens.size()), 99);
    });
  };
  EXPECT_EQ(add({"ab", "ab"}), "v.json: tokens 256 and 257 of the vocabulary are the same");
  EXPECT_EQ(add({"", ""}), "no error");
  EXPECT_THAT(refusal([](Vocabulary& v) {
                v.merges = Merges{{"a", "b"}};
              }),
              HasSubstr("v.json: merge 0 needs or makes a token that is not in the vocabulary"));
  EXPECT_THAT(refusal([](Vocabulary& v) {
                v.tokens.push_back("ab");
                v.special = special_tokens_from(257, 99);
                v.merges = Merges{{"a", "b"}, {"a", "b"}};
              }),
              HasSubstr("v.json: merge 1 is listed twice"));
}

TEST(Tokenizer, RefusesSpecialTokensInAnotherOrder) {
  EXPECT_THAT(refusal([](Vocabulary& v) { v.special.eot = 255; }),
              HasSubstr("<|endoftext|> is token 255, and it must follow the 256 text tokens"));
  EXPECT_THAT(refusal([](Vocabulary& v) { v.special.sot = 12; }),
              HasSubstr("<|startoftranscript|> is token 12, and it must be between"));
  EXPECT_THAT(refusal([](Vocabulary& v) { v.special.no_speech = v.special.timestamp_begin; }),
              HasSubstr("<|nospeech|> is token 363, and it must be between"));
  EXPECT_THAT(refusal([](Vocabulary& v) { v.special.translate = v.special.sot; }),
              HasSubstr("<|translate|> has the id 257 of another special token"));
  EXPECT_THAT(refusal([](Vocabulary& v) { v.special.language[3] = v.special.language[2]; }),
              HasSubstr("<|es|> has the id 260 of another special token"));
  EXPECT_THAT(refusal([](Vocabulary& v) { v.special.language.resize(101); }),
              HasSubstr("101 language tokens, and Whisper has at most 100"));
  EXPECT_THAT(refusal([](Vocabulary& v) {
                v.special.language.clear();
                v.multilingual = true;
              }),
              HasSubstr("the model is multilingual, but its vocabulary has no language tokens"));
}

TEST(Languages, FoundByCodeNameAndAlias) {
  ASSERT_EQ(languages().size(), 100u);
  EXPECT_EQ(languages()[99].first, "yue");
  EXPECT_EQ(find_language("en"), 0);
  EXPECT_EQ(find_language("DE"), 2);
  EXPECT_EQ(find_language("german"), 2);
  EXPECT_EQ(find_language("Haitian Creole"), find_language("ht"));
  EXPECT_EQ(find_language("Castilian"), find_language("es"));
  EXPECT_EQ(find_language("MANDARIN"), 1);
  EXPECT_EQ(find_language(""), std::nullopt);
  EXPECT_EQ(find_language("klingon"), std::nullopt);
}

// What openai/whisper computes with the vocabulary of its released models.
struct Golden {
  const char* name;
  const char* vocabulary;
  std::optional<int> n_languages;
};

class GoldenTokenizer : public ::testing::TestWithParam<Golden> {
 protected:
  static Json golden() {
    const auto path =
        sotto::testing::source_path(concat("testdata/golden/tokenizer_", GetParam().name, ".json"));
    return parse_json_object(read_text_file(path), path.string());
  }
  /// The tokens that the golden texts need.
  static Vocabulary vocabulary() {
    return testing::golden_vocabulary(GetParam().name, GetParam().n_languages);
  }
  static std::filesystem::path whole_vocabulary_path() {
    return sotto::testing::external_data(concat("vocab/", GetParam().vocabulary, ".tiktoken"));
  }
  static Vocabulary whole_vocabulary() {
    return testing::tiktoken_vocabulary(whole_vocabulary_path(), GetParam().n_languages);
  }

  static void expect_golden_texts(const Tokenizer& tokenizer);
};

std::string from_hex(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

TEST_P(GoldenTokenizer, SpecialTokensAndLanguages) {
  const Json json = golden();
  const int n_text = json["n_text_tokens"];
  const SpecialTokens special = special_tokens_from(n_text, json["n_languages"]);
  const Json& expected = json["special"];
  EXPECT_EQ(special.eot, expected["eot"]);
  EXPECT_EQ(special.sot, expected["sot"]);
  EXPECT_EQ(special.translate, expected["translate"]);
  EXPECT_EQ(special.transcribe, expected["transcribe"]);
  EXPECT_EQ(special.sot_lm, expected["sot_lm"]);
  EXPECT_EQ(special.sot_prev, expected["sot_prev"]);
  EXPECT_EQ(special.no_speech, expected["no_speech"]);
  EXPECT_EQ(special.no_timestamps, expected["no_timestamps"]);
  EXPECT_EQ(special.timestamp_begin, expected["timestamp_begin"]);
  EXPECT_EQ(Json(special.language), expected["language"]);
  EXPECT_EQ(special.timestamp_begin + kTimestampTokens, json["n_vocab"]);
  ASSERT_EQ(json["languages"].size(), languages().size());
  for (std::size_t i = 0; i < languages().size(); ++i) {
    EXPECT_EQ(json["languages"][i][0], std::string(languages()[i].first));
    EXPECT_EQ(find_language(json["languages"][i][1].get<std::string>()), static_cast<int>(i));
  }
  for (const auto& [alias, code] : json["aliases"].items()) {
    EXPECT_EQ(find_language(alias), find_language(code.get<std::string>())) << alias;
  }
}

void GoldenTokenizer::expect_golden_texts(const Tokenizer& tokenizer) {
  const Json json = golden();
  for (const Json& entry : json["encode"]) {
    const std::string text = entry.contains("hex") ? from_hex(entry["hex"].get<std::string>())
                                                   : entry["text"].get<std::string>();
    const auto ids = entry["ids"].get<std::vector<int>>();
    EXPECT_EQ(tokenizer.encode(text), ids) << text;
    const std::string& key = entry.contains("hex") ? "text_replaced" : "text";
    EXPECT_EQ(tokenizer.decode(ids), entry[key].get<std::string>());
  }
  for (const Json& entry : json["decode"]) {
    EXPECT_EQ(tokenizer.decode(entry["ids"].get<std::vector<int>>()),
              entry["text"].get<std::string>());
  }
  EXPECT_EQ(tokenizer.non_speech_tokens(), json["non_speech_tokens"].get<std::vector<int>>());
}

TEST_P(GoldenTokenizer, EncodesAndDecodes) {
  expect_golden_texts(Tokenizer(vocabulary()));
}

TEST_P(GoldenTokenizer, EncodesAndDecodesWithTheWholeVocabulary) {
  SOTTO_NEEDS_FILE(whole_vocabulary_path());
  Vocabulary ranks = whole_vocabulary();
  {
    SCOPED_TRACE("by rank");
    expect_golden_texts(Tokenizer(ranks));
  }
  while (ranks.tokens.back().empty()) ranks.tokens.resize(ranks.tokens.size() - 1);
  ranks.merges = testing::merges_of(ranks.tokens);
  ranks.special = special_tokens_from(static_cast<int>(ranks.tokens.size()), 99);
  SCOPED_TRACE("by merges");
  expect_golden_texts(Tokenizer(std::move(ranks)));
}

INSTANTIATE_TEST_SUITE_P(, GoldenTokenizer,
                         ::testing::Values(Golden{"english", "gpt2", std::nullopt},
                                           Golden{"multilingual", "multilingual", 99}),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace sotto::model
