#include "model/ggml_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "base/file.h"
#include "base/testing.h"
#include "model/ggml.h"
#include "model/testing.h"

namespace sotto::model {
namespace {

using sotto::testing::message_of;
using sotto::testing::TemporaryFolder;
using testing::FolderOptions;
using ::testing::HasSubstr;
using testing::micro_test_dims;

class GgmlWriterTest : public ::testing::Test {
 protected:
  GgmlWriterTest() { dims_.n_text_ffn = dims_.n_audio_ffn = 4 * dims_.n_audio_state; }

  Model folder(const FolderOptions& options = {}) {
    testing::write_hf_folder(folder_ / "hf", dims_, 9, options);
    return load(folder_ / "hf");
  }
  std::uint64_t write(const Model& model, DType type) {
    return write_ggml(path(), model, type, filters_);
  }
  std::filesystem::path path() const { return folder_ / "m.bin"; }

  const TemporaryFolder folder_;
  Dims dims_ = micro_test_dims();
  const std::vector<float> filters_ =
      std::vector<float>(static_cast<std::size_t>(dims_.n_mels) * 201, 0.125f);
};

std::vector<float> numbers(const Weights& weights, const std::string& name, const Shape& shape) {
  std::vector<float> all(static_cast<std::size_t>(Tensor{DType::f32, shape, nullptr}.size()));
  weights.read(name, shape, all);
  return all;
}

TEST_F(GgmlWriterTest, WhatIsReadAgainIsTheSameModel) {
  const Model model = folder();
  const std::uint64_t bytes = write(model, DType::f32);
  EXPECT_EQ(bytes, std::filesystem::file_size(path()));
  const Model again = load(path());
  EXPECT_EQ(again.format, "ggml");
  EXPECT_EQ(again.dims, model.dims);
  EXPECT_EQ(again.tokenizer.special().n_tokens(), model.tokenizer.special().n_tokens());
  EXPECT_EQ(again.tokenizer.special().no_speech, model.tokenizer.special().no_speech);
  for (int id = 0; id < model.tokenizer.n_text_tokens(); ++id) {
    EXPECT_EQ(again.tokenizer.bytes(id), model.tokenizer.bytes(id));
  }
  ASSERT_EQ(again.weights.tensors().size(), model.weights.tensors().size());
  for (const auto& [name, tensor] : model.weights.tensors()) {
    EXPECT_EQ(again.weights.at(name, tensor.shape).type, DType::f32);
    EXPECT_EQ(numbers(again.weights, name, tensor.shape),
              numbers(model.weights, name, tensor.shape))
        << name;
  }
}

// The tests' own writer of the format, which knows nothing of this one, lists tensors by name.
TEST_F(GgmlWriterTest, HoldsWhatAnotherWriterOfTheFormatPutsThere) {
  const Model model = folder();
  for (const DType type : {DType::f16, DType::f32}) {
    testing::write_ggml(folder_ / "other.bin", dims_, 9, type);
    const Model other = load(folder_ / "other.bin");
    EXPECT_EQ(write(model, type), std::filesystem::file_size(folder_ / "other.bin"));
    const Model mine = load(path());
    for (const auto& [name, tensor] : other.weights.tensors()) {
      const Tensor& same = mine.weights.at(name, tensor.shape);
      ASSERT_EQ(same.type, tensor.type) << name;
      EXPECT_EQ(std::memcmp(same.data, tensor.data,
                            static_cast<std::size_t>(tensor.size()) * bytes_of(tensor.type)),
                0)
          << name;
    }
  }
}

TEST_F(GgmlWriterTest, TheFiltersStandBeforeTheTokens) {
  write(folder(), DType::f16);
  const std::string content = read_text_file(path());
  std::vector<float> filters(filters_.size());
  std::memcpy(filters.data(), content.data() + 4 * 14, filters.size() * sizeof(float));
  EXPECT_EQ(filters, filters_);
}

TEST_F(GgmlWriterTest, PaddingIsLeftOut) {
  const Model plain = folder(), padded = folder({.padding = 8 - dims_.n_vocab % 8});
  ASSERT_NE(padded.dims.n_vocab, dims_.n_vocab);
  write(padded, DType::f32);
  const Model again = load(path());
  EXPECT_EQ(again.dims.n_vocab, dims_.n_vocab);
  const Shape shape = {dims_.n_vocab, dims_.n_text_state};
  const std::vector<float> all = numbers(padded.weights, "decoder.token_embedding.weight",
                                         {padded.dims.n_vocab, dims_.n_text_state});
  const std::vector<float> kept = numbers(again.weights, "decoder.token_embedding.weight", shape);
  EXPECT_TRUE(std::equal(kept.begin(), kept.end(), all.begin()));
}

TEST_F(GgmlWriterTest, RefusesWhatTheFormatCannotHold) {
  EXPECT_THAT(
      message_of(ErrorKind::model, [&] { write(folder({.multilingual = true}), DType::f16); }),
      HasSubstr("a ggml file cannot hold this model: it is multilingual, and the format "
                "takes a model of"));
  dims_.n_text_ffn = 24;
  EXPECT_THAT(message_of(ErrorKind::model, [&] { write(folder(), DType::f16); }),
              HasSubstr("its feed-forward layers are 24 wide, and the format makes them 4 x 4"));
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(GgmlWriterTest, ANumberBeyondF16LeavesNoFile) {
  Model model = folder();
  const std::string name = "decoder.token_embedding.weight";
  const Shape shape = {dims_.n_vocab, dims_.n_text_state};
  auto large = std::make_shared<std::vector<float>>(numbers(model.weights, name, shape));
  large->back() = 65520;
  Weights weights;
  weights.source = model.weights.source;
  for (auto [tensor_name, tensor] : model.weights.tensors()) {
    if (tensor_name == name) tensor.data = reinterpret_cast<const std::byte*>(large->data());
    weights.add(tensor_name, tensor);
  }
  std::swap(model.weights, weights);  // the old ones keep the file
  EXPECT_THAT(
      message_of(ErrorKind::model, [&] { write(model, DType::f16); }),
      HasSubstr("tensor decoder.token_embedding.weight holds 65520, and f16 ends at 65504"));
  EXPECT_FALSE(std::filesystem::exists(path()));
  EXPECT_GT(write(model, DType::f32), 0u);
}

}  // namespace
}  // namespace sotto::model
