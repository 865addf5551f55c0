#include "npu/design/build.h"

#include <gtest/gtest.h>

#include <type_traits>

#include "npu/design/check/check.h"
#include "npu/design/examples/passthrough.h"

namespace sotto::npu::design {
namespace {

// What must not compile, as values of the type system: a kernel bound to the wrong thing.
using Copy = KernelOf<Out<bf16>, In<bf16>, Number>;
static_assert(std::is_invocable_v<Copy, Producer<bf16>, Consumer<bf16>, int>);
static_assert(!std::is_invocable_v<Copy, Consumer<bf16>, Producer<bf16>, int>);  // directions
static_assert(!std::is_invocable_v<Copy, Producer<f32>, Consumer<bf16>, int>);   // elements
static_assert(!std::is_invocable_v<Copy, Producer<bf16>, Consumer<bf16>>);       // too few
static_assert(!std::is_invocable_v<Copy, Producer<bf16>, Consumer<bf16>, LockHandle>);
static_assert(!std::is_invocable_v<Copy, FifoOf<bf16>, Consumer<bf16>, int>);  // which end?
static_assert(std::is_invocable_v<Copy, BufferOf<bf16>, BufferOfRing<bf16>, ParameterWord>);
static_assert(!std::is_invocable_v<KernelOf<LockId>, int>);
static_assert(std::is_invocable_v<KernelOf<LockId>, LockOfRing>);

// Handles of different kinds do not turn into each other.
static_assert(!std::is_convertible_v<TileRef, FifoRef>);
static_assert(!std::is_convertible_v<ShimTile, CoreTile>);
static_assert(!std::is_convertible_v<FifoOf<bf16>, FifoOf<f32>>);

TEST(Build, PassthroughIsAccepted) {
  try {
    const CheckedDesign checked = check(passthrough());
    EXPECT_EQ(checked.plan().rounds, std::vector<std::int64_t>{4});
  } catch (const DesignError& error) {
    FAIL() << error.what();
  }
}

}  // namespace
}  // namespace sotto::npu::design
