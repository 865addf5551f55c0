#include "apps/turns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace sotto::apps {
namespace {

class TurnsTest : public ::testing::Test {
 protected:
  void say(std::size_t file, char what) {
    turns_.say(file, [this, what] { said_.push_back(what); });
  }
  Turns turns_;
  std::string said_;
};

TEST_F(TurnsTest, TheFirstFileIsHeardAtOnceAndOthersInTheirTurn) {
  say(0, 'a');
  EXPECT_EQ(said_, "a");
  say(1, 'k');
  say(2, 'x');
  say(0, 'b');
  say(1, 'l');
  EXPECT_EQ(said_, "ab");
  turns_.finish(0);
  EXPECT_EQ(said_, "abkl");
  say(1, 'm');
  EXPECT_EQ(said_, "abklm");
  EXPECT_TRUE(turns_.is_turn_of(1));
}

TEST_F(TurnsTest, AFileThatFinishedEarlyIsHeardInItsTurn) {
  say(1, 'k');
  turns_.finish(1);
  say(2, 'x');
  EXPECT_EQ(said_, "");
  turns_.finish(0);
  EXPECT_EQ(said_, "kx");
  turns_.finish(2);
  say(3, 'z');
  EXPECT_EQ(said_, "kxz");
}

}  // namespace
}  // namespace sotto::apps
