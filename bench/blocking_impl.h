// The tiles of blocking.h, written once on the vectors and products of an instruction set
// (cpu/dot_<isa>.h, which comes before this file); everything here has internal linkage.
#pragma once

#include "blocking.h"
#include "cpu/int16_impl.h"
#include "cpu/int8_attention_impl.h"
#include "cpu/kernels_impl.h"

namespace sotto::bench {
namespace {

using namespace sotto::cpu;

constexpr int kIn = TileMemory::kIn;
static_assert(kBlock <= TileMemory::kMostLanes);

template <int R>
SOTTO_INLINE void store_sums(TileMemory& memory, const Vector (&sums)[R][2]) {
  SOTTO_UNROLL
  for (int r = 0; r < R; ++r) {
    store(memory.sums + r * kBlock, sums[r][0]);
    store(memory.sums + r * kBlock + kLanes, sums[r][1]);
  }
}

template <int R>
void float_tiles(TileMemory& memory) noexcept {
  for (int panel = 0; panel < TileMemory::kOut / R; ++panel) {
    Vector sums[R][2];
    multiply(sums, memory.weights + panel * R * kIn, 1, R, memory.x, kIn);
    store_sums(memory, sums);
  }
}

template <int R>
void int8_tiles(TileMemory& memory) noexcept {
  const auto* const x = reinterpret_cast<const std::uint8_t*>(memory.x);
  const auto* const weights = reinterpret_cast<const std::int8_t*>(memory.weights);
  const auto* const offsets = reinterpret_cast<const std::int32_t*>(memory.scales);
  for (int panel = 0; panel < TileMemory::kOut / R; ++panel) {
    Vector totals[R][2];
    set_zero(totals);
    for (int begin = 0; begin < kIn; begin += kGroup) {
      const int scales = (panel * (kIn / kGroup) + begin / kGroup) * R;
      add_group(totals,
                {.x = x + begin * kBlock,
                 .x_scales = memory.scales,
                 .weights = weights + (panel * kIn + begin) * R,
                 .scales = memory.scales + scales,
                 .offsets = offsets + scales},
                kGroup);
    }
    store_sums(memory, totals);
  }
}

template <int R>
void int16_tiles(TileMemory& memory) noexcept {
  const auto* const x = reinterpret_cast<const Word*>(memory.x);
  const auto* const weights = reinterpret_cast<const Word*>(memory.weights);
  for (int panel = 0; panel < TileMemory::kOut / R; ++panel) {
    alignas(Vector) float sums[R][kBlock] = {};
    for (int begin = 0; begin < kIn; begin += kWordGroup) {
      add_tap(sums, x + begin * kBlock, kBlock, memory.scales, weights + (panel * kIn + begin) * R,
              kWordGroup / 2);
    }
    __builtin_memcpy(memory.sums, sums, sizeof sums);
  }
}

template <int R>
constexpr std::int64_t kProducts = std::int64_t{TileMemory::kOut / R * R} * kIn * kBlock;

template <int... R>
struct TileList {
  static constexpr Tile kAll[] = {{"float32", R, kProducts<R>, float_tiles<R>}...,
                                  {"int16", R, kProducts<R>, int16_tiles<R>}...,
                                  {"int8", R, kProducts<R>, int8_tiles<R>}...};
  static constexpr Tiles kTiles = {kInt8Isa, std::begin(kAll), std::end(kAll)};
};

#if defined(__AVX512F__)
constexpr Tiles kTiles = TileList<4, 6, 8, 10, 12, 14>::kTiles;
#else
constexpr Tiles kTiles = TileList<2, 3, 4, 5, 6>::kTiles;
#endif

}  // namespace
}  // namespace sotto::bench
