// Where everything of a design has come to stand: addresses, numbers, channels, routes. Checks fill
// it in; lower() turns it into registers and adds nothing.
#pragma once

#include "npu/design/check/pattern.h"
#include "npu/design/network.h"
#include "npu/stream_switch.h"

namespace sotto::npu::design {

struct PlacedChain {
  int channel = -1;
  std::vector<int> descriptors;   ///< of its Bds
  std::vector<Pattern> patterns;  ///< of its Bds
};

/// In the switch box of `tile`.
struct Connection {
  TileId tile;
  Port input, output;
  int flow = 0;  ///< of the network
  friend bool operator==(const Connection&, const Connection&) = default;
};

struct PlacedTask {
  ChainRef chain;                 ///< the shim's channel
  std::vector<int> descriptors;   ///< of its transfers
  std::vector<Pattern> patterns;  ///< of its transfers; offsets from the host buffer's start
  std::int64_t run_words = 0;     ///< through the stream in one run
  bool token = false;             ///< someone waits for it
};

struct Plan {
  Network network;
  std::vector<std::int64_t> addresses;  ///< of network.buffers, in their tile
  std::vector<int> locks;               ///< of network.locks, in their tile
  std::vector<PlacedChain> chains;      ///< of network.chains
  std::vector<Connection> connections;
  std::vector<PlacedTask> tasks;     ///< of Design::tasks
  std::vector<std::int64_t> rounds;  ///< of Design::cores: times that the body runs in a dispatch
  std::vector<std::int64_t> program_bytes;  ///< of Design::cores, with start-up and loop
};

/// What one check reads and writes.
struct Checking {
  const Design& design;
  Plan& plan;
  Findings& findings;

  const Tile& at(TileRef ref) const { return get(design.tiles, ref.index); }
  const Fifo& at(FifoRef ref) const { return get(design.fifos, ref.index); }
  const Kernel& at(KernelRef ref) const { return get(design.kernels, ref.index); }
  const HostBuffer& at(HostRef ref) const { return get(design.hosts, ref.index); }
  const Task& at(TaskRef ref) const { return get(design.tasks, ref.index); }
  const Buffer& at(BufferRef ref) const { return get(plan.network.buffers, ref.index); }
  const Lock& at(LockRef ref) const { return get(plan.network.locks, ref.index); }
  const Chain& at(ChainRef ref) const { return get(plan.network.chains, ref.index); }
  TileKind kind(TileRef ref) const { return kind_of(at(ref).id); }
  const FifoEnd& end(EndRef ref) const {
    const Fifo& fifo = at(ref.fifo);
    return ref.side == kProducer ? *fifo.producer : get(fifo.consumers, ref.side);
  }

  template <typename T>
  static const T& get(const std::vector<T>& list, int index) {
    return list[static_cast<std::size_t>(index)];
  }
};

/// "core (0,2)", "fifo 'a'", "fifo 'a' at core (0,2)".
std::string to_string(TileId tile);
std::string describe(const Design& design, EndRef end);

}  // namespace sotto::npu::design
