#include "npu/core/registers.h"

#include <gtest/gtest.h>

#include <set>

namespace sotto::npu::core {
namespace {

Register named(const char* name) {
  const std::optional<Register> reg = parse_register(name);
  EXPECT_TRUE(reg.has_value()) << name;
  return reg.value_or(Register{});
}

TEST(Registers, NamesAndRegistersAreOneToOne) {
  for (int cls = 0; cls < kRegisterClasses; ++cls) {
    const RegisterFile& file = register_file(static_cast<RegisterClass>(cls));
    std::set<std::string> names;
    for (int i = 0; i < file.count; ++i) {
      const Register reg{file.cls, static_cast<uint8_t>(i)};
      EXPECT_LE(reg.first_unit() + reg.units(), register_units());
      EXPECT_TRUE(names.insert(register_name(reg)).second) << register_name(reg);
      if (file.cls == RegisterClass::d3) continue;  // shares its names with d
      const Register back = named(register_name(reg).c_str());
      EXPECT_EQ(back.first_unit(), reg.first_unit()) << register_name(reg);
      EXPECT_EQ(back.units(), reg.units()) << register_name(reg);
    }
  }
}

TEST(Registers, UnknownNamesAreNone) {
  for (const char* name : {"x12", "wl12", "r32", "bmh9", "y1", "y6", "p8", "q4", "amll9", "", "r",
                           "z0", "r18:r17", "r17:r15", "r17:"}) {
    EXPECT_FALSE(parse_register(name).has_value()) << name;
  }
}

TEST(Registers, HalvesOverlapTheirWhole) {
  EXPECT_TRUE(named("x3").overlaps(named("wl3")));
  EXPECT_TRUE(named("x3").overlaps(named("wh3")));
  EXPECT_FALSE(named("x3").overlaps(named("wl4")));
  EXPECT_FALSE(named("wl3").overlaps(named("wh3")));
  EXPECT_TRUE(named("y2").overlaps(named("wh5")));
  EXPECT_TRUE(named("cm8").overlaps(named("bmh8")));
  EXPECT_TRUE(named("bmh8").overlaps(named("amhl8")));
  EXPECT_FALSE(named("bml8").overlaps(named("amhl8")));
  EXPECT_TRUE(named("l0").overlaps(named("r17")));
  EXPECT_FALSE(named("l0").overlaps(named("r18")));
}

TEST(Registers, ThreeDimensionalModifiersAreTwoOfTheTwoDimensional) {
  const Register d1{RegisterClass::d3, 1};
  EXPECT_EQ(register_name(d1), "d1");
  EXPECT_TRUE(d1.overlaps(named("dc1")));
  EXPECT_TRUE(d1.overlaps(named("m5")));
  EXPECT_FALSE(d1.overlaps(named("m4")));
  EXPECT_TRUE(named("d5").overlaps(named("dj5")));
}

TEST(Registers, OperandsTakeTheRegistersOfTheirClass) {
  EXPECT_TRUE(accepts(RegisterClass::r27, named("r27")));
  EXPECT_FALSE(accepts(RegisterClass::r27, named("r26")));
  EXPECT_TRUE(accepts(RegisterClass::r, RegisterClass::r16_23));
  EXPECT_FALSE(accepts(RegisterClass::r16_23, RegisterClass::r));
  EXPECT_TRUE(accepts(RegisterClass::any_scalar, named("dj3")));
  EXPECT_FALSE(accepts(RegisterClass::any_scalar, named("x3")));
  EXPECT_TRUE(accepts(RegisterClass::any_scalar, named("s3")));
  EXPECT_TRUE(accepts(RegisterClass::stored, named("lr")));
  EXPECT_FALSE(accepts(RegisterClass::stored, named("s3")));
  EXPECT_TRUE(accepts(RegisterClass::bm0_7, named("bmh7")));
  EXPECT_FALSE(accepts(RegisterClass::bm0_7, named("bml8")));
  EXPECT_FALSE(accepts(RegisterClass::x, named("wl3")));
}

TEST(Registers, OfTheCallerAreElevenWithTheStackPointer) {
  std::string names;
  for (const RegisterClass cls : {RegisterClass::r, RegisterClass::p, RegisterClass::sp}) {
    for (uint8_t i = 0; i < register_file(cls).count; ++i) {
      if (is_callee_saved({cls, i})) names += register_name({cls, i}) + " ";
    }
  }
  EXPECT_EQ(names, "r16 r17 r18 r19 r20 r21 r22 r23 p6 p7 sp ");
  EXPECT_TRUE(is_callee_saved(*parse_register("r17:r16")));
  EXPECT_FALSE(is_callee_saved(*parse_register("r25:r24")));
}

}  // namespace
}  // namespace sotto::npu::core
