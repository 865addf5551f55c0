#include "apps/progress.h"

#include <gtest/gtest.h>

namespace sotto::apps {
namespace {

TEST(ProgressLine, ShowsShareSpeedAndTimeLeft) {
  EXPECT_EQ(progress_line(0, 92.3, 0), "  0% [....................] 0.0 of 92.3 s");
  EXPECT_EQ(progress_line(38.8, 92.3, 0.5),
            " 42% [########............] 38.8 of 92.3 s, 78× realtime, 0:01 left");
  EXPECT_EQ(progress_line(60, 7260, 30),
            "  0% [....................] 60.0 of 7260.0 s, 2.0× realtime, 1:00:00 left");
  EXPECT_EQ(progress_line(30, 30, 100),
            "100% [####################] 30.0 of 30.0 s, 0.3× realtime, 0:00 left");
}

TEST(ProgressLine, NothingToDoIsDone) {
  EXPECT_EQ(progress_line(0, 0, 1), "100% [####################] 0.0 of 0.0 s");
}

TEST(CutToWidth, CountsCharacters) {
  EXPECT_EQ(cut_to_width("78× realtime", 3), "78×");
  EXPECT_EQ(cut_to_width("78× realtime", 2), "78");
  EXPECT_EQ(cut_to_width("78×", 3), "78×");
  EXPECT_EQ(cut_to_width("78×", 80), "78×");
  EXPECT_EQ(cut_to_width("78×", 0), "");
}

TEST(SummaryLine, NamesFileTimeAndSpeed) {
  EXPECT_EQ(summary_line("sample.wav", 92.3, 1.2, "int8 with avx2"),
            "sample.wav: 92.3 s of audio in 1.2 s (77× realtime, int8 with avx2)");
  EXPECT_EQ(summary_line("a.wav", 9.8, 0.034, "x"),
            "a.wav: 9.8 s of audio in 0.03 s (288× realtime, x)");
  EXPECT_EQ(summary_line("a.wav", 0, 0, "x"), "a.wav: 0.0 s of audio in 0.00 s (0.0× realtime, x)");
}

}  // namespace
}  // namespace sotto::apps
