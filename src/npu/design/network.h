// A design without its shorthand: every FIFO and link as the buffers, locks, chains and flows that
// it stands for. Nothing is placed yet.
//
// A FIFO end in a core tile is a ring: `depth` buffers, a lock that counts the empty ones and a
// lock that counts the full ones, and a chain of one descriptor per buffer. In a memory tile each
// piece of a link's object has its own pair of locks, so that a fast input cannot run ahead of a
// slow one.
#pragma once

#include <map>

#include "npu/design/design.h"

namespace sotto::npu::design {

/// The buffers of a FIFO end that a core uses.
struct Ring {
  std::vector<BufferRef> buffers;
  LockRef empty, full;
};

struct Network {
  std::vector<Buffer> buffers;  ///< the design's own first, with the same index; so the others
  std::vector<Lock> locks;
  std::vector<Chain> chains;
  std::vector<Flow> flows;
  std::map<EndRef, Ring> rings;           ///< of ends in core tiles
  std::map<EndRef, ChainRef> end_chains;  ///< of ends that have a DMA channel
};

/// Ends and links that are not valid (check/structure.h reports them) are left out.
Network expand(const Design& design);

}  // namespace sotto::npu::design
