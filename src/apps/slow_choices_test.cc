#include "apps/slow_choices.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sotto::apps {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

/// A machine of two CPUs.
MachineSpeed machine(bool bfloat16_is_faster) {
  return {.n_cpus = 2, .bfloat16_is_faster = [=] { return bfloat16_is_faster; }};
}

TEST(SlowChoices, AreMoreThreadsThanCpus) {
  Options options;
  for (const int threads : {0, 1, 2}) {
    options.threads = threads;
    EXPECT_THAT(slow_choices(options, machine(true)), IsEmpty());
  }
  options.threads = 64;
  EXPECT_THAT(slow_choices(options, machine(true)),
              ElementsAre("warning: --threads 64 is slower than 2, a thread for each CPU that may "
                          "be used"));
}

TEST(SlowChoices, AreBfloat16WhereFloat32IsFaster) {
  Options options;
  options.compute_type = model::ComputeType::bfloat16;
  EXPECT_THAT(slow_choices(options, machine(true)), IsEmpty());
  EXPECT_THAT(slow_choices(options, machine(false)),
              ElementsAre(StartsWith("warning: on this processor the encoder's products take "
                                     "longer in bfloat16 than in float32")));
}

TEST(SlowChoices, MeasureNothingForOtherTypes) {
  Options options;
  const MachineSpeed machine{.n_cpus = 2, .bfloat16_is_faster = [] {
                               ADD_FAILURE() << "measured";
                               return false;
                             }};
  EXPECT_THAT(slow_choices(options, machine), IsEmpty());
  options.compute_type = model::ComputeType::int8;
  EXPECT_THAT(slow_choices(options, machine), IsEmpty());
}

}  // namespace
}  // namespace sotto::apps
