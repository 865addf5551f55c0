// The tiles of blocking.h for portable.
#include <iterator>

#include "base/isa.h"
// The vectors and their products come before the algorithms that use them.
#include "cpu/dot_portable.h"

#include "blocking_impl.h"

namespace sotto::bench {

constinit const Tiles kPortableTiles = kTiles;

}  // namespace sotto::bench
