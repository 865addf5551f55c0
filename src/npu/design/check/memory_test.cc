// Rules about bytes, banks and locks of tiles.
#include "npu/design/check/check_testing.h"

namespace sotto::npu::design {
namespace {

using namespace testing;

TEST(Memory, BytesOfACore) {
  // in 2 x 1,024 + out 2 x 1,024 + stack 1,024 + 60,416 = 65,536
  for (const int bytes : {60416, 60416 + 4}) {
    Chain1 d;
    d.b.buffer<i32>("table", d.core, bytes / 4);
    if (bytes == 60416) {
      expect_accepted(d.design());
    } else {
      expect_only(d.design(), Category::memory_bytes, "core (0,2): 65568 bytes");
    }
  }
}

TEST(Memory, ConstantsOfKernelsCount) {
  Chain1 d;
  d.design().kernels[0].static_bytes = 60416;
  expect_accepted(d.design());
  d.design().kernels[0].static_bytes = 60417;
  expect_only(d.design(), Category::memory_bytes, "'copy (constants)'");
}

TEST(Memory, BytesOfAMemoryTile) {
  expect_accepted(Memory1(65536).design());  // 2 x 262,144 = 524,288
  Memory1 d(65536);
  d.b.buffer<i32>("more", d.memory, 1);
  expect_only(d.design(), Category::memory_bytes, "there are 524288");
}

TEST(Memory, BanksThatAreWishedFor) {
  for (const int bytes : {16384 - 1024, 16384 - 1024 + 4}) {  // bank 0 holds the stack
    Chain1 d;
    d.b.buffer<i32>("table", d.core, bytes / 4, {.bank = 0});
    if (bytes == 16384 - 1024) {
      expect_accepted(d.design());
    } else {
      expect_only(d.design(), Category::bank_bytes,
                  "'table' of 15392 bytes wishes for bank 0, where 15360 of 16384 are left");
    }
  }
  Chain1 d;
  d.b.buffer<i32>("table", d.core, 16, {.bank = 4});
  expect_only(d.design(), Category::bank_bytes, "wishes for bank 4 of 4");
}

TEST(Memory, BuffersLieInARowWhereBanksLeaveOnlyPieces) {
  // One of 12,288 bytes in each bank, and no 8,192 are left in one piece: 1,024 + 4 x 1,024 +
  // 4 x 12,288 + 8,192 = 62,464 bytes do fit.
  for (const bool wishes : {false, true}) {
    Chain1 d;
    for (int i = 0; i < 4; ++i) {
      d.b.buffer<i32>("table" + std::to_string(i), d.core, 3072,
                      wishes ? BufferOptions{.bank = i} : BufferOptions{});
    }
    d.b.buffer<i32>("last", d.core, 2048);
    if (wishes) {
      expect_only(d.design(), Category::memory_bytes,
                  "no room for 'last', 8192 bytes: what the wished banks leave is in pieces");
      continue;
    }
    const CheckedDesign checked = check(d.design());
    std::vector<std::int64_t> firsts = checked.plan().addresses;
    std::sort(firsts.begin(), firsts.end());
    EXPECT_GE(firsts.front(), 1024);
    EXPECT_EQ(std::adjacent_find(firsts.begin(), firsts.end()), firsts.end());
  }
}

TEST(Memory, BuffersDoNotOverlapAndKeepTheirBanks) {
  Chain1 d;
  d.design().fifos[0].consumers[0].bank = 2;
  d.b.buffer<i32>("large", d.core, 5000);  // more than a bank
  d.b.buffer<i32>("small", d.core, 3, {.bank = 2});
  const CheckedDesign checked = check(d.design());
  const Plan& plan = checked.plan();
  std::vector<std::pair<std::int64_t, std::int64_t>> spans = {{0, 1024}};  // the stack
  for (std::size_t i = 0; i < plan.network.buffers.size(); ++i) {
    const Buffer& buffer = plan.network.buffers[i];
    const std::int64_t at = plan.addresses[i];
    EXPECT_EQ(at % 32, 0);
    if (buffer.bank) {
      EXPECT_EQ(at / 16384, *buffer.bank) << buffer.name;
      EXPECT_EQ((at + buffer.object.bytes() - 1) / 16384, *buffer.bank) << buffer.name;
    }
    spans.push_back({at, at + buffer.object.bytes()});
  }
  std::sort(spans.begin(), spans.end());
  for (std::size_t i = 1; i < spans.size(); ++i) EXPECT_GE(spans[i].first, spans[i - 1].second);
  EXPECT_LE(spans.back().second, 65536);
}

TEST(Memory, RingsOfACoreLieInDifferentBanks) {
  const CheckedDesign checked = check(Chain1().design());
  const Plan& plan = checked.plan();
  std::map<std::string, std::int64_t> bank;
  for (std::size_t i = 0; i < plan.network.buffers.size(); ++i) {
    bank[plan.network.buffers[i].name] = plan.addresses[i] / 16384;
  }
  EXPECT_EQ(bank["in.in0[0]"], bank["in.in0[1]"]);
  EXPECT_EQ(bank["out.out[0]"], bank["out.out[1]"]);
  EXPECT_NE(bank["in.in0[0]"], bank["out.out[0]"]);
  EXPECT_NE(bank["in.in0[0]"], 0);  // where the stack is
}

TEST(Memory, LocksOfACore) {
  Chain1 d;  // 2 rings, 4 locks
  for (int i = 0; i < 12; ++i) d.b.lock("l" + std::to_string(i), d.core, 0);
  expect_accepted(d.design());
  d.b.lock("one more", d.core, 0);
  expect_only(d.design(), Category::locks, "core (0,2): 17 locks; there are 16");
}

TEST(Memory, LocksOfAMemoryTile) {
  Memory1 d;  // 2
  for (int i = 0; i < 62; ++i) d.b.lock("l" + std::to_string(i), d.memory, 0);
  expect_accepted(d.design());
  d.b.lock("one more", d.memory, 0);
  expect_only(d.design(), Category::locks, "memory (0,1): 65 locks; there are 64");
}

TEST(Memory, LocksCountTo63) {
  Chain1 d;
  d.b.lock("l", d.core, 63);
  expect_accepted(d.design());
  d.design().locks[0].initial = 64;
  expect_only(d.design(), Category::lock_value, "lock 'l' at core (0,2) starts at 64");
}

TEST(Memory, LocksOfRepeatedObjectsCountTo63) {
  // Two buffers, each sent r times: the empty lock starts at 2 r.
  expect_accepted(Memory1(16, {}, 0, {.repeat = 12}).design());
  const std::vector<Finding> findings = findings_of(Memory1(16, {}, 0, {.repeat = 32}).design());
  ASSERT_FALSE(findings.empty());
  bool said = false;
  for (const Finding& finding : findings) said |= finding.category == Category::lock_value;
  EXPECT_TRUE(said) << joined(findings);
}

}  // namespace
}  // namespace sotto::npu::design
