// What was published without its clock, or about which too little is known: simulated and printed,
// and never a reason to fail.
#include "npu/calibrate/row.h"
#include "npu/calibrate/s2.h"
#include "npu/calibrate/timing.h"
#include "npu/calibrate/transfers.h"

namespace sotto::npu::calibrate {
namespace {

constexpr int kMhz = 1027;  // what a Phoenix has in most of Linux's power modes

Row timed_row(Row row, std::function<double(const sim::Costs&, int)> at_clock) {
  row.gating = false;
  row.mhz = kMhz;
  row.at_clock = at_clock;
  row.simulate = [at_clock](const sim::Costs& costs) { return at_clock(costs, kMhz); };
  return row;
}

Product product(int m, int k, int n) {
  return {.numbers = Numbers::bf16_to_bf16,
          .m = m,
          .k = k,
          .n = n,
          .tile_m = 64,
          .tile_k = 64,
          .tile_n = 64};
}
/// Of 64^3: mm.cc by Peano, as in product_rows.cc; and by chess, 2,535 and 20 for the call.
constexpr ProductCost kPeano = {5422, 276}, kChess = {2555, 276};

Row product_row(std::string who, const char* source, int m, int k, int n, double ms,
                ProductCost cost, const char* note) {
  const Product p = product(m, k, n);
  return timed_row({.name = who + " " + std::to_string(m) + " x " + std::to_string(k) + " x " +
                            std::to_string(n),
                    .what = "product",
                    .source = source,
                    .unit = "ms",
                    .published = ms,
                    .note = note},
                   [=](const sim::Costs& costs, int mhz) {
                     return product_cycles(p, cost, costs, mhz) / (mhz * 1e3) +
                            static_cast<double>(costs.dispatch_call) * 1e-9;
                   });
}

/// A hundred products on one core took 152 ms.
Row one_core_row() {
  Product p = product(512, 512, 512);
  p.rows = p.columns = 1;
  return timed_row({.name = "iree, chess 512 x 512 x 512 on one core",
                    .what = "product",
                    .source = "S3c",
                    .unit = "ms",
                    .published = 1.52,
                    .note = "a Hawk Point; its tiles are not known"},
                   [=](const sim::Costs& costs, int mhz) {
                     return product_cycles(p, kChess, costs, mhz) / (mhz * 1e3);
                   });
}

void add_iron(std::vector<Row>& all) {
  constexpr struct {
    int m, k, n;
    double flm_us, iron_us;
  } kPoints[] = {{256, 512, 512, 218, 227},      {512, 512, 1024, 390, 466},
                 {512, 1024, 1024, 639, 798},    {1024, 1024, 1024, 1071, 1418},
                 {1024, 2048, 1024, 2134, 2738}, {512, 1536, 1536, 1498, 1699},
                 {1024, 2560, 2560, 6364, 8232}};
  for (const auto& p : kPoints) {
    all.push_back(product_row("flm.GEMM", "S1", p.m, p.k, p.n, p.flm_us * 1e-3, kChess,
                              "its tiles and kernel are not known: 64^3 as compiled by chess"));
  }
  for (const auto& p : kPoints) {
    all.push_back(product_row("iron.GEMM", "S1", p.m, p.k, p.n, p.iron_us * 1e-3, kPeano,
                              "64^3 as compiled by Peano"));
  }
}

/// Cycles of a shim's transfer of N words: per word, and what is left at none.
void add_shim_fits(std::vector<Row>& all) {
  const auto row = [](const char* what, double published, auto simulate) {
    return Row{.name = what,
               .what = what,
               .source = "shim fits",
               .unit = "cycles",
               .published = published,
               .gating = false,
               .mhz = kMhz,
               .note = "the 8700G's own measurement says 1.011",
               .simulate = simulate};
  };
  all.push_back(row("a word read by a shim", 1.05, [](const sim::Costs& costs) {
    const auto cycles = [&](int words) {
      return static_cast<double>(timed(reads(1, 1, words, 1), {}, costs, kMhz).cycles());
    };
    return (cycles(16384) - cycles(4096)) / 12288;
  }));
  all.push_back(row("a word written by a shim", 1.00, [](const sim::Costs& costs) {
    const auto cycles = [&](int words) {
      return static_cast<double>(timed(reads_and_writes(1, 1024, words), {}, costs, kMhz).cycles());
    };
    return (cycles(16384) - cycles(8192)) / 8192;
  }));
}

void add_predicted(std::vector<Row>& all) {
  const double published[] = {3.14, 6.76};
  int i = 0;
  for (const Prediction& p : predictions()) {
    all.push_back({.name = std::string("S2 ") + p.name,
                   .what = "product, predicted but not blindly, never fitted",
                   .source = "S2",
                   .unit = "TOP/s",
                   .published = published[i++],
                   .gating = false,
                   .mhz = kPredictedMhz,
                   .note = "its clock is second-hand, its tiles are not published",
                   .simulate = [&p](const sim::Costs& costs) {
                     const double cycles = product_cycles(p.product, p.cost, costs, kPredictedMhz);
                     return p.product.operations() / cycles * kPredictedMhz * 1e-6;
                   }});
  }
}

}  // namespace

std::vector<Row> unclocked_rows() {
  std::vector<Row> all;
  add_predicted(all);
  add_iron(all);
  all.push_back(product_row("iree, chess", "S3b", 2048, 4096, 2048, 18.15, kChess,
                            "17.7 to 18.6; its tiles are not known"));
  all.push_back({.name = "iree, generated code 2048 x 4096 x 2048",
                 .what = "product",
                 .source = "S3b",
                 .unit = "ms",
                 .published = 54,
                 .gating = false,
                 .note = "what its kernel takes is not known"});
  all.push_back(one_core_row());
  all.push_back(product_row("raw XRT", "WX", 512, 512, 512, 0.267, kPeano,
                            "a Hawk Point; its kernel is not known: 64^3 as compiled by Peano"));
  all.push_back({.name = "int4 2048 x 2048 x 2048",
                 .what = "product with weights of 4 bits",
                 .source = "notes_w4a8",
                 .unit = "GOP/s",
                 .published = 6143,
                 .gating = false,
                 .note = "6,091 to 6,195; what its kernel takes is not published"});
  all.push_back({.name = "softmax 4096 x 32",
                 .what = "on 4 x 4 cores",
                 .source = "S11",
                 .unit = "us",
                 .published = 217,
                 .gating = false,
                 .note = "what its kernel takes is not published"});
  all.push_back({.name = "S3",
                 .what = "bfloat16 product of 64^3 tiles, part of the peak",
                 .source = "S3",
                 .unit = "%",
                 .published = 50,
                 .gating = false,
                 .mhz = kMhz,
                 .note = "64^3 as compiled by Peano; the kernel alone is 38 %",
                 .simulate = [](const sim::Costs& costs) {
                   const Product p = product(2048, 2048, 2048);
                   const double macs = p.operations() / 2 / 16 / 128;
                   return 100 * macs / product_cycles(p, kPeano, costs, kMhz);
                 }});
  all.push_back({.name = "int16 512 x 512 x 512",
                 .what = "product on 4 x 4 cores",
                 .source = "S13",
                 .unit = "ms",
                 .published = 1.01,
                 .gating = false,
                 .note = "what its kernel takes is not known"});
  add_shim_fits(all);
  all.push_back(
      timed_row({.name = "empty dispatch",
                 .what = "a call with next to nothing in it",
                 .source = "S9",
                 .unit = "us",
                 .published = 45,
                 .note = "another driver: between a list's 36 and a call's 108"},
                [](const sim::Costs& costs, int mhz) {
                  return static_cast<double>(costs.dispatch_call) * 1e-6 +
                         static_cast<double>(timed(operations(1), {}, costs, mhz).cycles()) / mhz;
                }));
  return all;
}

}  // namespace sotto::npu::calibrate
