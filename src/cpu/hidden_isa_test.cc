// Kernels of an instruction set that CPUID hides: with SOTTO_ISA=avx_vnni in the environment, say,
// every test of this folder that runs for each set runs for that one, too, if the processor
// executes it.
#include <gtest/gtest.h>

#include "base/testing_isa.h"
#include "cpu/int8.h"

namespace sotto::cpu {
namespace {

/// Before tests are registered, after the initialisation of what they are registered in.
const std::optional<Isa> kHidden = [] {
  const std::optional<Isa> hidden = sotto::testing::forced_but_hidden();
  sotto::testing::try_forced_isa();
  return hidden;
}();

TEST(HiddenIsa, IsTestedWhereItIsForcedAndExecuted) {
  if (!kHidden) GTEST_SKIP() << "skipped: SOTTO_ISA forces none that CPUID hides";
  if (!machine_has(*kHidden)) {
    GTEST_SKIP() << "skipped: SOTTO_ISA=" << name_of(*kHidden)
                 << " is neither told by CPUID nor executed by this processor";
  }
  EXPECT_EQ(active_isa(), *kHidden);
  EXPECT_EQ(int8_kernels_for(*kHidden).isa, std::min(*kHidden, Isa::avx512_vnni));
}

}  // namespace
}  // namespace sotto::cpu
