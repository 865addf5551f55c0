#include <gtest/gtest.h>

#include "npu/design/check/check.h"
#include "npu/design/examples/gemm.h"
#include "npu/design/examples/passthrough.h"
#include "npu/design/examples/seed_layer.h"

namespace sotto::npu::design {
namespace {

TEST(Examples, Gemm) {
  try {
    const CheckedDesign checked = check(gemm({512, 256, 1024}));
    EXPECT_EQ(checked.plan().rounds, std::vector<std::int64_t>(16, 8));
  } catch (const DesignError& error) {
    FAIL() << error.what();
  }
}

TEST(Examples, SeedLayer) {
  try {
    check(seed_layer());
    FAIL();
  } catch (const DesignError& error) {
    puts(error.what());
  }
}

}  // namespace
}  // namespace sotto::npu::design
