// Where a kernel may end early.
#include <gmock/gmock.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <vector>

#include "base/buffer.h"
#include "npu/cycles/compile.h"
#include "npu/cycles/run.h"
#include "npu/recorder/include/aie_api/aie.hpp"
#include "npu/recorder/record.h"

namespace sotto::npu::cycles {
namespace {

/// Records a kernel that leaves `times` where a number is large, in a loop of 8 if wanted.
recorder::Kernel leaving(int times, bool in_loop) {
  Buffer<std::byte> in(64), out(64);
  const auto* const from = reinterpret_cast<const int16*>(in.data());
  auto* const to = reinterpret_cast<int16*>(out.data());
  return recorder::record("leaving", {{"in", &in, 0}, {"out", &out, 1}}, [&] {
    const auto numbers = aie::load_v<32>(from);
    const auto ask = [&](int value) {
      return leaves(aie::reduce_max(numbers) > value, recorder::Recorded<int>(value));
    };
    for (int i = 0; i < times; ++i) {
      if (ask(i + 5)) return;
    }
    SOTTO_LOOP(8, int i = 0; i < 8; ++i) {
      if (in_loop && ask(9)) return;
      aie::store_v(to, numbers);
    }
  });
}

TEST(Leave, AtOnePlaceOutsideOfInnermostLoops) {
  EXPECT_EQ(check(compile(leaving(1, false)), leaving(1, false)), "");
  EXPECT_ANY_THROW(compile(leaving(2, false)));
  EXPECT_ANY_THROW(compile(leaving(0, true)));
}

constexpr int kRows = 4, kParts = 8, kLanes = 32, kLarge = 1000;
constexpr int kRowNumbers = kParts * kLanes;

/// Copies rows of numbers; leaves where one is too large, else returns the largest of all.
int copy_rows(int16* to, int16* tops, const int16* from) {
  auto all = aie::broadcast<int16, kLanes>(-kLarge);
  SOTTO_LOOP(1, int row = 0; row < kRows; ++row) {
    auto top = aie::broadcast<int16, kLanes>(-kLarge);
    SOTTO_LOOP(kParts, int i = 0; i < kParts; ++i) {
      const auto part = aie::load_v<kLanes>(from + row * kRowNumbers + i * kLanes);
      top = aie::max(top, part);
      aie::store_v(to + row * kRowNumbers + i * kLanes, part);
    }
    const recorder::Recorded<int> here = row;
    if (leaves(aie::reduce_max(top) > kLarge, here)) return row;
    aie::store_v(tops + row * kLanes, top);
    all = aie::max(all, top);
  }
  return returns(aie::reduce_max(all));
}

class CopyOfRows : public ::testing::Test {
 protected:
  void SetUp() override {
    for (size_t i = 0; i < numbers_.size() / 2; ++i) from()[i] = static_cast<int16>(i * 7 % 500);
    from()[77] = 900;
    std::optional<int64_t> returned;
    kernel_ = recorder::record(
        "copy_rows", {{"in", &numbers_, 0}, {"out", &copy_, 1}, {"tops", &tops_, 2}}, [&] {
          returned = copy_rows(reinterpret_cast<int16*>(copy_.data()),
                               reinterpret_cast<int16*>(tops_.data()), from());
        });
    kernel_.returned = returned;
    compiled_ = compile(kernel_);
  }

  int16* from() { return reinterpret_cast<int16*>(numbers_.data()); }
  /// The code of this call with another number in it.
  BitRun run_with(int at, int16 number) const {
    recorder::Kernel other = kernel_;
    std::memcpy(other.objects[0].before.data() + 2 * at, &number, sizeof(number));
    return run(compiled_, other);
  }
  /// Numbers of a buffer that are not zero, from its beginning.
  int written(const BitRun& ran, size_t object, int numbers) const {
    int count = 0;
    for (; count < numbers; ++count) {
      int16 number;
      std::memcpy(&number, ran.memory.data() + kernel_.objects[object].address + 2 * count, 2);
      if (number == 0) break;
    }
    return count;
  }

