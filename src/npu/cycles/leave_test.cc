// Where a kernel may end early.
#include <gtest/gtest.h>

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

}  // namespace
}  // namespace sotto::npu::cycles
