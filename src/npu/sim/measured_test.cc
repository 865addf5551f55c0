// What was measured on a Phoenix at 1.8 GHz, built as designs and simulated with the one set of
// costs. Figures: the owner of the machine; see costs.h.
#include "npu/sim/sim_testing.h"

namespace sotto::npu::sim {
namespace {

using namespace testing;
using design::Bd;
using design::Builder;
using design::ChainRef;
using design::TaskRef;

constexpr auto i32 = design::Element::i32;

Report timed(const design::Design& design) {
  Options options;
  options.mode = Mode::timing;
  return simulate(design::lower(design::check(design)), {}, options);
}
double gb_per_s(std::int64_t bytes, const Report& report) {
  return static_cast<double>(bytes) * report.mhz * 1e-3 / static_cast<double>(report.cycles());
}

/// Shims read into memory tiles that keep nothing: `words` on each of the first so many channels of
/// each of the first so many columns, in so many tasks.
design::Design reads(int columns, int channels, int words, int tasks) {
  Builder b(npu1(), "reads");
  std::vector<ChainRef> shims;
  for (int column = 0; column < columns; ++column) {
    const auto shim = b.shim(column);
    const auto memory = b.memory(column);
    for (int channel = 0; channel < channels; ++channel) {
      const std::string name = std::to_string(column) + std::to_string(channel);
      const auto buffer = b.buffer<i32>("sink" + name, memory, 1024);
      shims.push_back(b.chain({.name = "read" + name, .tile = shim, .direction = Direction::mm2s}));
      const auto sink = b.chain({.name = "sink" + name,
                                 .tile = memory,
                                 .direction = Direction::s2mm,
                                 .bds = {{.buffer = buffer, .count = 1024}}});
      b.flow("flow" + name, shims.back(), {sink});
    }
  }
  const int each = words / tasks;
  const auto host = b.host<i32>("data", each);
  std::vector<std::vector<TaskRef>> begun(shims.size());
  for (int i = 0; i < tasks; ++i) {
    for (std::size_t s = 0; s < shims.size(); ++s) {
      // Four at a time: the one four before must be over.
      if (i >= 4) b.wait(begun[s][static_cast<std::size_t>(i - 4)]);
      begun[s].push_back(
          b.task({.through = shims[s], .transfers = {{.host = host, .layout = {{each, 1}}}}}));
    }
  }
  for (const auto& all : begun) {
    for (std::size_t i = all.size() < 4 ? 0 : all.size() - 4; i < all.size(); ++i) b.wait(all[i]);
  }
  return b.design();
}

TEST(Measured, ReadingOnOneToEightChannels) {
  const struct {
    int columns, channels;
    double gb_per_s;
  } rows[] = {{1, 1, 7.11},  {1, 2, 14.00}, {2, 1, 14.02}, {2, 2, 27.39},
              {4, 1, 27.49}, {3, 2, 38.47}, {4, 2, 47.62}};
  constexpr int kWords = 1 << 20;
  for (const auto& row : rows) {
    const Report report = timed(reads(row.columns, row.channels, kWords, 1));
    const double simulated =
        gb_per_s(std::int64_t{4} * kWords * row.columns * row.channels, report);
    EXPECT_NEAR(simulated / row.gb_per_s, 1, 0.025) << row.columns << " x " << row.channels;
  }
}

/// Through the memory tile and out again.
design::Design duplex(int channels, int objects) {
  Builder b(npu1(), "duplex");
  constexpr int kWords = 2048;
  const auto host_in = b.host<i32>("in", kWords * objects);
  const auto host_out = b.host<i32>("out", kWords * objects);
  std::vector<TaskRef> tasks;
  for (int i = 0; i < channels; ++i) {
    const auto shim = b.shim(i);
    const auto memory = b.memory(i);
    const std::string name = std::to_string(i);
    const auto in = b.fifo<i32>("in" + name, kWords, {{shim}}, {{memory}});
    const auto out = b.fifo<i32>("out" + name, kWords, {{memory}}, {{shim}});
    b.via(memory, in, out, {.depth = 4});
    tasks.push_back(b.fill(in, host_in));
    tasks.push_back(b.drain(out, host_out));
  }
  for (const TaskRef task : tasks) b.wait(task);
  return b.design();
}

TEST(Measured, ReadingAndWritingTogether) {
  for (const auto& [channels, measured] : {std::pair{1, 6.90}, std::pair{2, 13.55}}) {
    constexpr int kObjects = 512;
    const Report report = timed(duplex(channels, kObjects));
    EXPECT_NEAR(gb_per_s(std::int64_t{8192} * kObjects * channels, report) / measured, 1, 0.025);
  }
}

TEST(Measured, FillsByTheNumberOfTasks) {
  // 78.7 MB on four channels in 52 tasks: 2.939 ms; in 772: 0.045 ms more. Both with a dispatch.
  // Here tasks are whole KB, so 78.8 and 79.1 MB.
  constexpr int kFew = 13 * 378880, kMany = 193 * 25600;
  const Report few = timed(reads(4, 1, kFew, 13));
  const Report many = timed(reads(4, 1, kMany, 193));
  EXPECT_NEAR(few.milliseconds() / 2.939, 1, 0.03);
  EXPECT_NEAR(many.milliseconds() - few.milliseconds() * kMany / kFew, 0.045, 0.015);
}

TEST(Measured, AStreamFromAMemoryTile) {
  // 262,144 words in 262,168 cycles, port to port.
  Builder b(npu1(1), "stream");
  const auto memory = b.memory(0);
  const auto core = b.core(0, 2);
  const auto from = b.buffer<i32>("from", memory, 65536);
  const auto to = b.buffer<i32>("to", core, 8192);
  const auto sends = b.chain({.name = "sends",
                              .tile = memory,
                              .direction = Direction::mm2s,
                              .bds = {{.buffer = from, .count = 65536}},
                              .cyclic = false,
                              .runs = 4});
  const auto receives = b.chain({.name = "receives",
                                 .tile = core,
                                 .direction = Direction::s2mm,
                                 .bds = {{.buffer = to, .count = 8192}},
                                 .cyclic = false,
                                 .runs = 32});
  b.flow("flow", sends, {receives});
  Options options;
  options.mode = Mode::timing;
  Trace trace;
  options.trace = &trace;
  const Report report = simulate(design::lower(design::check(b.design())), {}, options);
  Cycle first = 1000, last = 0;
  for (const Trace::Span& span : trace.spans) {
    if (span.what == "sends") first = std::min(first, span.begin);
    if (span.what == "receives") last = std::max(last, span.end);
  }
  // The receiver's 31 gaps of 3 cycles are among them; the measured one had a core at its end.
  EXPECT_NEAR(static_cast<double>(last - first), 262168, 110);
}

}  // namespace
}  // namespace sotto::npu::sim
