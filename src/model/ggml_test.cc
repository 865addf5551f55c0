#include "model/ggml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <climits>
#include <cmath>
#include <cstring>

#include "base/error.h"
#include "base/file.h"
#include "base/testing.h"
#include "base/text.h"
#include "model/testing.h"

namespace sotto::model {
namespace {

using sotto::testing::message_of;
using sotto::testing::TemporaryFolder;
using ::testing::AnyOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using testing::micro_test_dims;
using ::testing::StartsWith;

/// Where the fields lie in the file.
constexpr std::size_t kFirstField = 4;  // after the magic number
constexpr std::size_t kFtype = kFirstField + 4 * 10;
constexpr std::size_t kFilterSizes = kFtype + 4;
constexpr std::size_t kTokenCount = kFilterSizes + 8 + 4 * 201 * 3;

class GgmlTest : public ::testing::Test {
 protected:
  GgmlTest() {
    testing::write_ggml(path(), micro_test_dims(), 9);
    content_ = read_text_file(path());
    tensors_ = read_ggml_header(MappedFile(path())).tensors_offset;
  }
  std::filesystem::path path() const { return folder_ / "m.bin"; }

  /// The message of load() for a file with this content, without the path that begins it.
  std::string refusal(std::string_view content) {
    write_file_atomically(path(), content);
    const std::string message = message_of(ErrorKind::model, [&] { load(path()); });
    if (message == "no error") return message;
    EXPECT_THAT(message, StartsWith(path().string() + ": "));
    EXPECT_EQ(message.find('\n'), std::string::npos);
    return message.substr(path().string().size() + 2);
  }
  std::string with_i32(std::size_t at, std::int32_t value) const {
    std::string content = content_;
    std::memcpy(content.data() + at, &value, sizeof value);
    return content;
  }
  TemporaryFolder folder_;
  std::string content_;
  std::size_t tensors_ = 0;  ///< where the first tensor begins
};

TEST_F(GgmlTest, LoadsWhatWasWritten) {
  const Weights expected = testing::seeded_weights(micro_test_dims(), 9);
  for (const DType type : {DType::f32, DType::f16}) {
    testing::write_ggml(path(), micro_test_dims(), 9, type);
    const Model model = load(path());
    EXPECT_EQ(model.dims, micro_test_dims());
    EXPECT_EQ(model.format, "ggml");
    EXPECT_EQ(model.name, "m.bin");
    ASSERT_EQ(model.weights.tensors().size(), expected.tensors().size());
    for (const auto& [name, tensor] : expected.tensors()) {
      std::vector<float> a(static_cast<std::size_t>(tensor.size())), b(a.size());
      expected.read(name, tensor.shape, a);
      model.weights.read(name, tensor.shape, b);
      const bool exact = model.weights.tensors().at(name).type == DType::f32;
      for (std::size_t i = 0; i < a.size(); ++i) {
        EXPECT_NEAR(a[i], b[i], exact ? 0 : std::abs(a[i]) * 0x1p-11 + 0x1p-25) << name;
      }
    }
  }
}

TEST_F(GgmlTest, EncodesAsTheSameModelWithMerges) {
  const Tokenizer with_merges(testing::seeded_vocabulary(micro_test_dims()));
  const Model model = load(path());
  for (const std::string text : {" seven three one", "Hello world!", "é€😀", "zero   two"}) {
    EXPECT_EQ(model.tokenizer.encode(text), with_merges.encode(text));
  }
  EXPECT_EQ(model.tokenizer.special().timestamp_begin, with_merges.special().timestamp_begin);
  EXPECT_EQ(model.tokenizer.n_languages(), 99);
  EXPECT_FALSE(model.generation.suppress_tokens.has_value());
}

TEST_F(GgmlTest, HeaderIsReadWithoutTensors) {
  write_file_atomically(path(), content_.substr(0, tensors_));
  const GgmlHeader header = read_ggml_header(MappedFile(path()));
  EXPECT_EQ(header.dims, micro_test_dims());
  EXPECT_EQ(header.tokens, testing::seeded_vocabulary(micro_test_dims()).tokens);
}

TEST_F(GgmlTest, EveryCutIsRefused) {
  ASSERT_EQ(refusal(content_), "no error");
  const std::size_t step = sotto::testing::kSlowBuild ? 401 : 41;
  for (std::size_t size = 0; size < content_.size();
       size += size < tensors_ + 300 || size + 300 > content_.size() ? 1 : step) {
    EXPECT_THAT(refusal(std::string_view(content_).substr(0, size)),
                AnyOf(HasSubstr("cut off"), HasSubstr("is missing"), HasSubstr("is empty"),
                      HasSubstr("not a model file")))
        << size;
  }
  EXPECT_THAT(refusal(content_ + "x"), HasSubstr("cut off: n_dims of a tensor needs 4 bytes"));
}

TEST_F(GgmlTest, ImpossibleSizesAreRefused) {
  const char* const fields[] = {"n_vocab",       "n_audio_ctx", "n_audio_state", "n_audio_head",
                                "n_audio_layer", "n_text_ctx",  "n_text_state",  "n_text_head",
                                "n_text_layer",  "n_mels"};
  for (std::size_t i = 0; i < std::size(fields); ++i) {
    for (const std::int32_t bad : {0, -1, INT_MIN, INT_MAX}) {
      EXPECT_THAT(refusal(with_i32(kFirstField + 4 * i, bad)),
                  StartsWith(concat(fields[i], " is ", bad, ", and a Whisper model has ")));
    }
  }
  EXPECT_EQ(refusal(with_i32(kFirstField + 4 * 3, 3)),
            "n_audio_state is 4, which does not divide into n_audio_head = 3 heads");
}

TEST_F(GgmlTest, QuantizedFilesAreRefusedByName) {
  EXPECT_EQ(
      refusal(with_i32(kFtype, 2009)),
      "its weights are of kind 9 (q5_1), and the kinds that are read are f32 and f16; take the "
      "model's file without quantization");
  EXPECT_THAT(refusal(with_i32(kFtype, 7)), StartsWith("its weights are of kind 7 (q8_0), and"));
  EXPECT_THAT(refusal(with_i32(kFtype, 99)), StartsWith("its weights are of kind 99, and"));
  EXPECT_THAT(refusal(with_i32(kFtype, -1)), StartsWith("its weights are of kind -1, and"));
  EXPECT_EQ(refusal(with_i32(kFtype, 2001)), "no error");  // f16, written by a later quantizer
}

TEST_F(GgmlTest, DamagedFiltersAndTokensAreRefused) {
  for (const std::int32_t bad : {0, -1, 4, INT_MAX}) {
    EXPECT_EQ(refusal(with_i32(kFilterSizes, bad)),
              concat("the number of mel filters is ", bad, ", and must be in 3 to 3"));
    EXPECT_EQ(refusal(with_i32(kFilterSizes + 4, bad)),
              concat("the length of a mel filter is ", bad, ", and must be in 201 to 201"));
  }
  for (const std::int32_t bad : {0, -1, 1901, INT_MAX}) {
    EXPECT_EQ(refusal(with_i32(kTokenCount, bad)),
              concat("the number of text tokens is ", bad, ", and must be in 1 to 1900"));
  }
  for (const std::int32_t bad : {-1, 1025, INT_MAX, INT_MIN}) {
    EXPECT_EQ(refusal(with_i32(kTokenCount + 4, bad)),
              concat("the length of a token is ", bad, ", and must be in 0 to 1024"));
  }
}

TEST_F(GgmlTest, DamagedTensorHeadersAreRefused) {
  for (const std::int32_t bad : {0, -1, 5, INT_MAX}) {
    EXPECT_EQ(refusal(with_i32(tensors_, bad)),
              concat("n_dims of a tensor is ", bad, ", and must be in 1 to 4"));
  }
  for (const std::int32_t bad : {0, -1, 129, INT_MAX}) {
    EXPECT_EQ(refusal(with_i32(tensors_ + 4, bad)),
              concat("the length of a tensor's name is ", bad, ", and must be in 1 to 128"));
  }
  // The first tensor is decoder.blocks.0.attn.key.weight [4, 4] in f16.
  EXPECT_EQ(refusal(with_i32(tensors_ + 8, 8)),
            "tensor decoder.blocks.0.attn.key.weight is of type 8 (q8_0), and the types that are "
            "read are 0 (f32) and 1 (f16)");
  EXPECT_THAT(refusal(with_i32(tensors_ + 8, -1)), HasSubstr("is of type -1, and"));
  for (const std::int32_t bad : {0, -1, INT_MIN}) {
    EXPECT_EQ(refusal(with_i32(tensors_ + 12, bad)),
              concat("a size of a tensor is ", bad, ", and must be in 1 to 2147483647"));
  }
  EXPECT_THAT(
      refusal(with_i32(tensors_ + 12, INT_MAX)),
      StartsWith("it is cut off: tensor decoder.blocks.0.attn.key.weight [4, 2147483647] in "
                 "f16 needs more bytes than"));
}

/// A file with these tensors, otherwise as written by the fixture.
std::string file_with(const std::vector<testing::RawTensor>& tensors) {
  return testing::ggml_bytes(micro_test_dims(),
                             testing::seeded_vocabulary(micro_test_dims()).tokens, tensors, 0);
}

TEST_F(GgmlTest, TensorsMustBeTheModels) {
  const auto tensors =
      testing::raw_tensors(testing::seeded_weights(micro_test_dims(), 9), DType::f32);
  ASSERT_EQ(refusal(file_with(tensors)), "no error");
  auto changed = tensors;
  changed.pop_back();
  EXPECT_EQ(refusal(file_with(changed)),
            "tensor encoder.positional_embedding is missing; it should be [5, 4]");
  changed = tensors;
  changed.push_back(tensors.front());
  EXPECT_EQ(refusal(file_with(changed)), "tensor decoder.blocks.0.attn.key.weight is there twice");
  changed = tensors;
  changed.front().shape = {2, 8};
  EXPECT_EQ(
      refusal(file_with(changed)),
      "tensor decoder.blocks.0.attn.key.weight is [2, 8], and the model's sizes make it [4, 4]");
  changed = tensors;
  changed.push_back({"no\nsuch", DType::f32, {1}, std::vector<std::byte>(4)});
  EXPECT_THAT(refusal(file_with(changed)), StartsWith("there is a tensor no?such [1], which a"));
  changed = tensors;
  const float nan = NAN;
  std::memcpy(changed.front().data.data() + 12, &nan, sizeof nan);
  ASSERT_EQ(refusal(file_with(changed)),
            "no error");  // numbers are not read before they are needed
  std::vector<float> values(16);
  EXPECT_THAT(
      message_of(ErrorKind::model,
                 [&] {
                   load(path()).weights.read("decoder.blocks.0.attn.key.weight", {4, 4}, values);
                 }),
      HasSubstr("tensor decoder.blocks.0.attn.key.weight holds nan at index 3"));
}

TEST(GgmlVocabulary, LayoutFollowsFromTheNumberOfTokens) {
  const auto vocabulary = [](int n_vocab, std::size_t listed, const std::string& last) {
    GgmlHeader header;
    header.dims.n_vocab = n_vocab;
    for (std::size_t id = 0; id + 1 < listed; ++id) header.tokens.push_back("x");
    header.tokens.push_back(last);
    return ggml_vocabulary(std::move(header), "m.bin");
  };
  EXPECT_EQ(vocabulary(51864, 50256, "x").special.timestamp_begin, 50363);
  EXPECT_EQ(vocabulary(51864, 50257, "<|endoftext|>").special.timestamp_begin, 50363);
  EXPECT_EQ(vocabulary(51865, 50257, "").special.timestamp_begin, 50364);
  EXPECT_EQ(vocabulary(51865, 50258, "<|endoftext|>").special.timestamp_begin, 50364);
  EXPECT_EQ(vocabulary(51866, 50257, "").special.timestamp_begin, 50365);
  EXPECT_EQ(vocabulary(51866, 50257, "").special.language.size(), 100u);
  EXPECT_EQ(vocabulary(2000, 392, "x").special.eot, 392);
  EXPECT_EQ(vocabulary(2000, 393, "<|endoftext|>").special.eot, 392);
  EXPECT_FALSE(vocabulary(51864, 50256, "x").multilingual);
  EXPECT_TRUE(vocabulary(51865, 50257, "").multilingual);

  EXPECT_EQ(message_of(ErrorKind::model, [&] { vocabulary(51865, 50256, "x"); }),
            "m.bin: it lists 50256 text tokens, and a model with n_vocab = 51865 has 50257");
  EXPECT_EQ(message_of(ErrorKind::model, [&] { vocabulary(51865, 50258, "x"); }),
            "m.bin: it lists 50258 text tokens, and a model with n_vocab = 51865 has 50257");
  EXPECT_EQ(
      message_of(ErrorKind::model, [&] { vocabulary(51867, 50257, ""); }),
      "m.bin: n_vocab = 51867 with 50257 text tokens leaves 101 for languages, and Whisper has "
      "0 to 100");
  EXPECT_THAT(message_of(ErrorKind::model, [&] { vocabulary(300, 256, "x"); }),
              HasSubstr("leaves -1465 for languages"));
}

/// whisper.cpp's test files: real headers and vocabularies, no tensors. They were written by an
/// early converter, which replaced what is not UTF-8 by U+FFFD.
struct RealFile {
  const char* name;
  const char* vocabulary;
  int n_vocab;
};

class RealGgml : public ::testing::TestWithParam<RealFile> {
 protected:
  std::filesystem::path path() const {
    return sotto::testing::external_data(concat("ggml/", GetParam().name, ".bin"));
  }
  std::filesystem::path tiktoken() const {
    return sotto::testing::external_data(concat("vocab/", GetParam().vocabulary, ".tiktoken"));
  }
};

TEST_P(RealGgml, HeaderAndVocabulary) {
  SOTTO_NEEDS_FILE(path());
  SOTTO_NEEDS_FILE(tiktoken());
  const MappedFile file(path());
  const GgmlHeader header = read_ggml_header(file);
  const Dims tiny = {80, 1500, 384, 6, 4, 1536, GetParam().n_vocab, 448, 384, 6, 4, 1536};
  EXPECT_EQ(header.dims, tiny);
  EXPECT_EQ(header.tensors_offset, file.bytes().size());
  const Vocabulary ours = ggml_vocabulary(header, "m.bin");
  const Vocabulary expected = testing::tiktoken_vocabulary(tiktoken());
  ASSERT_EQ(ours.tokens.size(), expected.tokens.size());
  for (std::size_t id = 0; id < ours.tokens.size(); ++id) {
    ASSERT_EQ(ours.tokens[id], replace_invalid_utf8(expected.tokens[id])) << id;
  }
  EXPECT_EQ(ours.special.language.size(), 99u);
}

TEST_P(RealGgml, ALossyVocabularyIsRefused) {
  SOTTO_NEEDS_FILE(path());
  EXPECT_THAT(
      message_of(ErrorKind::model, [&] { load(path()); }),
      EndsWith("the vocabulary has no token for the byte 0x80, and Whisper's has one for every "
               "byte; the file is damaged, or an early converter lost such bytes: download "
               "or convert the model again"));
}

INSTANTIATE_TEST_SUITE_P(, RealGgml,
                         ::testing::Values(RealFile{"for-tests-ggml-tiny", "multilingual", 51865},
                                           RealFile{"for-tests-ggml-tiny.en", "gpt2", 51864}),
                         [](const auto& info) { return std::string(info.param.vocabulary); });

}  // namespace
}  // namespace sotto::model