  Buffer<std::byte> numbers_ = Buffer<std::byte>(2 * kRows * kRowNumbers),
                    copy_ = Buffer<std::byte>(2 * kRows * kRowNumbers),
                    tops_ = Buffer<std::byte>(2 * kRows * kLanes);
  recorder::Kernel kernel_;
  Compiled compiled_;
};

TEST_F(CopyOfRows, ReturnsWhatDataDecide) {
  EXPECT_EQ(check(compiled_, kernel_), "");
  EXPECT_EQ(kernel_.returned, 900);
  EXPECT_EQ(run_with(600, 950).returned, 950);
  EXPECT_FALSE(run_with(600, 950).left);
}

TEST_F(CopyOfRows, LeavesAtTheRowAndStoresNothingBehindIt) {
  for (int row = 0; row < kRows; ++row) {
    SCOPED_TRACE(row);
    const BitRun ran = run_with(row * kRowNumbers + 200, kLarge + 1);
    EXPECT_EQ(ran.problem, "");
    EXPECT_TRUE(ran.left);
    EXPECT_EQ(ran.returned, row);
    EXPECT_EQ(written(ran, 2, kRows * kLanes), row * kLanes);
    // The row that is left is copied, the next one is not.
    int16 last, next = 0;
    const auto copy = ran.memory.data() + kernel_.objects[1].address;
    std::memcpy(&last, copy + 2 * (row * kRowNumbers + kRowNumbers - 1), 2);
    if (row + 1 < kRows) std::memcpy(&next, copy + 2 * (row + 1) * kRowNumbers + 2, 2);
    EXPECT_EQ(last, from()[row * kRowNumbers + kRowNumbers - 1]);
    EXPECT_EQ(next, 0);
  }
}

constexpr int kHeld = 14;  // vectors, more than there are registers

/// Leaves where a number is large, else stores how far each is below the largest of its lane.
recorder::Kernel holding() {
  Buffer<std::byte> in(64 * kHeld), out(64 * kHeld);
  const auto* const from = reinterpret_cast<const int16*>(in.data());
  auto* const to = reinterpret_cast<int16*>(out.data());
  return recorder::record("holding", {{"in", &in, 0}, {"out", &out, 1}}, [&] {
    auto top = aie::broadcast<int16, kLanes>(-kLarge);
    std::vector<aie::vector<int16, kLanes>> parts;
    for (int i = 0; i < kHeld; ++i) {
      parts.push_back(aie::load_v<kLanes>(from + i * kLanes));
      top = aie::max(top, parts.back());
    }
    if (leaves(aie::reduce_max(top) > kLarge, recorder::Recorded<int>(1))) return;
    for (int i = 0; i < kHeld; ++i) {
      aie::store_v(to + i * kLanes, aie::sub(top, parts[static_cast<size_t>(i)]));
    }
  });
}

TEST(Leave, BehindTheJumpTheFrameEndsToo) {
  const auto moves_stack = [](const core::Instruction& made) {
    return core::interchangeable(made.opcode)[0] == core::choices(core::Opcode::padd_sp)[0];
  };
  const recorder::Kernel kernel = holding();
  Compiled compiled = compile(kernel);
  ASSERT_GT(compiled.stack_bytes, 0);
  EXPECT_EQ(check(compiled, kernel), "");
  recorder::Kernel large = kernel;
  const int16 number = kLarge + 1;
  std::memcpy(large.objects[0].before.data() + 10, &number, sizeof(number));
  const BitRun ran = run(compiled, large);
  EXPECT_EQ(ran.problem, "");
  EXPECT_TRUE(ran.left);
  auto& there = compiled.image.bundles;
  const auto behind = there.begin() + compiled.image.leave;
  EXPECT_TRUE(std::any_of(behind, there.end(), [&](const core::Bundle& bundle) {
    return std::any_of(bundle.instructions.begin(), bundle.instructions.end(), moves_stack);
  }));
  for (auto bundle = behind; bundle != there.end(); ++bundle) {
    std::erase_if(bundle->instructions, moves_stack);
    bundle->bytes = 16;
  }
  EXPECT_THAT(run(compiled, large).problem, ::testing::HasSubstr("leaves sp"));
}

}  // namespace
}  // namespace sotto::npu::cycles
