// What holds and moves data: object FIFOs, and the buffers, locks, DMA chains and flows that they
// stand for and that a design may also name itself.
#pragma once

#include <algorithm>
#include <climits>
#include <optional>
#include <string>
#include <vector>

#include "npu/design/values.h"
#include "npu/device.h"

namespace sotto::npu::design {
// --- object FIFOs

/// Buffers, locks and a DMA channel of a FIFO in one tile. The end in a shim tile has only the
/// channel, and one in a memory tile shares the buffers of its Link.
struct FifoEnd {
  TileRef tile = {};
  int depth = 2;
  Layout layout = {};               ///< of the memory, in stream order
  std::optional<int> bank = {};     ///< the wished bank of its buffers
  std::optional<int> channel = {};  ///< the wished DMA channel
  /// Elements of a buffer in a core, where that is more than an object: for kernels that work on
  /// whole vectors or tiles. The layout says where in it an object lies (else: at its beginning),
  /// and the DMA leaves the rest alone.
  int room = 0;
};

struct Fifo {
  std::string name;
  Object object;  ///< as consumers receive it
  std::optional<FifoEnd> producer;
  std::vector<FifoEnd> consumers;  ///< several: all receive every object
  int repeat = 1;                  ///< a memory tile sends every object as many times
  std::vector<Pad> padding;        ///< by the producer, a memory tile whose layout has these dims
  bool shared = false;  ///< between cores that reach the producer's memory: no DMA, no stream
  Where where;
};

/// What a buffer of this end holds, and a kernel sees of it.
inline Object buffer_object(const Fifo& fifo, const FifoEnd& end) {
  return {fifo.object.element, std::max(fifo.object.count, end.room)};
}

/// Elements of an object in the producer's memory: without its padding.
inline int count_in_memory(const Fifo& fifo) {
  if (fifo.padding.empty() || !fifo.producer) return fifo.object.count;
  std::int64_t count = 1;
  for (const Dim& dim : fifo.producer->layout) count = product(count, dim.size);
  return static_cast<int>(std::clamp<std::int64_t>(count, 0, INT_MAX));
}

/// A memory tile passes objects on: n FIFOs that end there fill the pieces of one object (join),
/// the pieces of one object start n FIFOs (distribute), or one becomes one.
struct Link {
  struct Piece {
    FifoRef fifo;
    int offset = 0;
  };
  TileRef tile;
  Object object;  ///< the whole one
  std::vector<Piece> inputs, outputs;
  int depth = 2;
  std::optional<int> bank = {};  ///< the wished bank of the first buffer; the next is in the next
  Where where;
};

// --- memory, locks and DMA chains for who wants no FIFO

struct Buffer {
  std::string name;
  TileRef tile;
  Object object;
  std::optional<int> bank = {};
  std::vector<std::uint8_t> initial = {};  ///< loaded with the program; empty: unspecified
  bool parameters = false;  ///< written by the sequence (Task list), read by the core
  Where where;
};

struct Lock {
  std::string name;
  TileRef tile;
  int initial = 0;
  Where where;
};

/// A buffer descriptor: waits until `acquire` is large enough and subtracts, moves, then adds.
struct Bd {
  struct Use {
    LockRef lock = {};
    int value = 1;
  };
  BufferRef buffer = {};
  std::int64_t offset = 0;
  std::int64_t count = 0;  ///< elements in memory
  Layout layout = {};
  std::vector<Pad> padding = {};
  std::optional<Use> acquire = {}, release = {};  ///< both or none
  std::int64_t run_stride = 0;                    ///< each execution starts that much further …
  int run_wrap = 1;  ///< … and every so many executions at the beginning again
  Where where = {};
};

/// Descriptors of one channel in order; forever if cyclic. In a shim tile there are none: the
/// sequence gives the channel its tasks.
struct Chain {
  std::string name = {};
  TileRef tile = {};
  Direction direction = Direction::s2mm;
  std::vector<Bd> bds = {};
  bool cyclic = true;
  int runs = 1;  ///< of a chain that is not cyclic
  std::optional<int> channel = {};
  Where where = {};
};

/// A stream from one chain to others.
struct Flow {
  std::string name;
  ChainRef from;
  std::vector<ChainRef> to;
  Where where;
};

}  // namespace sotto::npu::design
