// Fused attention of four heads: a column of cores each, 64 queries of the head on each core. No
// score leaves a core.
//
//   core (h,2) … (h,5)     four tiles of queries; keys and values go by, and all four take them
//     ▲ ▲   │
//     │ │   ▼              queries are dealt out, keys and values broadcast, results joined
//   memory (h,1)
//   shim   (h,0)
//
// Tiles of 64 x 64 bfloat16 lie as kernels want them (npu/kernels/blocks.h: A for queries and
// results, K for keys, V for values), so every transfer is one run of memory. That is how the
// kernels of the layer before leave them; a DMA, which moves words, cannot turn rows into K.
#pragma once

#include "npu/design/design.h"

namespace sotto::npu::design {

struct AttentionShape {
  int queries = 1500, keys = 1500;  ///< of Whisper's encoder
  int query_tiles() const { return (queries + 63) / 64; }
  int key_tiles() const { return (keys + 63) / 64; }
  /// Tiles come in fours, one for each core of the column.
  int passes() const { return (query_tiles() + 3) / 4; }
};

/// Host buffers, each head after the other: "queries" (4 passes() tiles), "keys_values"
/// (key_tiles() times a tile of keys, then its values), "results" (as queries). What tiles hold
/// beyond the last query or key must be finite.
Design attention(AttentionShape shape = {});

}  // namespace sotto::npu::design
