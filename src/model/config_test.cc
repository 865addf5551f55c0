#include "model/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <climits>

#include "base/testing.h"

namespace sotto::model {
namespace {

Dims tiny() {
  return {.n_mels = 80,
          .n_audio_ctx = 1500,
          .n_audio_state = 384,
          .n_audio_head = 6,
          .n_audio_layer = 4,
          .n_audio_ffn = 1536,
          .n_vocab = 51865,
          .n_text_ctx = 448,
          .n_text_state = 384,
          .n_text_head = 6,
          .n_text_layer = 4,
          .n_text_ffn = 1536};
}

std::string refusal(const Dims& dims) {
  return sotto::testing::message_of(ErrorKind::model, [&] { check_dims(dims, "m.bin"); });
}

TEST(CheckDims, AcceptsReleasedAndSmallSizes) {
  EXPECT_EQ(refusal(tiny()), "no error");
  EXPECT_EQ(refusal({1, 1, 1, 1, 1, 1, 1, 16, 1, 1, 1, 1}), "no error");
}

TEST(CheckDims, NamesSourceFieldValueAndRange) {
  Dims dims = tiny();
  dims.n_mels = 202;
  EXPECT_EQ(refusal(dims), "m.bin: n_mels is 202, and a Whisper model has 1 to 201");
  dims.n_mels = 201;
  EXPECT_EQ(refusal(dims), "no error");
}

TEST(CheckDims, RefusesImpossibleValuesOfEveryField) {
  struct Field {
    const char* name;
    int Dims::*size;
  };
  for (const Field field :
       {Field{"n_mels", &Dims::n_mels}, Field{"n_audio_ctx", &Dims::n_audio_ctx},
        Field{"n_audio_state", &Dims::n_audio_state}, Field{"n_audio_head", &Dims::n_audio_head},
        Field{"n_audio_layer", &Dims::n_audio_layer}, Field{"n_audio_ffn", &Dims::n_audio_ffn},
        Field{"n_vocab", &Dims::n_vocab}, Field{"n_text_ctx", &Dims::n_text_ctx},
        Field{"n_text_state", &Dims::n_text_state}, Field{"n_text_head", &Dims::n_text_head},
        Field{"n_text_layer", &Dims::n_text_layer}, Field{"n_text_ffn", &Dims::n_text_ffn}}) {
    for (const int bad : {0, -1, INT_MIN, INT_MAX}) {
      Dims dims = tiny();
      dims.*field.size = bad;
      EXPECT_THAT(refusal(dims),
                  ::testing::HasSubstr(std::string(field.name) + " is " + std::to_string(bad)));
    }
  }
}

TEST(CheckDims, TheDecoderNeedsRoomForAPromptAndAText) {
  Dims dims = tiny();
  dims.n_text_ctx = 15;
  EXPECT_EQ(refusal(dims), "m.bin: n_text_ctx is 15, and a Whisper model has 16 to 8192");
  dims.n_text_ctx = 16;
  EXPECT_EQ(refusal(dims), "no error");
}

TEST(CheckDims, WidthsMustDivideIntoHeadsAndAgree) {
  Dims dims = tiny();
  dims.n_audio_head = 5;
  EXPECT_EQ(refusal(dims),
            "m.bin: n_audio_state is 384, which does not divide into n_audio_head = 5 heads");
  dims = tiny();
  dims.n_text_head = 7;
  EXPECT_EQ(refusal(dims),
            "m.bin: n_text_state is 384, which does not divide into n_text_head = 7 heads");
  dims = tiny();
  dims.n_text_state = 192;
  EXPECT_EQ(refusal(dims),
            "m.bin: n_text_state is 192 and n_audio_state is 384; they must be equal, because the "
            "decoder attends to the encoder's output");
}

TEST(ReleasedDims, AreThoseOfTheName) {
  EXPECT_EQ(released_dims("tiny"), tiny());
  EXPECT_EQ(released_dims("gigantic"), std::nullopt);
  for (const std::string_view name : released_names()) {
    EXPECT_EQ(size_name(released_dims(name).value()), name);
  }
}

TEST(SizeName, KnowsReleasedModels) {
  Dims dims = tiny();
  EXPECT_EQ(size_name(dims), "tiny");
  dims.n_vocab = 51864;
  EXPECT_EQ(size_name(dims), "tiny.en");
  dims.n_audio_ffn = 1024;
  EXPECT_EQ(size_name(dims), "");

  const auto large = [](int n_mels, int text_layers, int n_vocab) {
    return size_name({n_mels, 1500, 1280, 20, 32, 5120, n_vocab, 448, 1280, 20, text_layers, 5120});
  };
  EXPECT_EQ(large(80, 32, 51865), "large-v1/v2");
  EXPECT_EQ(large(128, 32, 51866), "large-v3");
  EXPECT_EQ(large(128, 4, 51866), "turbo");
  EXPECT_EQ(large(80, 2, 51865), "distil-large-v2");
  EXPECT_EQ(large(128, 2, 51866), "distil-large-v3/v3.5");
  EXPECT_EQ(large(128, 3, 51866), "");
}

}  // namespace
}  // namespace sotto::model
