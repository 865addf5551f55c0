#include "npu/sim/shipped_kernels.h"

#include <array>

#include "npu/kernels/blocks.h"
#include "npu/kernels/control.h"
#include "npu/kernels/kernels.h"

namespace sotto::npu::sim {
namespace {

/// The number that is argument `i`.
Cycle number(const CallArguments& call, std::size_t i) {
  return call.at(i).number;
}
/// Vectors of 32 elements, the last one perhaps in part.
Cycle vectors(Cycle elements) {
  return (elements + 31) / 32;
}

// --- two cycles for 16 words, and what is round them

Cost passthrough_cost(const CallArguments& call) {
  const Cycle words = number(call, 2);
  return {22 + words / 8, {words / 8, words / 8}};
}
Cost zero_sums_cost(const CallArguments&) {
  return {540, {512}};
}

// --- products: whole multiples of 64 bytes of k are one piece of code, what is left another. Those
// behind the first one take less: the call and its constants are there.

Cost gemm_bf16_cost_of(Cycle kb) {
  constexpr Cycle kShort[] = {0, 1118, 1695, 1919, 2207, 2464, 2720, 2976};
  constexpr Cycle kOnce = 2102, kAgain = 2085, kCall = 20;
  const Cycle whole = kb / 8, left = kb % 8;
  const Cycle cycles = (whole > 0 ? kOnce + (whole - 1) * kAgain : 0) + kShort[left] -
                       (whole > 0 && left > 0 ? kCall : 0);
  return {cycles, {1024 * (whole + (left > 0 ? 1 : 0)), 128 * kb, 256 * kb}};
}
Cost gemm_bf16_cost(const CallArguments& call) {
  return gemm_bf16_cost_of(number(call, 3));
}
/// An odd number of blocks costs what one more does: up to 10 % too many.
Cost gemm_int8_cost(const CallArguments& call) {
  constexpr Cycle kShort[] = {0, 1503, 1919, 2143, 2399, 2656, 2912, 3168, 3424};
  constexpr Cycle kOnce = 2106, kAgain = 2093, kCall = 20;
  const Cycle kb = number(call, 3), whole = kb / 16, left = kb % 16;
  const Cycle rest = left == 0 ? 0 : kShort[(left + 1) / 2] - (whole > 0 ? kCall : 0);
  const Cycle cycles = (whole > 0 ? kOnce + (whole - 1) * kAgain : 0) + rest;
  return {cycles, {1024 * (whole + (left > 0 ? 1 : 0)), 64 * kb, 128 * kb}};
}

// --- rows: loops over vectors, whose ramps are the constant

/// Four vectors take 14 % more: their pipeline is another.
Cost gelu_cost(const CallArguments& call) {
  const Cycle n = vectors(number(call, 2));
  return {105 + 12 * n, {2 * n, 4 * n}};
}
/// Code for few vectors is another: four take 3 % more than this.
Cost softmax_cost(const CallArguments& call) {
  const Cycle n = vectors(number(call, 2));
  return {359 + 30 * n, {6 * n, 4 * n}};
}
/// The same: rows of four vectors of 16 take 11 % more.
Cost layer_norm_cost(const CallArguments& call) {
  const Cycle rows = number(call, 4), width = number(call, 5), n = rows * width / 16;
  return {210 + 435 * rows + 24 * n, {n, 3 * n, n, n}};
}

// --- attention: tiles of 64 keys

constexpr Cycle kCall = 20;  // of a kernel by one that is none, whose own cycles are in control.h
Cycle zero_blocks_cycles(int blocks) {
  return 28 + 2 * blocks;
}

/// attention_largest and zero_blocks of 16.
Cost attention_reference_cost(const CallArguments&) {
  return {zero_blocks_cycles(kernels::kTileBlocks) + 4136 + kCall + kernels::kThroughReference,
          {32, 64, 1024, 2048}};
}
/// A copy of the row sums, attention_weights of the eights of keys that count and, where not all
/// do, zero_blocks. Raising references depends on the data and is not counted.
Cost attention_keys_cost(const CallArguments& call) {
  constexpr Cycle kOfAnEight = 8 * 47, kRound = 3171 - 8 * kOfAnEight;
  constexpr Cycle kSums = kernels::kTileBlocks * kernels::kSum;
  const Cycle valid = number(call, 6), eights = (valid + 7) / 8, n = 8 * eights + 2;
  const bool is_whole = valid == kernels::kTile;
  const Cycle cycles = kRound + kOfAnEight * eights + 22 + kSums / 8 +
                       (is_whole ? 0 : zero_blocks_cycles(kernels::kWeightsBlocks));
  const Cycle zeros = is_whole ? 0 : 2 * kernels::kWeightsBlocks;
  return {cycles + kCall + kernels::kThroughKeys,
          {0, 8 * n + kSums / 4, 4 * n, 4 * n + zeros, 32 * n, 32 * n}};
}
Cost attention_values_cost(const CallArguments&) {
  return {2094, {1024, 1024, 2048}};
}
Cost attention_finish_cost(const CallArguments&) {
  return {1043, {64, 128, 8}};
}

}  // namespace

std::span<const ShippedKernel> shipped_kernels() {
  static const std::array all = {
      ShippedKernel{"passthrough", host_function(passthrough), passthrough_cost},
      ShippedKernel{"zero_sums", host_function(zero_sums), zero_sums_cost},
      ShippedKernel{"gemm_bf16", host_function(gemm_bf16), gemm_bf16_cost},
      ShippedKernel{"gemm_int8", host_function(gemm_int8), gemm_int8_cost},
      ShippedKernel{"gelu_bf16", host_function(gelu_bf16), gelu_cost},
      ShippedKernel{"softmax_bf16", host_function(softmax_bf16), softmax_cost},
      ShippedKernel{"layer_norm_bf16", host_function(layer_norm_bf16), layer_norm_cost},
      ShippedKernel{"attention_reference", host_function(attention_reference),
                    attention_reference_cost},
      ShippedKernel{"attention_keys", host_function(attention_keys), attention_keys_cost},
      ShippedKernel{"attention_values", host_function(attention_values), attention_values_cost},
      ShippedKernel{"attention_finish", host_function(attention_finish), attention_finish_cost},
  };
  return all;
}

KernelLibrary shipped_kernel_library() {
  KernelLibrary library;
  for (const ShippedKernel& kernel : shipped_kernels()) {
    library.add(std::string(kernel.symbol), kernel.host, kernel.cost);
  }
  return library;
}

}  // namespace sotto::npu::sim
