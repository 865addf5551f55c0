#include "base/text.h"

#include <gtest/gtest.h>

namespace sotto {
namespace {

const std::string kMark = "\uFFFD";

// Each expectation is what Python's bytes.decode("utf-8", "replace") gives.
TEST(ReplaceInvalidUtf8, KeepsValidText) {
  for (const std::string text : {"", "abc", "é", "€", "😀", "a\u0800b\uD7FFc\uE000d\U0010FFFF"}) {
    EXPECT_EQ(replace_invalid_utf8(text), text);
  }
  const std::string with_nul("a\0b", 3);
  EXPECT_EQ(replace_invalid_utf8(with_nul), with_nul);
}

TEST(ReplaceInvalidUtf8, OneMarkForEachMaximalPart) {
  EXPECT_EQ(replace_invalid_utf8("\x80"), kMark);
  EXPECT_EQ(replace_invalid_utf8("\xBF\x80z"), kMark + kMark + "z");
  EXPECT_EQ(replace_invalid_utf8("\xE2\x82"), kMark);  // the beginning of €, cut off
  EXPECT_EQ(replace_invalid_utf8("\xE2\x82z"), kMark + "z");
  EXPECT_EQ(replace_invalid_utf8("\xE2z"), kMark + "z");
  EXPECT_EQ(replace_invalid_utf8("\xF0\x9F\x98"), kMark);  // the beginning of an emoji
  EXPECT_EQ(replace_invalid_utf8("\xF0\x9F\xE2\x82\xAC"), kMark + "€");
  EXPECT_EQ(replace_invalid_utf8("\xE2\x82\xE2\x82\xAC"), kMark + "€");
}

TEST(ReplaceInvalidUtf8, OverlongSurrogateAndTooLargeForms) {
  EXPECT_EQ(replace_invalid_utf8("\xC0\x80"), kMark + kMark);
  EXPECT_EQ(replace_invalid_utf8("\xC1\xBF"), kMark + kMark);
  EXPECT_EQ(replace_invalid_utf8("\xE0\x9F\xBF"), kMark + kMark + kMark);
  EXPECT_EQ(replace_invalid_utf8("\xED\xA0\x80"), kMark + kMark + kMark);  // U+D800
  EXPECT_EQ(replace_invalid_utf8("\xF0\x8F\xBF\xBF"), kMark + kMark + kMark + kMark);
  EXPECT_EQ(replace_invalid_utf8("\xF4\x90\x80\x80"), kMark + kMark + kMark + kMark);
  EXPECT_EQ(replace_invalid_utf8("\xF5\x80"), kMark + kMark);
  EXPECT_EQ(replace_invalid_utf8("\xFF"), kMark);
}

TEST(Printable, IsOneShortValidLine) {
  EXPECT_EQ(printable("encoder.conv1.weight"), "encoder.conv1.weight");
  EXPECT_EQ(printable("a\nb\x1B[0m\x7F\xFF"), "a?b?[0m?" + kMark);
  EXPECT_EQ(printable(std::string(81, 'x')), std::string(80, 'x') + "...");
  EXPECT_EQ(printable(std::string(80, 'x')), std::string(80, 'x'));
  EXPECT_EQ(printable("\u0080a\u009Bb\u00A0é"), "?a?b\u00A0é");
  EXPECT_EQ(printable("abc", 2), "ab...");
}

TEST(AppendUtf8, EncodesEachLength) {
  std::string text;
  for (const char32_t c : {U'a', U'é', U'€', U'😀', U'\U0010FFFF'}) append_utf8(text, c);
  EXPECT_EQ(text, "aé€😀\U0010FFFF");
}

TEST(Listed, HasCommasBetweenItems) {
  EXPECT_EQ(listed(std::vector<int>{}), "");
  EXPECT_EQ(listed(std::vector{7}), "7");
  EXPECT_EQ(listed(std::vector<std::string>{"", "a", ""}), ", a, ");
  EXPECT_EQ(listed(std::vector{1, 2}, [](int number) { return 0.5 * number; }), "0.5, 1");
}

}  // namespace
}  // namespace sotto
