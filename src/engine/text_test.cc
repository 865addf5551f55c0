#include "engine/text.h"

#include <gtest/gtest.h>

#include "engine/testing.h"

namespace sotto::engine {
namespace {

TEST(Strip, TakesUnicodeWhiteSpaceFromBothEnds) {
  EXPECT_EQ(strip(" \t\n\v\f\r\x1c\x1d\x1e\x1fone two \n"), "one two");
  EXPECT_EQ(strip("\xc2\xa0\xe3\x80\x80"
                  "七\xe2\x80\x89\xc2\x85"),
            "七");
  EXPECT_EQ(strip(" \xe2\x80\xa8 "), "");
  EXPECT_EQ(strip(""), "");
}

TEST(Strip, KeepsWhatPythonDoesNotCallWhiteSpace) {
  EXPECT_EQ(strip("\xe2\x80\x8b"
                  "a\xef\xbb\xbf"),
            "\xe2\x80\x8b"
            "a\xef\xbb\xbf");  // U+200B, BOM
  EXPECT_EQ(strip("\x1b"
                  "a\x08"),
            "\x1b"
            "a\x08");
}

TEST(ReplaceAll, GoesFromLeftToRight) {
  EXPECT_EQ(replace_all("a --> b ---> c", "-->", "->"), "a -> b --> c");
  EXPECT_EQ(replace_all("none", "-->", "->"), "none");
  EXPECT_EQ(replace_all("", "x", "y"), "");
}

TEST(DecodeWithSpecials, WritesSpecialTokensAndLeavesTimestampsOut) {
  const model::Tokenizer tokenizer = testing::make_tokenizer(true);
  const model::SpecialTokens& special = tokenizer.special();
  EXPECT_EQ(decode_with_specials(
                tokenizer, std::vector<int>{special.timestamp_begin, 256, special.language[2], 257,
                                            special.timestamp_begin + 100}),
            " a<|de|> b");
  EXPECT_EQ(decode_with_specials(
                tokenizer, std::vector<int>{special.eot, special.sot, special.translate,
                                            special.transcribe, special.sot_lm, special.sot_prev,
                                            special.no_speech, special.no_timestamps}),
            "<|endoftext|><|startoftranscript|><|translate|><|transcribe|><|startoflm|>"
            "<|startofprev|><|nospeech|><|notimestamps|>");
}

TEST(DecodeWithSpecials, JoinsTheBytesOfACharacterAcrossTimestamps) {
  const model::Tokenizer tokenizer = testing::make_tokenizer(true);
  const int timestamp = tokenizer.special().timestamp_begin;
  EXPECT_EQ(decode_with_specials(tokenizer, std::vector<int>{0xc3, timestamp, 0xa9}), "é");
  EXPECT_EQ(decode_with_specials(tokenizer, std::vector<int>{0xc3, tokenizer.special().sot, 0xa9}),
            "\xef\xbf\xbd<|startoftranscript|>\xef\xbf\xbd");
}

// Expected: len(t) / len(zlib.compress(t)) in Python.
TEST(CompressionRatio, IsThatOfZlib) {
  EXPECT_EQ(compression_ratio(""), 0.0);
  EXPECT_EQ(compression_ratio("seven three one"), 15 / 23.0);
  std::string repeated;
  for (int i = 0; i < 50; ++i) repeated += "one two ";
  EXPECT_EQ(compression_ratio(repeated), 400 / 21.0);
}

TEST(FormatTimestamp, RoundsToMillisecondsHalvesToEven) {
  EXPECT_EQ(format_timestamp(0), "00:00.000");
  EXPECT_EQ(format_timestamp(2.4), "00:02.400");
  EXPECT_EQ(format_timestamp(0.0625), "00:00.062");
  EXPECT_EQ(format_timestamp(0.1875), "00:00.188");
  EXPECT_EQ(format_timestamp(59.9996), "01:00.000");
}

TEST(FormatTimestamp, ShowsHoursWhenThereAreSome) {
  EXPECT_EQ(format_timestamp(3599.9994), "59:59.999");
  EXPECT_EQ(format_timestamp(3599.9996), "01:00:00.000");
  EXPECT_EQ(format_timestamp(360000.5), "100:00:00.500");
  EXPECT_EQ(format_timestamp(1.5, true, ','), "00:00:01,500");
}

}  // namespace
}  // namespace sotto::engine
