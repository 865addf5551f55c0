// How many rows a tile of the encoder's products should have: one block of positions times the
// weights of 512 × 512, which lie in the second-level cache, on one thread.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <memory>
#include <string>

#include "base/error.h"
#include "blocking.h"

namespace {

using namespace sotto;

int register_tiles() {
  for (const bench::Tiles* tiles :
       {&bench::kPortableTiles, &bench::kAvx2Tiles, &bench::kAvxVnniTiles, &bench::kAvx512Tiles,
        &bench::kAvx512VnniTiles, &bench::kAvx512Bf16Tiles}) {
    if (std::ranges::count(available_isas(), tiles->isa) == 0) continue;
    for (const bench::Tile* tile = tiles->begin; tile != tiles->end; ++tile) {
      const std::string name = concat(name_of(tiles->isa), "/", tile->numbers, "/", tile->rows);
      benchmark::RegisterBenchmark(name.c_str(), [tile](benchmark::State& state) {
        const auto memory = std::make_unique<bench::TileMemory>();
        for (auto _ : state) tile->run(*memory);
        state.counters["GMAC/s"] =
            benchmark::Counter(static_cast<double>(tile->products) * 1e-9,
                               benchmark::Counter::kIsIterationInvariantRate);
      });
    }
  }
  return 0;
}

const int kRegistered = register_tiles();

}  // namespace
