#include "npu/calibrate/s2.h"

namespace sotto::npu::calibrate {
namespace {

constexpr int kBlock = 30, kCall = 20;

constexpr Product product(Numbers numbers, int tile_m, int tile_k, int tile_n, int m, int k, int n,
                          int run_k) {
  return {.numbers = numbers,
          .m = m,
          .k = k,
          .n = n,
          .tile_m = tile_m,
          .tile_k = tile_k,
          .tile_n = tile_n,
          .c_buffers = 1,
          .joined_buffers = 1,
          .b_by_columns = true,
          .run_k = run_k};
}
constexpr ProductCost cost(const Product& p, int macs, int bytes) {
  const int blocks = p.tile_m / 16 * (p.tile_n / 16);
  return {p.tile_m * p.tile_k * p.tile_n / macs + kBlock * blocks + kCall,
          p.tile_m * p.tile_n * bytes / 32 + kCall};
}

}  // namespace

std::span<const Prediction> predictions() {
  static constexpr Product kBf16 =
      product(Numbers::bf16_to_bf16, 64, 104, 64, 4096, 4160, 4096, 416);
  static constexpr Product kInt8 =
      product(Numbers::int8_to_int8, 80, 192, 64, 4160, 3840, 4096, 384);
  static const Prediction all[] = {{"bfloat16", kBf16, cost(kBf16, 128, 2), 3.327},
                                   {"int8", kInt8, cost(kInt8, 256, 1), 6.623}};
  return all;
}

}  // namespace sotto::npu::calibrate
