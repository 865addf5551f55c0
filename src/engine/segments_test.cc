#include "engine/segments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/testing.h"

namespace sotto::engine {
namespace {

using ::testing::ElementsAre;
using testing::kWord;
using ::testing::SizeIs;

class SegmentsTest : public ::testing::Test {
 protected:
  int timestamp(int index) const { return tokenizer_.special().timestamp_begin + index; }

  WindowSegments cut(const Window& window, std::vector<int> tokens) {
    DecodingResult decoded;
    decoded.tokens = std::move(tokens);
    decoded.avg_logprob = -0.25;
    decoded.no_speech_prob = 0.5;
    decoded.compression_ratio = 0.75;
    return cut_into_segments(window, decoded, tokenizer_);
  }

  model::Tokenizer tokenizer_ = testing::make_tokenizer(false);
};

TEST_F(SegmentsTest, PairsEndSegmentsAndTheUnfinishedRestIsHeardAgain) {
  const auto result =
      cut({.seek = 100, .frames = 3000}, {timestamp(0), kWord, timestamp(100), timestamp(120),
                                          kWord + 1, timestamp(300), timestamp(310), kWord + 2});
  ASSERT_THAT(result.segments, SizeIs(2));
  EXPECT_EQ(result.segments[0].seek, 100);
  EXPECT_EQ(result.segments[0].start, 1.0);
  EXPECT_EQ(result.segments[0].end, 3.0);
  EXPECT_EQ(result.segments[0].text, " a");
  EXPECT_THAT(result.segments[0].tokens, ElementsAre(timestamp(0), kWord, timestamp(100)));
  EXPECT_EQ(result.segments[1].start, 1.0 + 120 * 0.02);
  EXPECT_EQ(result.segments[1].end, 7.0);
  EXPECT_EQ(result.segments[1].text, " b");
  EXPECT_EQ(result.next_seek, 100 + 2 * 300);
}

TEST_F(SegmentsTest, ASingleTimestampAtTheEndFinishesTheWindow) {
  const auto result = cut({.seek = 0, .frames = 2500}, {timestamp(0), kWord, timestamp(100),
                                                        timestamp(120), kWord + 1, timestamp(300)});
  ASSERT_THAT(result.segments, SizeIs(2));
  EXPECT_EQ(result.segments[1].end, 6.0);
  EXPECT_EQ(result.next_seek, 2500);
}

TEST_F(SegmentsTest, APairAtTheEndContinuesThere) {
  const auto result =
      cut({.seek = 0, .frames = 3000}, {timestamp(0), kWord, timestamp(100), timestamp(100)});
  ASSERT_THAT(result.segments, SizeIs(1));
  EXPECT_EQ(result.next_seek, 200);
}

TEST_F(SegmentsTest, WithoutAPairTheWindowIsOneSegmentUpToItsLastTimestamp) {
  const auto result =
      cut({.seek = 300, .frames = 3000}, {timestamp(10), kWord, kWord + 1, timestamp(250)});
  ASSERT_THAT(result.segments, SizeIs(1));
  EXPECT_EQ(result.segments[0].start, 3.0);  // the window's beginning, not the timestamp's
  EXPECT_EQ(result.segments[0].end, 8.0);
  EXPECT_EQ(result.segments[0].text, " a b");
  EXPECT_EQ(result.next_seek, 3300);
}

TEST_F(SegmentsTest, WithNothingButTheTimestampZeroTheSegmentIsTheWholeWindow) {
  const auto result = cut({.seek = 0, .frames = 123}, {timestamp(0), kWord});
  ASSERT_THAT(result.segments, SizeIs(1));
  EXPECT_EQ(result.segments[0].end, 1.23);
  EXPECT_EQ(result.next_seek, 123);
}

TEST_F(SegmentsTest, NoTokensAreOneSegmentWithoutText) {
  const auto result = cut({.seek = 0, .frames = 3000}, {});
  ASSERT_THAT(result.segments, SizeIs(1));
  EXPECT_EQ(result.segments[0].text, "");
  EXPECT_EQ(result.segments[0].end, 30.0);
}

TEST_F(SegmentsTest, TheNextWindowAlwaysBeginsLater) {
  const auto result = cut({.seek = 500, .frames = 2000}, {timestamp(0), timestamp(0)});
  EXPECT_EQ(result.next_seek, 2500);
}

TEST_F(SegmentsTest, SegmentsCarryTheFiguresOfTheirWindow) {
  const auto result = cut({.seek = 0, .frames = 3000}, {timestamp(0), kWord});
  EXPECT_EQ(result.segments[0].avg_logprob, -0.25);
  EXPECT_EQ(result.segments[0].no_speech_prob, 0.5);
  EXPECT_EQ(result.segments[0].compression_ratio, 0.75);
}

Segment make_segment(double start, double end, const std::string& text) {
  Segment segment;
  segment.start = start;
  segment.end = end;
  segment.text = text;
  segment.tokens = {kWord};
  return segment;
}

TEST_F(SegmentsTest, BlankOrInstantaneousSegmentsAreCleared) {
  Segment ordinary = make_segment(1, 2, " a");
  clear_if_blank(ordinary);
  EXPECT_EQ(ordinary.text, " a");
  EXPECT_FALSE(ordinary.cleared());

  Segment instantaneous = make_segment(1, 1, " a");
  clear_if_blank(instantaneous);
  EXPECT_TRUE(instantaneous.cleared());
  EXPECT_THAT(instantaneous.tokens, SizeIs(0));

  Segment blank = make_segment(1, 2, " \t\xc2\xa0");
  clear_if_blank(blank);
  EXPECT_TRUE(blank.cleared());
  EXPECT_THAT(blank.tokens, SizeIs(0));
}

}  // namespace
}  // namespace sotto::engine
