#include "npu/core/dependence.h"

#include <gtest/gtest.h>

#include <optional>

#include "npu/core/bounds.h"
#include "npu/core/loops_testing.h"

namespace sotto::npu::core {
namespace {

std::optional<Edge> edge_between(const Loop& loop, int from, int to) {
  for (const Edge& edge : dependences(loop)) {
    if (edge.from == from && edge.to == to) return edge;
  }
  return std::nullopt;
}

/// A store of w at `a` and a load at `b`, through pointers of their own.
Loop store_and_load(Access a, Access b) {
  Loop loop;
  const int p = loop.state(RegisterClass::p), q = loop.state(RegisterClass::p);
  const int x = loop.value(RegisterClass::w), y = loop.value(RegisterClass::w);
  loop.add({.opcode = Opcode::vst,
            .mode = AddressMode::offset,
            .uses = {whole(x), whole(p)},
            .access = a});
  loop.add({.opcode = Opcode::vlda,
            .mode = AddressMode::offset,
            .defs = {whole(y)},
            .uses = {whole(q)},
            .access = b});
  return loop;
}

TEST(Dependence, MemoryIsComparedByAddress) {
  const Access store{.object = 0, .offset = 0, .stride = 64};
  // The bytes of this iteration: a cycle after the store, since both access memory in cycle 5.
  const auto same = edge_between(store_and_load(store, store), 0, 1);
  ASSERT_TRUE(same.has_value());
  EXPECT_EQ(same->latency, 1);  // 5 - 5 + 1
  EXPECT_EQ(same->distance, 0);
  // The next bytes, and those of another object: never.
  EXPECT_FALSE(
      edge_between(store_and_load(store, {.object = 0, .offset = 32, .stride = 64}), 0, 1));
  EXPECT_FALSE(edge_between(store_and_load(store, {.object = 1, .stride = 64}), 0, 1));
  // What was stored two iterations ago: 128 − 64 · 2 = 0.
  const auto before =
      edge_between(store_and_load({.object = 0, .offset = 128, .stride = 64}, store), 0, 1);
  ASSERT_TRUE(before.has_value());
  EXPECT_EQ(before->distance, 2);
  // Anything may be anywhere.
  const auto unknown = edge_between(store_and_load(store, Access{}), 1, 0);
  ASSERT_TRUE(unknown.has_value());
  EXPECT_EQ(unknown->distance, 1);
}

TEST(Dependence, AConvertingStoreReachesMemoryLater) {
  Loop loop = store_and_load({.object = 0}, {.object = 0});
  loop.operations[0].opcode = Opcode::vst_conv;
  loop.registers[2].cls = RegisterClass::bm;
  EXPECT_EQ(edge_between(loop, 0, 1)->latency, 3);  // 7 - 5 + 1
}

TEST(Dependence, PointersAreReadBeforeTheyMove) {
  Loop loop;
  const int p = loop.state(RegisterClass::p);
  const int x = loop.value(RegisterClass::w), y = loop.value(RegisterClass::w);
  loop.add({.opcode = Opcode::vlda,
            .mode = AddressMode::offset,
            .defs = {whole(x)},
            .uses = {whole(p)},
            .access = Access{.object = 0}});
  loop.add({.opcode = Opcode::vldb,
            .mode = AddressMode::increment,
            .immediate = 32,
            .defs = {whole(y), whole(p)},
            .uses = {whole(p)},
            .access = Access{.object = 0}});
  const auto anti = edge_between(loop, 0, 1);
  ASSERT_TRUE(anti.has_value());
  EXPECT_EQ(anti->latency, 0);  // both in one bundle: 1 - 1
  const auto next = edge_between(loop, 1, 0);
  ASSERT_TRUE(next.has_value());
  EXPECT_EQ(next->latency, 1);  // 1 - 1 + 1
  EXPECT_EQ(next->distance, 1);
}

TEST(Bounds, SayWhatBinds) {
  const auto bounds = [](const Loop& loop) { return bounds_of(loop, dependences(loop)); };
  EXPECT_EQ(bounds(gemm_loop(4, 4, 8)).binding, "vec");
  EXPECT_EQ(bounds(gemm_loop(4, 4, 8)).resources, 16);  // 4 · 4 products
  EXPECT_EQ(bounds(gemm_loop(2, 1, 8)).binding, "lda+ldb");
  EXPECT_EQ(bounds(gemm_loop(2, 1, 8)).resources, 3);  // 6 loads on two units
  EXPECT_EQ(bounds(convert_loop(8)).binding, "lda");
}

TEST(Bounds, CountBanks) {
  Loop loop = gemm_loop(2, 1, 8);
  for (Operation& operation : loop.operations) {
    if (operation.access) operation.access->bank = 3;
  }
  const Bounds bounds = bounds_of(loop, dependences(loop));
  EXPECT_EQ(bounds.resources, 6);  // 6 loads from one bank
  EXPECT_EQ(bounds.binding, "bank 3");
}

}  // namespace
}  // namespace sotto::npu::core
