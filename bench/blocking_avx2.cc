// The tiles of blocking.h for avx2.
#include <iterator>

#include "base/isa.h"
// The vectors and their products come before the algorithms that use them.
#include "cpu/dot_avx2.h"

#include "blocking_impl.h"

namespace sotto::bench {

constinit const Tiles kAvx2Tiles = kTiles;

}  // namespace sotto::bench
