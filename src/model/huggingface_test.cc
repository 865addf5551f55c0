#include "model/huggingface.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/half.h"
#include "base/testing.h"
#include "model/json.h"
#include "model/testing.h"

namespace sotto::model {
namespace {

using sotto::testing::message_of;
using sotto::testing::TemporaryFolder;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using testing::FolderOptions;
using ::testing::HasSubstr;
using ::testing::StartsWith;

/// With feed-forward widths that only Hugging Face's files can state.
Dims small_dims() {
  Dims dims = testing::micro_test_dims();
  dims.n_audio_ffn = 6;
  dims.n_text_ffn = 10;
  return dims;
}

std::vector<float> read(const Weights& weights, const std::string& name) {
  const Tensor& tensor = weights.tensors().at(name);
  std::vector<float> values(static_cast<std::size_t>(tensor.size()));
  weights.read(name, tensor.shape, values);
  return values;
}

class HuggingFaceTest : public ::testing::Test {
 protected:
  void write(const FolderOptions& options = {}) {
    testing::write_hf_folder(folder_.path(), small_dims(), 5, options);
  }
  /// Changes one of the JSON files of the folder.
  void edit(const std::string& name, const std::function<void(Json&)>& change) {
    Json json = Json::parse(read_text_file(folder_ / name));
    change(json);
    write_file_atomically(folder_ / name, json.dump());
  }
  /// Changes the tensors in model.safetensors.
  void edit_tensors(const std::function<void(std::vector<testing::RawTensor>&)>& change) {
    auto tensors = testing::raw_tensors(testing::seeded_weights(small_dims(), 5), DType::f32);
    for (auto& tensor : tensors) tensor.name = testing::hugging_face_name(tensor.name);
    change(tensors);
    write_file_atomically(folder_ / "model.safetensors", testing::safetensors_bytes(tensors));
  }
  /// The message of load(), with the folder's path as "F".
  std::string refusal(ErrorKind kind = ErrorKind::model) {
    std::string message = message_of(kind, [&] { load(folder_.path()); });
    const std::string path = folder_.path().string();
    for (std::size_t at; (at = message.find(path)) != std::string::npos;) {
      message.replace(at, path.size(), "F");
    }
    EXPECT_EQ(message.find('\n'), std::string::npos);
    return message;
  }
  TemporaryFolder folder_;
};

TEST_F(HuggingFaceTest, LoadsWhatWasWritten) {
  write();
  const Model model = load(folder_.path());
  EXPECT_EQ(model.dims, small_dims());
  EXPECT_EQ(model.format, "Hugging Face safetensors");
  EXPECT_EQ(model.name, folder_.path().filename());
  const Weights expected = testing::seeded_weights(small_dims(), 5);
  ASSERT_EQ(model.weights.tensors().size(), expected.tensors().size());
  for (const auto& [name, tensor] : expected.tensors()) {
    EXPECT_EQ(read(model.weights, name), read(expected, name)) << name;
  }
  const Tokenizer tokenizer(testing::seeded_vocabulary(small_dims()));
  EXPECT_EQ(model.tokenizer.special().language, tokenizer.special().language);
  EXPECT_EQ(model.tokenizer.special().timestamp_begin, tokenizer.special().timestamp_begin);
  EXPECT_EQ(model.tokenizer.encode(" seven three one €"), tokenizer.encode(" seven three one €"));
  EXPECT_FALSE(model.tokenizer.multilingual());
  EXPECT_FALSE(model.generation.suppress_tokens.has_value());
}

TEST_F(HuggingFaceTest, EveryVariantLoadsTheSame) {
  write();
  const Model plain = load(folder_.path());
  for (const FolderOptions& options :
       {FolderOptions{.shards = 3}, FolderOptions{.tokenizer_json = false},
        FolderOptions{.list_timestamps = false},
        FolderOptions{.tokenizer_json = false, .list_timestamps = false},
        FolderOptions{.type = DType::f16, .shards = 2}, FolderOptions{.type = DType::bf16}}) {
    const TemporaryFolder other;
    testing::write_hf_folder(other.path(), small_dims(), 5, options);
    const Model model = load(other.path());
    const double tolerance = options.type == DType::f32   ? 0
                             : options.type == DType::f16 ? 0x1p-11
                                                          : 0x1p-8;
    for (const auto& [name, tensor] : plain.weights.tensors()) {
      const auto expected = read(plain.weights, name);
      const auto values = read(model.weights, name);
      ASSERT_EQ(values.size(), expected.size());
      for (std::size_t i = 0; i < values.size(); ++i) {
        EXPECT_NEAR(values[i], expected[i], tolerance * std::abs(expected[i]) + 0x1p-25) << name;
      }
    }
    const std::string text = "Hello world, zero one two";
    EXPECT_EQ(model.tokenizer.encode(text), plain.tokenizer.encode(text));
    EXPECT_EQ(model.tokenizer.special().timestamp_begin, plain.tokenizer.special().timestamp_begin);
  }
}

TEST_F(HuggingFaceTest, ReadsGenerationConfig) {
  write({.multilingual = true,
         .generation = {.suppress_tokens = {{1, 2}},
                        .begin_suppress_tokens = {{}},
                        .max_initial_timestamp_index = 25}});
  const Model model = load(folder_.path());
  EXPECT_THAT(model.generation.suppress_tokens.value(), ElementsAre(1, 2));
  EXPECT_THAT(model.generation.begin_suppress_tokens.value(), ElementsAre());
  EXPECT_EQ(model.generation.max_initial_timestamp_index, 25);
  EXPECT_TRUE(model.tokenizer.multilingual());
}

TEST_F(HuggingFaceTest, WorksWithoutGenerationConfig) {
  write();
  std::filesystem::remove(folder_ / "generation_config.json");
  EXPECT_FALSE(load(folder_.path()).tokenizer.multilingual());
  write_file_atomically(folder_ / "generation_config.json", R"({"suppress_tokens": null})");
  EXPECT_FALSE(load(folder_.path()).generation.suppress_tokens.has_value());
}

TEST_F(HuggingFaceTest, RefusesDamagedConfig) {
  const auto with = [&](const std::function<void(Json&)>& change) {
    write();
    edit("config.json", change);
    return refusal();
  };
  EXPECT_EQ(with([](Json& j) { j.erase("d_model"); }), "F/config.json: d_model is missing");
  EXPECT_EQ(with([](Json& j) { j["d_model"] = "4"; }),
            "F/config.json: d_model is a JSON string, and must be an integer");
  EXPECT_EQ(with([](Json& j) { j["d_model"] = -4; }),
            "F/config.json: d_model is -4, and must be in 1 to 2147483647");
  EXPECT_EQ(with([](Json& j) { j["encoder_layers"] = 1e300; }),
            "F/config.json: encoder_layers is a JSON number, and must be an integer");
  EXPECT_EQ(with([](Json& j) { j["encoder_layers"] = 2147483647; }),
            "F/config.json: n_audio_layer is 2147483647, and a Whisper model has 1 to 256");
  EXPECT_EQ(with([](Json& j) { j["model_type"] = "wav2vec2"; }),
            "F/config.json: model_type is \"wav2vec2\", and Sotto runs \"whisper\" models");
  EXPECT_EQ(with([](Json& j) { j["activation_function"] = "relu"; }),
            "F/config.json: activation_function is \"relu\", and Whisper's is \"gelu\"");
  EXPECT_EQ(with([](Json& j) { j["scale_embedding"] = true; }),
            "F/config.json: scale_embedding is true, and Whisper does not scale");
  EXPECT_EQ(with([](Json& j) { j = Json::array(); }),
            "F/config.json: its content is a JSON array, and must be an object");
  write_file_atomically(folder_ / "config.json", "{\"d_model\": 4");
  EXPECT_EQ(refusal(),
            "F/config.json: it is not valid JSON at byte 14 of 13; the file is damaged or cut off");
}

TEST_F(HuggingFaceTest, RefusesDamagedGenerationConfig) {
  const auto with = [&](const std::string& content) {
    write();
    write_file_atomically(folder_ / "generation_config.json", content);
    return refusal();
  };
  EXPECT_EQ(
      with(R"({"suppress_tokens": [1900]})"),
      "F/generation_config.json: a token in suppress_tokens is 1900, and must be in 0 to 1899");
  EXPECT_EQ(
      with(R"({"begin_suppress_tokens": 3})"),
      "F/generation_config.json: begin_suppress_tokens is a JSON number, and must be an array");
  EXPECT_EQ(
      with(R"({"max_initial_timestamp_index": 1501})"),
      "F/generation_config.json: max_initial_timestamp_index is 1501, and must be in 0 to 1500");
  EXPECT_EQ(
      with(R"({"is_multilingual": 1})"),
      "F/generation_config.json: is_multilingual is a JSON number, and must be true or false");
}

TEST_F(HuggingFaceTest, RefusesOtherTensors) {
  write();
  edit_tensors([](auto& tensors) { tensors.erase(tensors.begin()); });
  EXPECT_EQ(refusal(),
            "F/model.safetensors: tensor model.decoder.layers.0.self_attn.k_proj.weight is "
            "missing; it should be "
            "[4, 4]");
  edit_tensors([](auto& tensors) { tensors[0].shape = {16}; });
  EXPECT_EQ(refusal(),
            "F/model.safetensors: tensor model.decoder.layers.0.self_attn.k_proj.weight is [16], "
            "and the model's "
            "sizes make it [4, 4]");
  edit_tensors([](auto& tensors) { tensors[0].name += "_scale"; });
  EXPECT_THAT(refusal(),
              HasSubstr("tensor model.decoder.layers.0.self_attn.k_proj.weight is missing"));
  edit_tensors([](auto& tensors) {
    tensors.push_back({"model.decoder.layers.0.self_attn.q_proj.lora_A.weight",
                       DType::f32,
                       {1},
                       std::vector<std::byte>(4)});
  });
  EXPECT_EQ(refusal(),
            "F/model.safetensors: there is a tensor "
            "model.decoder.layers.0.self_attn.q_proj.lora_A.weight [1], "
            "which a Whisper model of these sizes does not have; adapters must be merged into the "
            "model, and quantized models are not read");
}

TEST_F(HuggingFaceTest, OutputProjectionMustBeTheEmbedding) {
  write();
  const auto with_projection = [](bool same) {
    return [same](std::vector<testing::RawTensor>& tensors) {
      for (const auto& tensor : std::vector(tensors)) {
        if (tensor.name != "model.decoder.embed_tokens.weight") continue;
        tensors.push_back(tensor);
        tensors.back().name = "proj_out.weight";
        if (!same) tensors.back().data[5] ^= std::byte{1};
      }
    };
  };
  edit_tensors(with_projection(true));
  EXPECT_EQ(refusal(), "no error");
  EXPECT_FALSE(load(folder_.path()).weights.contains("proj_out.weight"));
  edit_tensors(with_projection(false));
  EXPECT_THAT(refusal(), StartsWith("F/model.safetensors: proj_out.weight is not the same as "
                                    "model.decoder.embed_tokens.weight"));
}

TEST_F(HuggingFaceTest, AcceptsNamesOfABareWhisperModel) {
  write();
  edit_tensors([](auto& tensors) {
    for (auto& tensor : tensors) tensor.name.erase(0, std::string("model.").size());
  });
  EXPECT_EQ(refusal(), "no error");
}

TEST_F(HuggingFaceTest, RefusesDamagedShards) {
  const std::string index = "model.safetensors.index.json";
  const auto with = [&](const std::function<void(Json&)>& change) {
    write({.shards = 2});
    edit(index, [&](Json& json) { change(json["weight_map"]); });
    return refusal();
  };
  EXPECT_EQ(with([](Json&) {}), "no error");
  const std::string tensor = "model.encoder.conv1.bias";
  EXPECT_THAT(with([&](Json& map) { map.erase(tensor); }),
              AllOf(HasSubstr("it holds tensor model.encoder.conv1.bias"),
                    EndsWith("does not say so; the files belong to different models")));
  EXPECT_THAT(with([&](Json& map) { map["model.x"] = map[tensor]; }),
              HasSubstr("index.json: tensor model.x is not in model-"));
  EXPECT_EQ(
      with([&](Json& map) { map[tensor] = "../m.safetensors"; }),
      "F/model.safetensors.index.json: \"../m.safetensors\" is not the name of a file beside it");
  EXPECT_THAT(with([&](Json& map) { map[tensor] = ".."; }), HasSubstr("\"..\" is not the name"));
  EXPECT_THAT(with([&](Json& map) { map[tensor] = "none.safetensors"; }),
              AllOf(StartsWith("F/model-"), HasSubstr("it holds tensor")));
  EXPECT_EQ(with([&](Json& map) { map[tensor] = 3; }),
            "F/model.safetensors.index.json: a file in weight_map is a JSON number, and must be a "
            "string");
  write({.shards = 2});
  std::filesystem::remove(folder_ / "model-1-of-2.safetensors");
  EXPECT_EQ(refusal(ErrorKind::io),
            "cannot read F/model-1-of-2.safetensors: No such file or directory");
}

TEST_F(HuggingFaceTest, RefusesOtherVocabularies) {
  const auto with = [&](const std::function<void(Json&)>& change) {
    write();
    edit("tokenizer.json", change);
    return refusal();
  };
  EXPECT_EQ(with([](Json& j) { j.erase("model"); }), "F/tokenizer.json: model is missing");
  EXPECT_EQ(with([](Json& j) { j["model"]["type"] = "WordPiece"; }),
            "F/tokenizer.json: model.type is \"WordPiece\", and Whisper's vocabulary is \"BPE\"");
  EXPECT_EQ(with([](Json& j) { j["model"]["vocab"]["zz"] = 5; }),
            "F/tokenizer.json: text token \"zz\" has the id 5, and the 293 text tokens must have "
            "the ids from 0 to 292, each its own");
  EXPECT_EQ(with([](Json& j) { j["model"]["vocab"]["zz"] = -1; }),
            "F/tokenizer.json: the id of token zz is -1, and must be in 0 to 1048575");
  EXPECT_EQ(
      with([](Json& j) {
        j["model"]["vocab"].erase("!");
        j["model"]["vocab"]["日"] = 0;
      }),
      "F/tokenizer.json: token \"日\" is not written in GPT-2's byte letters; only byte-level "
      "vocabularies are read");
  EXPECT_EQ(with([](Json& j) { j["model"]["merges"][0] = "ab"; }),
            "F/tokenizer.json: the merge \"ab\" is not two tokens with a space between");
  EXPECT_EQ(with([](Json& j) { j["model"]["merges"][0] = Json::array({"a"}); }),
            "F/tokenizer.json: a merge has 1 tokens, not 2");
  EXPECT_EQ(with([](Json& j) { j["model"]["merges"][0] = "! ÿ"; }),
            "F/tokenizer.json: merge 0 needs or makes a token that is not in the vocabulary");
  EXPECT_EQ(with([](Json& j) {
              j["added_tokens"].push_back({{"content", "Sotto"}, {"id", 9}});
            }),
            "F/tokenizer.json: token \"Sotto\" with the id 9 was added to Whisper's; models with "
            "added words are not read");
  EXPECT_EQ(with([](Json& j) { j["added_tokens"] = Json::array(); }),
            "F/tokenizer.json: the vocabulary lacks Whisper's token <|endoftext|>");
  EXPECT_EQ(with([](Json& j) { j["model"]["vocab"]["<|en|>"] = 7; }),
            "F/tokenizer.json: token <|en|> has the ids 294 and 7");
}

/// Changes the id of one of added_tokens.
void set_id(Json& tokenizer, const std::string& content, int id) {
  for (Json& token : tokenizer["added_tokens"]) {
    if (token["content"] == content) token["id"] = id;
  }
}

TEST_F(HuggingFaceTest, TimestampsAreInARowAtTheEnd) {
  write();
  edit("tokenizer.json", [](Json& j) { set_id(j, "<|0.06|>", 700); });
  EXPECT_EQ(refusal(),
            "F/tokenizer.json: token <|0.06|> has the id 700, and its place in the row of "
            "timestamps is 402");
}

TEST_F(HuggingFaceTest, TheEmbeddingMayBePadded) {
  write();
  const Model plain = load(folder_.path());
  // 1900 tokens make 1904, 1920, … 2920 rows.
  for (const int padding : {4, 20, 1020}) {
    write({.padding = padding});
    const Model padded = load(folder_.path());
    EXPECT_EQ(padded.dims.n_vocab, 1900 + padding);
    EXPECT_EQ(padded.tokenizer.special().timestamp_begin,
              plain.tokenizer.special().timestamp_begin);
    EXPECT_EQ(padded.tokenizer.special().n_tokens(), 1900);
  }
  for (const int padding : {-8, 1, 2, 7, 1028}) {
    write({.padding = padding});
    EXPECT_EQ(refusal(),
              concat("F/model.safetensors: the vocabulary has 1900 tokens, and n_vocab is ",
                     1900 + padding,
                     ", neither as many nor padded to a multiple of 8 with fewer than 1024 more; "
                     "the files belong to different models, or words were added to Whisper's"));
  }
}

TEST_F(HuggingFaceTest, PaddingMakesNoModelMultilingual) {
  Dims dims = small_dims();
  dims.n_vocab = kEnglishVocab;
  testing::write_hf_folder(folder_.path(), dims, 5, {.list_timestamps = false, .padding = 40});
  std::filesystem::remove(folder_ / "generation_config.json");
  EXPECT_FALSE(load(folder_.path()).tokenizer.multilingual());
}

TEST_F(HuggingFaceTest, TokensAddedInThePlaceOfPaddingAreRefused) {
  write({.padding = 20});
  edit("tokenizer.json", [](Json& j) {
    j["added_tokens"].push_back({{"content", "<|speaker|>"}, {"id", 1900}});
  });
  EXPECT_EQ(refusal(),
            "F/tokenizer.json: token <|speaker|> with the id 1900 was added behind Whisper's 1900; "
            "models with added words are not read");
  write({.tokenizer_json = false, .padding = 20});
  std::filesystem::remove(folder_ / "tokenizer.json");
  edit("added_tokens.json", [](Json& j) { j["Sotto"] = 1900; });
  EXPECT_EQ(refusal(),
            "F/vocab.json: token \"Sotto\" with the id 1900 was added to Whisper's; models with "
            "added words are not read");
}

TEST_F(HuggingFaceTest, LanguagesAreTheFirstOfTheList) {
  const auto without = [&](const std::string& content) {
    write();
    edit("tokenizer.json", [&](Json& j) {
      Json& added = j["added_tokens"];
      for (std::size_t i = 0; i < added.size(); ++i) {
        if (added[i]["content"] == content) added.erase(i--);
      }
    });
    return refusal();
  };
  EXPECT_EQ(without("<|su|>"), "no error");  // the last of 99
  EXPECT_EQ(load(folder_.path()).tokenizer.n_languages(), 98);
  EXPECT_EQ(
      without("<|zh|>"),
      "F/tokenizer.json: the vocabulary has Whisper's token <|de|>, but not <|zh|>, which comes "
      "before it");
}

TEST_F(HuggingFaceTest, NocaptionsIsNospeech) {
  write();
  const int id = load(folder_.path()).tokenizer.special().no_speech;
  edit("tokenizer.json", [](Json& j) {
    for (Json& token : j["added_tokens"]) {
      if (token["content"] == "<|nospeech|>") token["content"] = "<|nocaptions|>";
    }
  });
  EXPECT_EQ(load(folder_.path()).tokenizer.special().no_speech, id);
}

TEST_F(HuggingFaceTest, MergesMayBePairsOrLines) {
  write();
  const auto expected = load(folder_.path()).tokenizer.encode(" seven zero");
  edit("tokenizer.json", [](Json& j) {
    for (Json& merge : j["model"]["merges"]) {
      const auto line = merge.get<std::string>();
      const auto space = line.find(' ');
      merge = {line.substr(0, space), line.substr(space + 1)};
    }
  });
  EXPECT_EQ(load(folder_.path()).tokenizer.encode(" seven zero"), expected);
}

TEST_F(HuggingFaceTest, MissingFilesAreNamed) {
  write();
  std::filesystem::remove(folder_ / "tokenizer.json");
  EXPECT_EQ(refusal(),
            "F: there is no vocabulary in it; tokenizer.json, or vocab.json with merges.txt, is "
            "needed");
  write({.tokenizer_json = false});
  std::filesystem::remove(folder_ / "merges.txt");
  EXPECT_EQ(refusal(ErrorKind::io), "cannot read F/merges.txt: No such file or directory");
  write();
  std::filesystem::remove(folder_ / "model.safetensors");
  EXPECT_EQ(refusal(), "F: there is no model.safetensors or model.safetensors.index.json in it");
  write_file_atomically(folder_ / "pytorch_model.bin", "PK");
  EXPECT_THAT(refusal(), StartsWith("F: the weights are in pytorch_model.bin, which is not read"));
}

TEST_F(HuggingFaceTest, EveryCutOffFileIsRefused) {
  for (const bool tokenizer_json : {true, false}) {
    write({.tokenizer_json = tokenizer_json});
    ASSERT_EQ(refusal(), "no error");
    for (const std::string name : {"config.json", "generation_config.json", "model.safetensors",
                                   "tokenizer.json", "vocab.json", "added_tokens.json"}) {
      if (!std::filesystem::exists(folder_ / name)) continue;
      const std::string whole = read_text_file(folder_ / name);
      const std::size_t step =
          std::max<std::size_t>(1, whole.size() / (sotto::testing::kSlowBuild ? 20 : 100));
      for (std::size_t size = 0; size < whole.size(); size += step) {
        write_file_atomically(folder_ / name, std::string_view(whole).substr(0, size));
        EXPECT_THAT(refusal(), StartsWith("F/" + name + ": ")) << size;
      }
      write_file_atomically(folder_ / name, whole);
    }
    std::filesystem::remove(folder_ / "tokenizer.json");
  }
}

TEST(OpenaiName, TranslatesEveryTensor) {
  for (const Part part : {Part::encoder, Part::decoder}) {
    for (const auto& [name, shape] : required_tensors(small_dims(), part)) {
      EXPECT_EQ(openai_name(testing::hugging_face_name(name)), name);
      EXPECT_EQ("model." + hugging_face_name(name), testing::hugging_face_name(name));
    }
  }
  EXPECT_EQ(openai_name("model.decoder.layers.3.encoder_attn.out_proj.weight"),
            "decoder.blocks.3.cross_attn.out.weight");
  EXPECT_EQ(openai_name("model.decoder.layers.3.encoder_attn_layer_norm.bias"),
            "decoder.blocks.3.cross_attn_ln.bias");
  EXPECT_EQ(openai_name("model.encoder.layers.0.fc1.bias"), "encoder.blocks.0.mlp.0.bias");
  EXPECT_EQ(openai_name("model.encoder.layers.0.final_layer_norm.weight"),
            "encoder.blocks.0.mlp_ln.weight");
  EXPECT_EQ(openai_name("model.encoder.embed_positions.weight"), "encoder.positional_embedding");
  EXPECT_EQ(openai_name("encoder.layer_norm.weight"), "encoder.ln_post.weight");
  EXPECT_EQ(openai_name("decoder.layer_norm.weight"), "decoder.ln.weight");
}

TEST(RealHuggingFaceWeights, WhisperBaseEncoderIsComplete) {
  const auto path = sotto::testing::external_data("whisper-base-encoder-f16.safetensors");
  SOTTO_NEEDS_FILE(path);
  const Weights weights = read_hugging_face_weights({path}, path.string());
  const Dims base = {80, 1500, 512, 8, 6, 2048, 51865, 448, 512, 8, 6, 2048};
  EXPECT_NO_THROW(weights.check(base, Part::encoder));
  EXPECT_EQ(weights.tensors().size(), required_tensors(base, Part::encoder).size());
  const auto positions = read(weights, "encoder.positional_embedding");
  EXPECT_NEAR(positions[512], std::sin(1.0), 1e-3);  // position 1, the highest frequency
}

}  // namespace
}  // namespace sotto::model
