#include "base/isa.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <string>

#include "base/testing.h"
#include "base/testing_isa.h"

namespace sotto {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::message_of;

/// Sets SOTTO_ISA for one test and puts back what was there.
class IsaTest : public ::testing::Test {
 protected:
  IsaTest() {
    if (const char* value = std::getenv("SOTTO_ISA")) before_ = value;
  }
  ~IsaTest() override { ::setenv("SOTTO_ISA", before_.c_str(), 1); }

  static void force(std::string_view name) { ::setenv("SOTTO_ISA", std::string(name).c_str(), 1); }

 private:
  std::string before_;  // empty counts as not set
};

TEST_F(IsaTest, DetectedWhenNotForced) {
  ::unsetenv("SOTTO_ISA");
  EXPECT_EQ(active_isa(), detect_isa());
  force("");
  EXPECT_EQ(active_isa(), detect_isa());
}

TEST_F(IsaTest, WhatTheMachineHasCanBeForcedAndNothingElse) {
  for (const Isa isa : kAllIsas) {
    force(name_of(isa));
    if (machine_has(isa)) {
      EXPECT_EQ(active_isa(), isa) << name_of(isa);
      continue;
    }
    EXPECT_THAT(message_of(ErrorKind::unsupported, active_isa),
                AllOf(HasSubstr(std::string(name_of(isa))), HasSubstr("lacks"),
                      HasSubstr("can use: portable")));
  }
}

TEST_F(IsaTest, AvailableAreInOrderAndEndWithTheDetectedOne) {
  const std::vector<Isa> isas = available_isas();
  EXPECT_EQ(isas.front(), Isa::portable);
  EXPECT_EQ(isas.back(), detect_isa());
  EXPECT_TRUE(std::is_sorted(isas.begin(), isas.end()));
  for (const Isa isa : isas) {
    EXPECT_TRUE(machine_has(float_isa(isa))) << name_of(isa);
  }
}

TEST_F(IsaTest, SetsWithoutVnniAreEnoughForFloats) {
  EXPECT_EQ(float_isa(Isa::portable), Isa::portable);
  EXPECT_EQ(float_isa(Isa::avx_vnni), Isa::avx2);
  EXPECT_EQ(float_isa(Isa::avx512_vnni), Isa::avx512);
  EXPECT_EQ(float_isa(Isa::avx512_bf16), Isa::avx512);
}

TEST_F(IsaTest, WhatIsExecutedIsTriedInAChild) {
  using testing::executes;
  using testing::runs_in_child;
  EXPECT_TRUE(runs_in_child([] {}));
  EXPECT_FALSE(runs_in_child([] { __builtin_trap(); })) << "an illegal instruction";
  EXPECT_FALSE(runs_in_child([] { std::_Exit(3); }));
  for (const Isa isa : available_isas()) EXPECT_TRUE(executes(isa)) << name_of(isa);
}

TEST_F(IsaTest, OnlyWhatIsForcedAndHiddenIsTried) {
  ::unsetenv("SOTTO_ISA");
  EXPECT_EQ(testing::forced_but_hidden(), std::nullopt);
  for (const Isa isa : kAllIsas) {
    force(name_of(isa));
    EXPECT_EQ(testing::forced_but_hidden(), machine_has(isa) ? std::nullopt : std::optional(isa));
  }
  force("avx9");
  EXPECT_EQ(testing::forced_but_hidden(), std::nullopt);
}

/// In a process of its own, which has what it assumes from then on.
[[noreturn]] void assume(Isa isa) {
  assume_isa(isa);
  for (const Isa part : kAllIsas) {
    if (holds(isa, part) && !machine_has(part)) std::_Exit(1);
  }
  ::setenv("SOTTO_ISA", std::string(name_of(isa)).c_str(), 1);
  std::_Exit(active_isa() == isa ? 0 : 2);
}

TEST_F(IsaTest, WhatWasTriedCanBeForced) {
  for (const Isa isa : kAllIsas) EXPECT_EXIT(assume(isa), ::testing::ExitedWithCode(0), "");
}

TEST_F(IsaTest, UnknownNameListsThePossibleOnes) {
  force("avx9");
  EXPECT_THAT(message_of(ErrorKind::usage, active_isa),
              AllOf(HasSubstr("SOTTO_ISA=avx9"), HasSubstr("portable")));
}

}  // namespace
}  // namespace sotto
