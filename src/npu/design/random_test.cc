// Designs with random numbers in them: each is refused with a reason or becomes a program whose
// every register, address and number is possible. Nothing in between, whatever the design says.
#include <gtest/gtest.h>

#include <climits>
#include <map>
#include <random>
#include <set>

#include "npu/design/check/check_testing.h"
#include "npu/design/examples/gemm.h"
#include "npu/design/lower.h"

namespace sotto::npu::design {
namespace {

using namespace testing;

/// Replaces one number of a design by another one, near it, at a limit or absurd.
class Spoiler {
 public:
  explicit Spoiler(std::mt19937& random) : random_(random) {}

  void spoil(Design& d) {
    switch (random_() % 12) {
      case 0:
        return number(pick(d.fifos).object.count);
      case 1:
        return end(pick(d.fifos));
      case 2:
        return number(pick(d.fifos).repeat);
      case 3:
        return d.links.empty() ? spoil(d) : link(pick(d.links));
      case 4:
        return d.buffers.empty() ? spoil(d) : number(pick(d.buffers).object.count);
      case 5:
        return d.chains.empty() ? spoil(d) : chain(pick(d.chains));
      case 6:
        return d.cores.empty() ? spoil(d) : number(pick(d.cores).stack_bytes);
      case 7:
        return d.cores.empty() ? spoil(d) : statement(pick(pick(d.cores).body));
      case 8:
        return number(pick(d.hosts).object.count);
      case 9:
        return task(pick(d.tasks));
      case 10:
        return d.locks.empty() ? spoil(d) : number(pick(d.locks).initial);
      default:
        std::swap(pick(d.sequence), pick(d.sequence));
    }
  }

 private:
  template <typename T>
  T& pick(std::vector<T>& list) {
    return list[random_() % list.size()];
  }
  template <typename T>
  void number(T& value) {
    constexpr std::int64_t kLimits[] = {-1,  0,   1,    2,    3,    16,   17,    63,     64,
                                        255, 256, 1023, 1024, 4096, 8193, 16384, 131072, INT_MAX};
    const std::int64_t other[] = {std::int64_t{value} + 1, std::int64_t{value} - 1,
                                  std::int64_t{value} * 2, kLimits[random_() % std::size(kLimits)]};
    value = static_cast<T>(other[random_() % 4]);
  }
  void number(std::optional<int>& value) {
    if (value) return number(*value);
    value = static_cast<int>(random_() % 7);
  }
  void layout(Layout& dims, std::int64_t count) {
    if (dims.empty()) dims = {{count, 1}};
    if (random_() % 3 == 0) dims.insert(dims.begin(), Dim{2, static_cast<int>(random_() % 64)});
    Dim& dim = pick(dims);
    number(random_() % 2 == 0 ? dim.size : dim.stride);
  }
  void end(Fifo& fifo) {
    FifoEnd& at = fifo.producer && random_() % 2 == 0 ? *fifo.producer : pick(fifo.consumers);
    switch (random_() % 4) {
      case 0:
        return number(at.depth);
      case 1:
        return number(at.bank);
      case 2:
        return number(at.channel);
      default:
        return layout(at.layout, fifo.object.count);
    }
  }
  void link(Link& link) {
    switch (random_() % 4) {
      case 0:
        return number(link.depth);
      case 1:
        return number(link.bank);
      case 2:
        return number(link.object.count);
      default:
        return number(pick(link.inputs).offset);
    }
  }
  void chain(Chain& chain) {
    if (chain.bds.empty() || random_() % 3 == 0) return number(chain.runs);
    Bd& bd = pick(chain.bds);
    switch (random_() % 5) {
      case 0:
        return number(bd.offset);
      case 1:
        return number(bd.count);
      case 2:
        return number(bd.run_stride);
      case 3:
        return number(bd.run_wrap);
      default:
        return layout(bd.layout, bd.count);
    }
  }
  void statement(Statement& statement) {
    if (auto* action = std::get_if<Acquire>(&statement.action)) return number(action->count);
    if (auto* action = std::get_if<Release>(&statement.action)) return number(action->count);
    if (auto* action = std::get_if<Loop>(&statement.action)) return number(action->times);
  }
  void task(Task& task) {
    if (task.transfers.empty() || random_() % 4 == 0) return number(task.runs);
    Transfer& transfer = pick(task.transfers);
    switch (random_() % 4) {
      case 0:
        return number(transfer.offset);
      case 1:
        return number(transfer.run_stride);
      case 2:
        return number(transfer.run_wrap);
      default:
        return layout(transfer.layout, 64);
    }
  }

  std::mt19937& random_;
};

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
