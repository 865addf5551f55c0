// The tiles of blocking.h for avx_vnni.
#include <iterator>

#include "base/isa.h"
// The vectors and their products come before the algorithms that use them.
#include "cpu/dot_avx_vnni.h"

#include "blocking_impl.h"

namespace sotto::bench {

constinit const Tiles kAvxVnniTiles = kTiles;

}  // namespace sotto::bench
