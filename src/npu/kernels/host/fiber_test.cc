#include "npu/kernels/host/fiber.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "base/error.h"

namespace sotto::npu::host {
namespace {

TEST(FiberTest, StopsAndGoesOnWhereItWas) {
  std::string trace;
  Fiber fiber([&] {
    for (const char c : {'a', 'b', 'c'}) {
      trace += c;
      Fiber::suspend();
    }
    trace += '.';
  });
  EXPECT_EQ(trace, "");
  for (int i = 0; i < 4; ++i) {
    EXPECT_FALSE(fiber.done());
    fiber.resume();
    trace += '|';
  }
  EXPECT_TRUE(fiber.done());
  EXPECT_EQ(trace, "a|b|c|.|");
}

TEST(FiberTest, ManyTakeTurnsAndKeepTheirLocals) {
  std::vector<int> sums;
  std::vector<std::unique_ptr<Fiber>> fibers;
  for (int id = 0; id < 50; ++id) {
    fibers.push_back(std::make_unique<Fiber>([id, &sums] {
      int sum = 0;
      for (int i = 0; i < 100; ++i) {
        sum += id;
        Fiber::suspend();
      }
      sums.push_back(sum);
    }));
  }
  for (int turn = 0; turn < 101; ++turn) {
    for (const auto& fiber : fibers) fiber->resume();
  }
  ASSERT_EQ(sums.size(), 50u);
  for (int id = 0; id < 50; ++id) EXPECT_EQ(sums[static_cast<std::size_t>(id)], 100 * id);
}

TEST(FiberTest, WhatTheBodyThrowsComesOutOfResume) {
  Fiber fiber([] {
    Fiber::suspend();
    fail(ErrorKind::unsupported, "no such instruction");
  });
  fiber.resume();
  EXPECT_THROW(fiber.resume(), Error);
  EXPECT_TRUE(fiber.done());
}

TEST(FiberTest, AnUnfinishedBodyIsUnwound) {
  const auto held = std::make_shared<int>(1);
  {
    Fiber never([held] {});
    Fiber fiber([held] {
      const std::shared_ptr<int> inside = held;
      Fiber::suspend();
      FAIL() << "was resumed";
    });
    fiber.resume();
    EXPECT_EQ(held.use_count(), 4);
  }
  EXPECT_EQ(held.use_count(), 1);
}

TEST(FiberTest, OneMayRunAnother) {
  std::string trace;
  Fiber outer([&] {
    Fiber inner([&] {
      trace += 'i';
      Fiber::suspend();
      trace += 'j';
    });
    inner.resume();
    trace += 'o';
    Fiber::suspend();
    inner.resume();
    trace += 'p';
  });
  outer.resume();
  trace += '|';
  outer.resume();
  EXPECT_EQ(trace, "io|jp");
}

}  // namespace
}  // namespace sotto::npu::host
