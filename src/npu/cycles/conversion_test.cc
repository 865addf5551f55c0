// The simplest thing that happens to every result: sums in float32 are stored as bfloat16.
#include <gtest/gtest.h>

#include "base/buffer.h"
#include "npu/cycles/cost.h"
#include "npu/recorder/include/aie_api/aie.hpp"
#include "npu/recorder/record.h"

namespace sotto::npu::cycles {
namespace {

// Two loads of 256 bits for 16 sums, which only load unit A can bring into accumulators: two
// cycles are the least. Round the loop there is what cannot go: a bundle that sets the pointer, the
// seven cycles until the last sum can be stored, and the call.
TEST(Conversion, TakesTwoCyclesForSixteenSums) {
  constexpr int kSums = 64 * 64, kLanes = 16;
  Buffer<std::byte> from(kSums * 4), to(kSums * 2);
  const auto* const sums = reinterpret_cast<const float*>(from.data());
  auto* const out = reinterpret_cast<bfloat16*>(to.data());
  const recorder::Kernel kernel =
      recorder::record("store", {{"sums", &from, 0}, {"out", &to, 1}}, [&] {
        aie::set_rounding(aie::rounding_mode::conv_even);
        SOTTO_LOOP(kSums / kLanes, int i = 0; i < kSums / kLanes; ++i) {
          const aie::accum<accfloat, kLanes> sum(aie::load_v<kLanes>(sums + i * kLanes));
          aie::store_v(out + i * kLanes, sum.to_vector<bfloat16>());
        }
      });
  const KernelCost cost = cost_of(kernel);
  ASSERT_EQ(cost.loops.size(), 1u);
  EXPECT_EQ(cost.loops[0].interval, 2);
  EXPECT_EQ(cost.loops[0].binding, "lda");
  // A store that converts accesses memory two cycles later than the caller's first load could.
  constexpr int kBesideTheReturn = kReturnCycles - 2;
  EXPECT_EQ(cost.cycles, 1 + 2 * kSums / kLanes + 7 + kCallCycles - kBesideTheReturn);
  RecordProperty("cycles", static_cast<int>(cost.cycles));
}

}  // namespace
}  // namespace sotto::npu::cycles
