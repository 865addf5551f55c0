#include "model/string_list.h"

#include <gtest/gtest.h>

namespace sotto::model {
namespace {

TEST(StringList, KeepsStringsApart) {
  StringList list = {"ab", "", "c"};
  list.push_back(list[0]);
  ASSERT_EQ(list.size(), 4u);
  EXPECT_EQ(list[0], "ab");
  EXPECT_EQ(list[1], "");
  EXPECT_EQ(list[2], "c");
  EXPECT_EQ(list.back(), "ab");
  EXPECT_EQ(list, (StringList{"ab", "", "c", "ab"}));
  EXPECT_FALSE(list == (StringList{"ab", "c", "", "ab"}));
}

TEST(StringList, GetsShorterAndLonger) {
  StringList list = {"ab", "cd", "e"};
  list.resize(2);
  EXPECT_EQ(list, (StringList{"ab", "cd"}));
  list.resize(4);
  list.push_back("f");
  EXPECT_EQ(list, (StringList{"ab", "cd", "", "", "f"}));
  list.resize(0);
  EXPECT_TRUE(list.empty());
  list.resize(1);
  EXPECT_EQ(list, StringList{""});
}

TEST(StringPairs, KeepsPairs) {
  StringPairs pairs = {{"a", "bc"}, {"", "d"}};
  pairs.push_back("e", "");
  ASSERT_EQ(pairs.size(), 3u);
  EXPECT_EQ(pairs[0], StringPairs::Pair("a", "bc"));
  EXPECT_EQ(pairs[1], StringPairs::Pair("", "d"));
  EXPECT_EQ(pairs[2], StringPairs::Pair("e", ""));
}

}  // namespace
}  // namespace sotto::model
