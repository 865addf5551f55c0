// The kernels' products in tiles of more or fewer rows than they take, one table per instruction
// set: how kTileRows, kInt8Rows, kInt16Rows and kBf16Rows were chosen.
#pragma once

#include <cstdint>

#include "base/isa.h"

namespace sotto::bench {

/// What all tiles read and write: zeros, which take as long as other numbers.
struct TileMemory {
  static constexpr int kIn = 512, kOut = 512;
  static constexpr int kMostLanes = 32, kMostRows = 16;

  alignas(64) float x[kIn * kMostLanes];
  alignas(64) float weights[(kOut + kMostRows) * kIn];
  alignas(64) float scales[(kOut + kMostRows) * kIn / 64];
  alignas(64) float sums[kMostRows * kMostLanes];
};

/// A block of positions times kOut outputs, as far as these are whole tiles.
struct Tile {
  const char* numbers;
  int rows;
  std::int64_t products;
  void (*run)(TileMemory&) noexcept;
};

struct Tiles {
  Isa isa;
  const Tile* begin;
  const Tile* end;
};

extern const Tiles kPortableTiles, kAvx2Tiles, kAvxVnniTiles, kAvx512Tiles, kAvx512VnniTiles;
/// bfloat16 only.
extern const Tiles kAvx512Bf16Tiles;

}  // namespace sotto::bench
