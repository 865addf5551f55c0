// A loop without a mark around operations is an error when it is recorded.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "base/testing.h"
#include "npu/recorder/recorder_testing.h"

// As kernels are compiled; every loop behind this is checked.
#define SOTTO_CHECKS_LOOPS
#include "npu/recorder/include/aie_api/aie.hpp"

#include "npu/kernels/loop.h"

namespace sotto::npu::recorder {
namespace {

using ::testing::MatchesRegex;

class LoopCheckTest : public ::testing::Test {
 protected:
  /// The message of the error.
  std::string problem(const std::function<void()>& run) {
    return sotto::testing::message_of(ErrorKind::unsupported, [&] {
      record("tiny", {{"a", &bytes_, 0}}, run);
    });
  }
  void expect_refused(const std::function<void()>& run) {
    EXPECT_THAT(
        problem(run),
        MatchesRegex("loop_check_test.cc:[0-9]+: a loop around operations of the core has no "
                     "mark, such as SOTTO_LOOP or SOTTO_UNROLL"));
  }
  /// Two operations of the core.
  void store(int from, int to) { aie::store_v(a + 16 * to, aie::load_v<16>(a + 16 * from)); }

 private:
  Buffer<std::byte> bytes_{4096};

 protected:
  bfloat16* const a = reinterpret_cast<bfloat16*>(bytes_.data());
};

TEST_F(LoopCheckTest, LoopsWithMarksAreRecorded) {
  EXPECT_EQ(problem([&] {
              SOTTO_UNROLL
              for (int i = 0; i < 4; ++i) store(i, i + 8);
            }),
            "no error");
  EXPECT_EQ(problem([&] { SOTTO_LOOP(4, int i = 0; i < 4; ++i) store(i, i + 8); }), "no error");
}

TEST_F(LoopCheckTest, OneWithoutAMarkIsRefused) {
  expect_refused([&] {
    for (int i = 0; i < 4; ++i) store(i, i + 8);
  });
  expect_refused([&] {
    for (const int i : {1, 2}) store(i, i + 8);
  });
  expect_refused([&] {
    for (int i = 0; i < 1; ++i) store(i, i + 8);
  });
  int left = 3;
  expect_refused([&] {
    while (--left > 0) store(left, left + 8);
  });
}

TEST_F(LoopCheckTest, AMarkIsThatOfOneLoop) {
  const auto unmarked = [&](int i) {
    for (int j = 0; j < 2; ++j) store(i + j, i + 8);
  };
  expect_refused([&] {
    SOTTO_UNROLL
    for (int i = 0; i < 2; ++i) unmarked(i);
  });
  expect_refused([&] { SOTTO_LOOP(2, int i = 0; i < 2; ++i) unmarked(i); });
  const auto marked = [&] { SOTTO_LOOP(2, int i = 0; i < 2; ++i) store(i, i + 8); };
  expect_refused([&] {
    for (int i = 0; i < 2; ++i) marked();
  });
}

TEST_F(LoopCheckTest, OneAroundNoOperationsNeedsNone) {
  EXPECT_EQ(problem([&] {
              int sum = 0;
              for (int i = 0; i < 4; ++i) sum += i;
              while (sum > 4) --sum;
              store(sum, sum + 8);
            }),
            "no error");
}

TEST_F(LoopCheckTest, WhereNothingRecordsThereIsNothingToCheck) {
  int sum = 0;
  for (int i = 0; i < 4; ++i) sum += i;
  EXPECT_EQ(sum, 6);
}

}  // namespace
}  // namespace sotto::npu::recorder
