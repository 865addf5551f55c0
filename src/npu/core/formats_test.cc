#include "npu/core/formats.h"

#include <gtest/gtest.h>

namespace sotto::npu::core {
namespace {

TEST(Formats, HoldEverySetOfShortSlots) {
  for (int bits = 0; bits < 1 << 6; ++bits) {
    EXPECT_GT(bundle_bytes(SlotSet(static_cast<uint8_t>(bits))), 0) << bits;
  }
}

TEST(Formats, LongInstructionsTakeTheScalarAndTheMoveSlot) {
  EXPECT_EQ(bundle_bytes(Slot::lng | Slot::alu), 0);
  EXPECT_EQ(bundle_bytes(Slot::lng | Slot::mv), 0);
  EXPECT_EQ(bundle_bytes(Slot::lng), 6);
  EXPECT_EQ(bundle_bytes(Slot::lng | Slot::lda | Slot::ldb | Slot::st | Slot::vec), 16);
}

TEST(Formats, AreTheShortestThatFit) {
  EXPECT_EQ(bundle_bytes({}), 2);
  EXPECT_EQ(bundle_bytes(Slot::vec), 4);
  EXPECT_EQ(bundle_bytes(Slot::lda | Slot::ldb), 6);
  EXPECT_EQ(bundle_bytes(Slot::lda | Slot::ldb | Slot::st), 8);
  EXPECT_EQ(bundle_bytes(Slot::lda | Slot::ldb | Slot::mv), 10);
  EXPECT_EQ(bundle_bytes(Slot::lda | Slot::ldb | Slot::mv | Slot::vec), 12);
  // There is no 12-byte format for these four.
  EXPECT_EQ(bundle_bytes(Slot::lda | Slot::st | Slot::mv | Slot::vec), 14);
  EXPECT_EQ(bundle_bytes(Slot::lda | Slot::ldb | Slot::st | Slot::mv | Slot::vec), 16);
}

TEST(Formats, FitTogetherWhereNoSlotIsTakenTwice) {
  EXPECT_TRUE(fit_together(Slot::lda | Slot::mv, Slot::alu));
  EXPECT_TRUE(fit_together({}, Slot::lng));
  EXPECT_FALSE(fit_together(Slot::lda | Slot::alu, Slot::alu));
  EXPECT_FALSE(fit_together(Slot::lda | Slot::lng, Slot::alu));
  EXPECT_FALSE(fit_together(Slot::mv, Slot::lng));
}

TEST(Formats, SizesGrowForPadding) {
  const FixedList<int, 8> sizes = bundle_sizes(Slot::vec);
  ASSERT_EQ(sizes.size(), 6u);  // 4 8 10 12 14 16
  EXPECT_EQ(sizes[0], 4);
  EXPECT_EQ(sizes[5], 16);
}

}  // namespace
}  // namespace sotto::npu::core
