#include "model/huggingface_tokenizer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/testing.h"
#include "model/json.h"
#include "model/testing.h"

namespace sotto::model {
namespace {

class HuggingFaceTokenizerTest : public ::testing::Test {
 protected:
  HuggingFaceTokenizerTest() {
    testing::write_hf_folder(folder_.path(), testing::micro_test_dims(), 5);
    json_ = Json::parse(read_text_file(path()));
  }
  std::filesystem::path path() const { return folder_ / "tokenizer.json"; }

  /// What is said of a changed file, with its path as "F".
  std::string refusal(const std::function<void(Json&)>& change) {
    Json changed = json_;
    change(changed);
    write_file_atomically(path(), changed.dump());
    std::string message = sotto::testing::message_of(
        ErrorKind::model, [&] { read_hugging_face_vocabulary(folder_.path()); });
    const std::size_t at = message.find(path().string());
    if (at != std::string::npos) message.replace(at, path().string().size(), "F");
    return message;
  }

  const sotto::testing::TemporaryFolder folder_;
  Json json_;
};

TEST_F(HuggingFaceTokenizerTest, TokensMayComeInAnyOrder) {
  const Vocabulary expected = testing::seeded_vocabulary(testing::micro_test_dims());
  std::vector<std::pair<int, std::string>> tokens;
  for (const auto& [name, id] : json_["model"]["vocab"].items()) tokens.emplace_back(id, name);
  std::ranges::sort(tokens);
  for (int i = 0; i < 2; ++i) {
    nlohmann::ordered_json ordered = json_;
    ordered["model"]["vocab"].clear();
    for (const auto& [id, name] : tokens) ordered["model"]["vocab"][name] = id;
    write_file_atomically(path(), ordered.dump());
    EXPECT_EQ(read_hugging_face_vocabulary(folder_.path()).tokens, expected.tokens);
    std::ranges::reverse(tokens);
  }
}

TEST_F(HuggingFaceTokenizerTest, RefusesMembersOfOtherTypes) {
  EXPECT_EQ(refusal([](Json&) {}), "no error");
  EXPECT_EQ(refusal([](Json& j) { j["model"] = 3; }),
            "F: model is a JSON number, and must be an object");
  EXPECT_EQ(refusal([](Json& j) { j["model"]["vocab"] = Json::array({"a"}); }),
            "F: model.vocab is a JSON array, and must be an object");
  EXPECT_EQ(refusal([](Json& j) { j["model"]["vocab"]["zz"] = Json::array({5}); }),
            "F: the id of token zz is a JSON array, and must be an integer");
  EXPECT_EQ(refusal([](Json& j) { j["model"].erase("vocab"); }), "F: vocab is missing");
  EXPECT_EQ(refusal([](Json& j) { j["model"].erase("merges"); }), "F: merges is missing");
  EXPECT_EQ(refusal([](Json& j) {
              j["model"]["merges"] = Json::object({{"a", "b c"}});
            }),
            "F: model.merges is a JSON object, and must be an array");
  EXPECT_EQ(refusal([](Json& j) { j["model"]["merges"][3] = 7; }),
            "F: a merge is a JSON number, and must be an array");
  EXPECT_EQ(refusal([](Json& j) {
              j["model"]["merges"][3] = Json::array({"a", 7});
            }),
            "F: the second token of a merge is a JSON number, and must be a string");
  EXPECT_EQ(refusal([](Json& j) { j.erase("added_tokens"); }), "F: added_tokens is missing");
  EXPECT_EQ(refusal([](Json& j) { j["added_tokens"] = Json::array({3}); }),
            "F: an entry of added_tokens is a JSON number, and must be an object");
  EXPECT_EQ(refusal([](Json& j) { j["added_tokens"][0].erase("content"); }),
            "F: content is missing");
}

// A text token may be among the added ones, as the one that it is.
TEST_F(HuggingFaceTokenizerTest, AddedTokensMayBeTextTokens) {
  const auto add = [this](const std::string& content, int id) {
    return refusal([&](Json& j) {
      j["added_tokens"].push_back({{"content", content}, {"id", id}});
    });
  };
  const int id = json_["model"]["vocab"]["Ġzero"];
  EXPECT_EQ(add("Ġzero", id), "no error");
  for (const auto& [content, other] : {std::pair("Ġzero", id + 1), {" zero", id}, {"日", id}}) {
    EXPECT_EQ(add(content, other),
              concat("F: token \"", content, "\" with the id ", other,
                     " was added to Whisper's; models with added words are not read"));
  }
}

TEST(ByteLetters, AreGpt2s) {
  const auto letters = byte_letters();
  EXPECT_EQ(letters[' '], U'Ġ');
  EXPECT_EQ(letters['\n'], U'Ċ');
  EXPECT_EQ(letters['a'], U'a');
  EXPECT_EQ(letters[0x7F], U'ġ');
  EXPECT_EQ(letters[0xAD], U'Ń');
  EXPECT_EQ(letters[0xFF], U'ÿ');
}

}  // namespace
}  // namespace sotto::model
