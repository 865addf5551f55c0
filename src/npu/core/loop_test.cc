#include "npu/core/loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sotto::npu::core {
namespace {

using ::testing::HasSubstr;

Operation product(int c, int a, int b, int config) {
  return {.opcode = Opcode::vmac_f,
          .defs = {whole(c)},
          .uses = {whole(c, 1), whole(a), whole(b), whole(config)}};
}

Operation load(Operand to, int pointer) {
  return {.opcode = Opcode::vld,
          .mode = AddressMode::increment,
          .immediate = 32,
          .defs = {to, whole(pointer)},
          .uses = {whole(pointer)},
          .access = Access{.object = 0, .stride = 64}};
}

struct InnerProduct : public ::testing::Test {
  Loop loop;
  int p = loop.state(RegisterClass::p, "p");
  int config = loop.value(RegisterClass::r, "config");
  int a = loop.value(RegisterClass::x, "a");
  int c = loop.value(RegisterClass::bm, "c");
};

TEST_F(InnerProduct, IsSound) {
  loop.add(load(low(a), p));
  loop.add(load(high(a), p));
  loop.add(product(c, a, a, config));
  EXPECT_EQ(problem_of(loop), "");
}

TEST_F(InnerProduct, ReadsNoHalfVector) {
  loop.add(load(low(a), p));
  loop.add(product(c, a, a, config));
  EXPECT_THAT(problem_of(loop), HasSubstr("written in part only"));
}

TEST_F(InnerProduct, ReadsWhatIsWritten) {
  loop.add(product(c, a, a, config));
  loop.add(load(low(a), p));
  loop.add(load(high(a), p));
  EXPECT_THAT(problem_of(loop), HasSubstr("reads a before operation 1 writes it"));
}

TEST_F(InnerProduct, WritesOnce) {
  loop.add(load(low(a), p));
  loop.add(load(low(a), p));
  EXPECT_THAT(problem_of(loop), HasSubstr("writes a, which operation 0 writes"));
}

TEST_F(InnerProduct, HasRegistersOfTheRightKind) {
  loop.add(load(low(a), p));
  loop.add(load(high(a), p));
  loop.add(product(a, a, a, config));
  EXPECT_THAT(problem_of(loop), HasSubstr("a is a x, not a bm"));
}

TEST_F(InnerProduct, HoldsItsConstants) {
  loop.add(load(low(a), p));
  loop.operations[0].immediate = 4096;
  EXPECT_THAT(problem_of(loop), HasSubstr("cannot hold 4096"));
}

TEST_F(InnerProduct, OrdersLeadForward) {
  loop.add(load(low(a), p));
  loop.add(load(high(a), p));
  loop.orders.push_back({.from = 1, .to = 0});
  EXPECT_THAT(problem_of(loop), HasSubstr("leads back"));
  loop.orders[0].distance = 1;
  EXPECT_EQ(problem_of(loop), "");
}

}  // namespace
}  // namespace sotto::npu::core
