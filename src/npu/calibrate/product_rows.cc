// Whole-array products of mlir-aie's whole_array, at 1.8 GHz.
#include "npu/calibrate/row.h"
#include "npu/calibrate/timing.h"

namespace sotto::npu::calibrate {
namespace {

constexpr int kMhz = 1800;

/// One call of mm.cc compiled by Peano, from its own measurements on one core without DMA ([SI]:
/// eight of them within 0.7 %), 20 cycles for the call included.
std::int64_t multiply_cycles(const Product& p) {
  const std::int64_t blocks = std::int64_t{p.tile_m / 16} * (p.tile_n / 16), steps = p.tile_k / 8;
  const bool bf16 = p.numbers == Numbers::bf16_to_f32 || p.numbers == Numbers::bf16_to_bf16;
  return bf16 ? 20 + 74 + blocks * (69 + 33 * steps) : 20 + 37 + blocks * (79 + 10 * steps);
}
ProductCost mm_cc(const Product& p) {
  const int bytes = p.numbers == Numbers::bf16_to_bf16 ? 2 : 4;
  return {multiply_cycles(p), 20 + p.tile_m * p.tile_n * bytes / 32};
}

double milliseconds(const Product& p, const sim::Costs& costs, sim::Picoseconds dispatch) {
  return product_cycles(p, mm_cc(p), costs, kMhz) / (kMhz * 1e3) +
         static_cast<double>(dispatch) * 1e-9;
}

struct Size {
  int m, k, n;
};
struct Tile {
  int m, k, n;
};
std::string text(int a, int b, int c) {
  return std::to_string(a) + " x " + std::to_string(b) + " x " + std::to_string(c);
}

Product product(Numbers numbers, Size size, Tile tile) {
  return {.numbers = numbers,
          .m = size.m,
          .k = size.k,
          .n = size.n,
          .tile_m = tile.m,
          .tile_k = tile.k,
          .tile_n = tile.n};
}

std::string name_of(const Product& p) {
  constexpr const char* kNames[] = {"bf16", "bf16 to bf16", "int8", "int8 to int8"};
  return std::string(kNames[static_cast<int>(p.numbers)]) + " " + text(p.m, p.k, p.n) + " by " +
         text(p.tile_m, p.tile_k, p.tile_n);
}

/// In billions of operations a second, with the dispatch that a compiled IRON program takes.
Row rate(Numbers numbers, Size size, Tile tile, double published, const char* note = "") {
  const Product p = product(numbers, size, tile);
  return {.name = name_of(p),
          .what = "product",
          .source = "whole_array",
          .unit = "GOP/s",
          .published = published,
          .note = note,
          .simulate = [=](const sim::Costs& costs) {
            return p.operations() / milliseconds(p, costs, costs.dispatch_jit) * 1e-6;
          }};
}
/// In ms, in a later sitting.
Row time(Numbers numbers, Size size, Tile tile, double published, const char* note = "") {
  const Product p = product(numbers, size, tile);
  return {.name = name_of(p) + ", later",
          .what = "product",
          .source = "llm_prefill",
          .unit = "ms",
          .published = published,
          .note = note,
          .simulate = [=](const sim::Costs& costs) {
            return milliseconds(p, costs, costs.dispatch_jit);
          }};
}

Row unsized(Row row) {
  row.gating = false;
  row.note = "its size is not published; this one is a guess";
  return row;
}

}  // namespace

std::vector<Row> product_rows() {
  using enum Numbers;
  return {
      rate(bf16_to_f32, {2048, 2048, 2048}, {64, 64, 64}, 2490),
      rate(bf16_to_f32, {2048, 4096, 4096}, {64, 64, 64}, 2641),
      rate(bf16_to_f32, {2048, 4096, 4096}, {32, 64, 128}, 2700),
      rate(bf16_to_f32, {2048, 2048, 2048}, {64, 64, 32}, 1776),
      rate(bf16_to_f32, {2048, 4096, 4096}, {64, 64, 32}, 1801),
      rate(bf16_to_bf16, {1024, 1024, 1024}, {64, 64, 32}, 2073),
      rate(bf16_to_bf16, {512, 512, 512}, {64, 64, 32}, 895),
      rate(int8_to_int32, {2048, 2048, 2048}, {64, 64, 64}, 4527),
      rate(int8_to_int32, {2048, 2048, 2048}, {64, 64, 32}, 2387),
      time(bf16_to_f32, {512, 4096, 4096}, {32, 64, 128}, 6.55),
      time(bf16_to_f32, {2048, 4096, 4096}, {32, 64, 128}, 25.54),
      time(bf16_to_f32, {512, 4096, 4096}, {64, 64, 64}, 6.83),
      time(bf16_to_f32, {2048, 4096, 4096}, {64, 64, 64}, 26.31),
      time(bf16_to_f32, {2048, 4096, 11008}, {16, 64, 64}, 189.9),
      time(bf16_to_f32, {2048, 11008, 4096}, {32, 64, 128}, 66.5),
      time(bf16_to_f32, {2048, 11008, 4096}, {64, 64, 32}, 102.7),
      time(int8_to_int32, {2048, 4096, 4096}, {64, 128, 64}, 17.8),
      time(int8_to_int32, {2048, 4096, 4096}, {64, 64, 64}, 22.0,
           "rows of 64 bytes, each in a page of its own, on eight channels: 128-byte rows are not "
           "so slow"),
      unsized(rate(int8_to_int32, {2048, 2048, 2048}, {64, 128, 64}, 4948)),
      {.name = "bf16 512 x 512 x 512 on one core",
       .what = "product",
       .source = "whole_array",
       .unit = "GOP/s",
       .published = 116.6,
       .gating = false,
       .note = "its tile is not published"},
  };
}

}  // namespace sotto::npu::calibrate
