// What things cost, cycle by cycle: every expectation is a sum of costs.h.
#include "npu/sim/recorder.h"
#include "npu/sim/sim_testing.h"

namespace sotto::npu::sim {
namespace {

using namespace testing;
using design::Bd;
using design::Builder;
using design::Element;

class Cycles : public ::testing::TestWithParam<EngineKind> {
 protected:
  /// Runs it, with data, at 1 GHz: a nanosecond a cycle.
  Report run(const design::Design& design, const KernelLibrary& library = {}) {
    const auto program = design::lower(design::check(design));
    Hosts hosts(program);
    Options options = quick(GetParam());
    options.mhz = 1000;
    options.hosts = hosts.spans();
    options.trace = &trace_;
    return report_ = simulate(program, library, options);
  }
  /// The n-th span of a track; of channels those in tiles of this row.
  Trace::Span span(Trace::Span::Track track, const std::string& what, int row, std::size_t n) {
    std::vector<Trace::Span> found;
    for (const Trace::Span& span : trace_.spans) {
      if (span.track != track || span.what != what) continue;
      if (row < 0 || report_.channels[static_cast<std::size_t>(span.index)].tile.row == row) {
        found.push_back(span);
      }
    }
    std::sort(found.begin(), found.end(),
              [](const auto& a, const auto& b) { return a.begin < b.begin; });
    if (n < found.size()) return found[n];
    ADD_FAILURE() << what << " " << n << " of " << found.size();
    return {};
  }
  Trace::Span channel(const std::string& name, int row, std::size_t n = 0) {
    return span(Trace::Span::Track::channel, name, row, n);
  }
  Report report_;
  Trace trace_;
};

/// 64 words of a memory tile to a core, in descriptors of `words`, before any dispatch.
design::Design memory_to_core(int words, int to_row) {
  Builder b(npu1(1), "memory to core");
  const auto memory = b.memory(0);
  const auto core = b.core(0, to_row);
  const auto from = b.buffer<Element::i32>("from", memory, 64);
  const auto to = b.buffer<Element::i32>("to", core, 64);
  std::vector<Bd> bds;
  for (int i = 0; i < 64; i += words) bds.push_back({.buffer = from, .offset = i, .count = words});
  const auto sends = b.chain(
      {.name = "sends", .tile = memory, .direction = Direction::mm2s, .bds = bds, .cyclic = false});
  const auto receives = b.chain({.name = "receives",
                                 .tile = core,
                                 .direction = Direction::s2mm,
                                 .bds = {{.buffer = to, .count = 64}},
                                 .cyclic = false});
  b.flow("flow", sends, {receives});
  return b.design();
}

TEST_P(Cycles, MemoryTileToCore) {
  run(memory_to_core(64, 2));
  // Task 2 + descriptor 4 + lock 1.
  EXPECT_EQ(channel("sends", 1).begin, 7);
  EXPECT_EQ(channel("receives", 2).begin, 7);
  // The last of 64 words: 7 + 64.
  EXPECT_EQ(channel("sends", 1).end, 71);
  // First word: 7 + memory 5 + two switch boxes 4 + 3 = 19; then 64: 83.
  EXPECT_EQ(channel("receives", 2).end, 83);
}

TEST_P(Cycles, TwoMoreSwitchBoxesOnTheWay) {
  run(memory_to_core(64, 4));
  // 7 + 5 + 4 + 4 + 4 + 3 + 64 = 91.
  EXPECT_EQ(channel("receives", 4).end, 91);
}

TEST_P(Cycles, AChainOfDescriptors) {
  run(memory_to_core(16, 2));
  // 7, and from the end of a descriptor to the next one 2 + lock 1: 16 + 3 words on.
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(channel("sends", 1, i).begin, 7 + 19 * static_cast<Cycle>(i));
    EXPECT_EQ(channel("sends", 1, i).end, 7 + 19 * static_cast<Cycle>(i) + 16);
  }
  // 7 + 4 x 16 + 3 x 3 + 5 + 7 = 92.
  EXPECT_EQ(channel("receives", 2).end, 92);
}

TEST_P(Cycles, FromTheLastWordToTheKernel) {
  design::testing::Chain1 d({.count = 64, .objects = 1});
  KernelLibrary library;
  library.add("copy", host_function(+[](std::int32_t* out, const std::int32_t* in) { *out = *in; }),
              Cycle{200});
  run(d.design(), library);
  const Cycle received = channel("in", 2).end;
  const Trace::Span call = span(Trace::Span::Track::core, "copy", -1, 0);
  // Written 5 + lock given 1 + lock taken 15 (input) + 15 (output).
  EXPECT_EQ(call.begin, received + 36);
  EXPECT_EQ(call.end, call.begin + 200);
  // Input given 15, ring 70, output given 15; then the channel takes it at once, and begins 1 on.
  EXPECT_EQ(channel("out", 2).end - 64, call.end + 15 + 70 + 15 + 1);
}

TEST_P(Cycles, ControllerAndHostMemory) {
  design::testing::Chain1 d({.count = 64, .objects = 1});
  KernelLibrary library;
  library.add("copy", host_function(+[](std::int32_t* out, const std::int32_t* in) { *out = *in; }),
              Cycle{200});
  const Report report = run(d.design(), library);
  const Cycle start = report.dispatches[0].begin;
  const Trace::Span reads = channel("in", 0);
  // A task: descriptor 10, address 10, token 10, push 10 + 10. Then 2 + 4 + 1.
  EXPECT_EQ(reads.begin, start + 50 + 7);
  // The only request of 256 bytes: latency 250 + cold 1294 + 0.138 x 256 + page 12.5 = 1591.828:
  // its words from cycle 1592 on, 64 of them.
  EXPECT_EQ(reads.end, reads.begin + 1592 + 64);
  // Its result: a request takes 47.828 once its last word is there, the token 174 more: 221.828.
  const Cycle last = channel("out", 0).end;
  // The fill's token came before, its sync takes 10 as the first one did.
  EXPECT_EQ(report.dispatches[0].end, last + 222 + 10);
}

TEST_P(Cycles, AKernelStandsForTheDmaOfItsBank) {
  Builder b(npu1(1), "banks");
  const auto shim = b.shim(0);
  const auto core = b.core(0, 2);
  const auto in = b.fifo<Element::i32>("in", 256, {{shim}}, {{.tile = core, .bank = 1}});
  const auto out = b.fifo<Element::i32>("out", 256, {{.tile = core, .bank = 2}}, {{shim}});
  const auto copy =
      b.kernel<design::Out<Element::i32>, design::In<Element::i32>>("copy", {.program_bytes = 512});
  b.program(core, {acquire(in.consumer()), acquire(out.producer()),
                   call(copy(out.producer(), in.consumer())), release(in.consumer()),
                   release(out.producer())});
  const auto input = b.host<Element::i32>("input", 512);
  const auto output = b.host<Element::i32>("output", 512);
  const auto filled = b.fill(in, input), drained = b.drain(out, output);
  b.wait(drained);
  b.wait(filled);
  KernelLibrary library;
  library.add("copy",
              host_function(+[](std::int32_t* to, const std::int32_t* from) { *to = *from; }),
              [](const CallArguments&) {
                return Cost{400, {0, 400}};
              });
  const Report report = run(b.design(), library);
  // While the first call runs, the second object arrives: its first word 3 cycles after the first
  // one's last (chain 2 + lock 1), the call begins 5 + 1 + 15 + 15 = 36 after it. 33 words have
  // passed by then, the 36th begins the next line: lines 9 to 63, 55 of them. 3 are hidden.
  EXPECT_EQ(report.cores[0].bank_stalls, 55 - 3);
  EXPECT_EQ(report.cores[0].kernels, 800);
}

INSTANTIATE_TEST_SUITE_P(Engines, Cycles,
                         ::testing::Values(EngineKind::reference, EngineKind::fast));

}  // namespace
}  // namespace sotto::npu::sim
