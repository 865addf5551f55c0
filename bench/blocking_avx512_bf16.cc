// The tiles of blocking.h for avx512_bf16.
#include <iterator>

#include "base/isa.h"
// The vectors and their products come before the algorithms that use them.
#include "cpu/dot_avx512_vnni.h"

#include "cpu/dot_avx512_bf16.h"

#include "blocking_impl.h"
#include "cpu/bf16_products_impl.h"

namespace sotto::bench {
namespace {

template <int R>
void bf16_tiles(TileMemory& memory) noexcept {
  const auto* const x = reinterpret_cast<const Bf16*>(memory.x);
  const auto* const weights = reinterpret_cast<const Bf16*>(memory.weights);
  for (int panel = 0; panel < TileMemory::kOut / R; ++panel) {
    Vector sums[R][2];
    SOTTO_UNROLL
    for (int r = 0; r < R; ++r) sums[r][0] = sums[r][1] = broadcast(0.0f);
    multiply_pairs(sums, x, weights + panel * R * kIn, 2, 2 * R, kIn / 2);
    store_sums(memory, sums);
  }
}

template <int... R>
constexpr Tile kBf16Tiles[] = {{"bfloat16", R, kProducts<R>, bf16_tiles<R>}...};

constexpr const auto& kAll = kBf16Tiles<4, 6, 8, 10, 12, 14>;

}  // namespace

constinit const Tiles kAvx512Bf16Tiles = {Isa::avx512_bf16, std::begin(kAll), std::end(kAll)};

}  // namespace sotto::bench
