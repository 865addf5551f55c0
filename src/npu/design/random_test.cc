// Designs with random numbers in them: each is refused with a reason or becomes a program whose
// every register, address and number is possible. Nothing in between, whatever the design says.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "npu/design/check/check_testing.h"
#include "npu/design/examples/gemm.h"
#include "npu/design/lower.h"
#include "npu/design/spoil_testing.h"

namespace sotto::npu::design {
namespace {

using namespace testing;

/// Everything that a program numbers exists, and nothing is used twice.
void expect_possible(const ArrayProgram& program) {
  std::map<TileId, std::vector<std::pair<std::int64_t, std::int64_t>>> spans;
  for (const ProgramCore& core : program.cores) spans[core.tile].push_back({0, core.stack_bytes});
  for (const ProgramBuffer& buffer : program.buffers) {
    spans[buffer.tile].push_back({buffer.address, std::int64_t{buffer.address} + buffer.bytes});
  }
  for (auto& [tile, list] : spans) {
    std::sort(list.begin(), list.end());
    for (std::size_t i = 1; i < list.size(); ++i) EXPECT_GE(list[i].first, list[i - 1].second);
    EXPECT_LE(list.back().second, memory_of(kind_of(tile)).bytes);
  }
  std::set<std::pair<TileId, int>> locks, descriptors;
  for (const ProgramLock& lock : program.locks) {
    EXPECT_LT(lock.id, memory_of(kind_of(lock.tile)).locks);
    EXPECT_TRUE(locks.insert({lock.tile, lock.id}).second);
  }
  for (const ProgramDescriptor& d : program.descriptors) {
    const TileKind kind = kind_of(d.tile);
    EXPECT_LT(d.id, dma_of(kind).buffer_descriptors);
    EXPECT_TRUE(descriptors.insert({d.tile, d.id}).second);
    EXPECT_EQ(unpack(kind, pack(kind, d.fields)), d.fields);
  }
  std::set<std::tuple<TileId, Direction, int>> channels;
  for (const ProgramStart& start : program.starts) {
    EXPECT_LT(start.channel, dma_of(kind_of(start.tile)).channels);
    EXPECT_TRUE(channels.insert({start.tile, start.direction, start.channel}).second);
    const BdRange range = bds_of_channel(kind_of(start.tile), start.channel);
    const int first = static_cast<int>(start.entry.descriptor);
    EXPECT_TRUE(first >= range.first && first < range.first + range.count);
  }
  std::set<std::pair<TileId, Port>> outputs;
  for (const ProgramConnection& made : program.connections) {
    EXPECT_TRUE(outputs.insert({made.tile, made.output}).second);
  }
  EXPECT_EQ(encode(decode(program.instructions)), program.instructions);
}

/// Of so many spoiled copies, how many were accepted.
int spoil_and_check(const Design& design, int copies, std::mt19937& random) {
  int accepted = 0;
  for (int i = 0; i < copies; ++i) {
    Design spoiled = design;
    for (std::size_t times = 1 + random() % 3; times > 0; --times) Spoiler(random).spoil(spoiled);
    try {
      expect_possible(lower(check(spoiled)));
      ++accepted;
    } catch (const DesignError& error) {
      EXPECT_FALSE(error.findings().empty());
    }
  }
  return accepted;
}

TEST(Random, SpoiledDesignsAreRefusedOrPossible) {
  std::mt19937 random(4);
  Chain1 d;
  d.b.lock("lock", d.core, 1);
  d.b.buffer<i32>("table", d.core, 64);
  EXPECT_GT(spoil_and_check(d.design(), 2000, random), 100);
  FifoOptions options{.repeat = 2, .padding = {{1, 0}, {0, 4}}};
  const Memory1 m(32, {.layout = {{8, 4}, {4, 1}}}, 9 * 8, options);
  EXPECT_GT(spoil_and_check(Memory1(m).design(), 2000, random), 100);
}

TEST(Random, SpoiledProductsAreRefusedOrPossible) {
  std::mt19937 random(5);
  EXPECT_GT(spoil_and_check(gemm({256, 64, 512}), 100, random), 3);
}

}  // namespace
}  // namespace sotto::npu::design
