// A program for the array, as plain values: what stands where and what flows between. Nothing here
// is placed, numbered or addressed yet; check/check.h does that, or says why it cannot. build.h
// writes these structs for you.
//
// Sizes, offsets and strides count elements; depths and counts count objects. An object is what one
// acquire and release hand over.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "npu/design/cores.h"
#include "npu/design/streams.h"

namespace sotto::npu::design {

struct Tile {
  TileId id;
  Where where;
  std::optional<TileKind> drawn = {};  ///< as what: its row must agree
};

// --- the host and the sequence of a dispatch

struct HostBuffer {
  std::string name;
  Object object;
  Where where;
};

/// What one descriptor of a shim reads or writes of a host buffer.
struct Transfer {
  HostRef host;
  std::int64_t offset = 0;
  Layout layout;                ///< never empty
  std::int64_t run_stride = 0;  ///< each run of the task starts that much further …
  int run_wrap = 1;             ///< … and every so many runs at the beginning again
};

/// Host memory → stream (the shim is the producer) or stream → host memory.
struct Task {
  std::variant<EndRef, ChainRef> through;  ///< the end, or chain, in a shim tile
  std::vector<Transfer> transfers;
  int runs = 1;         ///< of all transfers, one after the other
  int burst_bytes = 0;  ///< 0: the longest
};
struct Wait {
  TaskRef task;
};
struct WriteParameter {
  BufferRef buffer;
  int index = 0;  ///< of the 32-bit word
  std::int32_t value = 0;
};
struct Step {
  std::variant<TaskRef, Wait, WriteParameter> action;
  Where where;
};

struct Design {
  std::string name;
  Device device;
  std::vector<Tile> tiles;
  std::vector<Fifo> fifos;
  std::vector<Link> links;
  std::vector<Buffer> buffers;
  std::vector<Lock> locks;
  std::vector<Chain> chains;
  std::vector<Flow> flows;
  std::vector<Kernel> kernels;
  std::vector<Core> cores;
  std::vector<HostBuffer> hosts;
  std::vector<Task> tasks;
  std::vector<Step> sequence;  ///< of one dispatch
  Where where;
};

}  // namespace sotto::npu::design
