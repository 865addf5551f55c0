// The encoder's own program on one core: fed through shims, waiting in a coroutine, its results
// those of the kernels called one after the other, its time the sum of their costs.
#include "npu/sim/encoder_core.h"

#include <cstring>

#include "npu/design/examples/encoder_network.h"
#include "npu/kernels/kernels.h"
#include "npu/kernels/phase.h"
#include "npu/sim/sim_testing.h"

namespace sotto::npu::sim {
namespace {

using namespace testing;
using namespace kernels;
using design::Builder;
using design::In;
using design::LockId;
using design::Number;
using design::Out;

constexpr auto bf16 = design::Element::bf16;
constexpr int kCount = kTile * kTile, kSlices = 3;

design::Design network() {
  Builder b(npu1(1), "one core of the encoder");
  const auto shim = b.shim(0);
  const auto core = b.core(0, 2);
  const auto a = b.fifo<bf16>("a", kCount, {{shim}}, {{.tile = core, .bank = 1}});
  const auto w = b.fifo<bf16>("w", kCount, {{shim}}, {{.tile = core, .bank = 2}});
  const auto out = b.fifo<bf16>("out", kStrip, {{.tile = core, .bank = 0}}, {{shim}});
  const auto sums = b.buffer<design::Element::f32>("sums", core, kCount, {.bank = 3});
  const auto work =
      b.buffer<design::Element::u8>("workspace", core, sizeof(CoreWorkspace), {.bank = 0});
  const auto program = b.kernel<In<bf16>, In<bf16>, In<bf16>, In<bf16>, Out<design::Element::f32>,
                                Out<bf16>, Out<bf16>, Out<design::Element::u8>, LockId, LockId,
                                LockId, LockId, LockId, LockId, Number, Number, Number, Number>(
      "encoder_core", {.program_bytes = design::kEncoderCoreBytes, .stack_bytes = kStackBytes},
      {kCount, kCount, kCount, kCount, kCount, kStrip, kStrip});
  const auto in_a = a.consumer(), in_w = w.consumer();
  const auto o = out.producer();
  b.program_with_locks(core,
                       program(in_a.buffer(0), in_a.buffer(1), in_w.buffer(0), in_w.buffer(1), sums,
                               o.buffer(0), o.buffer(1), work, in_a.empty(), in_a.full(),
                               in_w.empty(), in_w.full(), o.empty(), o.full(), 0, 0, 1, 1),
                       {{in_a, kSlices}, {in_w, 1 + kSlices}, {o, kStrips}}, kStackBytes);
  const auto host_a = b.host<bf16>("x", kSlices * kCount);
  const auto host_w = b.host<bf16>("w", (1 + kSlices) * kCount);
  const auto host_out = b.host<bf16>("y", kCount);
  const auto drained = b.drain(out, host_out);
  const auto first = b.fill(a, host_a), second = b.fill(w, host_w);
  b.wait(drained);
  b.wait(first);
  b.wait(second);
  return b.design();
}

struct Data {
  std::vector<bfloat16> x, w, y;
  Phase phase{};

  Data() : x(kSlices * kCount), w((1 + kSlices) * kCount), y(kCount) {
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = bfloat16(static_cast<float>(i % 11) / 16);
    for (std::size_t i = 0; i < w.size(); ++i)
      w[i] = bfloat16(static_cast<float>(i % 7) / 8 - 0.25f);
    phase.header = {.magic = kPhaseMagic,
                    .kind = PhaseKind::product,
                    .passes = 1,
                    .tiles = 1,
                    .slices = kSlices,
                    .epilogue = Epilogue::gelu,
                    .planes = 0,
                    .first_row = 0,
                    .end_row = 50,
                    .keys = 0,
                    .low_slices = 0,
                    .parts = 0,
                    .inverse_width = 0,
                    .unused = {}};
    for (int i = 0; i < kStepBlock; ++i) phase.columns[i] = bfloat16(static_cast<float>(i % 5));
    std::memcpy(static_cast<void*>(w.data()), &phase, sizeof(phase));
  }
  std::vector<bfloat16> expected() const {
    struct alignas(32) {
      bfloat16 a[kCount], w[kCount], out[kCount];
      float c[kCount];
    } static core;
    bias_sums(core.c, phase.columns);
    for (int slice = 0; slice < kSlices; ++slice) {
      std::copy_n(x.data() + slice * kCount, kCount, core.a);
      std::copy_n(w.data() + (1 + slice) * kCount, kCount, core.w);
      gemm_bf16_tile(core.c, core.a, core.w);
    }
    gelu_sums(core.c);
    clear_sums(core.c, 0, 50);
    for (int strip = 0; strip < kStrips; ++strip) {
      round_strip_a(core.out + strip * kStrip, core.c + strip * kStripSums);
    }
    return {core.out, core.out + kCount};
  }
};

KernelLibrary library() {
  KernelLibrary result;
  add_encoder_core(result);
  result.add("passthrough", {}, Cycle{1100});
  result.add("zero_blocks", {}, Cycle{90});
  result.add("bias_sums", {}, Cycle{520});
  result.add("gemm_bf16_tile", {}, Cycle{5427});
  result.add("gelu_sums", {}, Cycle{1700});
  result.add("clear_sums", {}, Cycle{1500});
  result.add("round_strip_a", {}, Cycle{200});
  return result;
}

TEST(EncoderCore, ComputesAProductOnASimulatedCore) {
  const auto program = design::lower(design::check(network()));
  const Data expected;
  for (const EngineKind engine : {EngineKind::fast, EngineKind::reference}) {
    Data data;
    Options options;
    options.engine = engine;
    options.dispatches = 2;
    options.hosts = {std::as_writable_bytes(std::span(data.x)),
                     std::as_writable_bytes(std::span(data.w)),
                     std::as_writable_bytes(std::span(data.y))};
    const Report report = simulate(program, library(), options);
    ASSERT_TRUE(report.finished() && report.findings.empty()) << to_string(report);
    const std::vector<bfloat16> wanted = expected.expected();
    EXPECT_EQ(std::memcmp(data.y.data(), wanted.data(), sizeof(bfloat16) * kCount), 0);
    // Twice: header 1100, statistics 90, bias 520, products 3 x 5427, GELU 1700, zeros 1500,
    // results 4 x 200.
    EXPECT_EQ(report.cores[0].kernels, 2 * (1100 + 90 + 520 + 3 * 5427 + 1700 + 1500 + 4 * 200));
  }
}

TEST(EncoderCore, NamesAKernelWithoutACost) {
  const auto program = design::lower(design::check(network()));
  KernelLibrary bare;
  add_encoder_core(bare);
  Data data;
  Options options;
  options.hosts = {std::as_writable_bytes(std::span(data.x)),
                   std::as_writable_bytes(std::span(data.w)),
                   std::as_writable_bytes(std::span(data.y))};
  EXPECT_THROW(simulate(program, bare, options), Error);
}

}  // namespace
}  // namespace sotto::npu::sim
