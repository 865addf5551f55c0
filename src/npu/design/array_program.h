// What the array is loaded with: a checked design as addresses, numbers and registers. Simulator
// and emitter read this and nothing else. Plain data: everything that a dispatch does follows from
// it.
//
// Lines (`where`) are those of the design and only for messages.
//
// Before the first dispatch: buffers with initial bytes are written, locks get their values,
// descriptors their registers, each channel of `starts` one push into its queue, the switch boxes
// their connections, and every core starts its program. Then each dispatch runs the instructions.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "npu/design/content_hash.h"
#include "npu/design/instructions.h"
#include "npu/design/registers.h"
#include "npu/stream_switch.h"

namespace sotto::npu::design {

struct ProgramBuffer {
  std::string name;
  TileId tile;
  std::uint32_t address = 0;  ///< bytes, in the tile's own memory
  std::uint32_t bytes = 0;
  std::vector<std::uint8_t> initial;  ///< may be shorter: the rest is unspecified
};
struct ProgramLock {
  std::string name;
  TileId tile;
  int id = 0;
  int initial = 0;
  Where where = {};
};
struct ProgramDescriptor {
  TileId tile;
  int id = 0;
  DescriptorFields fields;
};
/// A channel that runs without the sequence: its queue entry.
struct ProgramStart {
  std::string name;
  TileId tile;
  Direction direction = Direction::s2mm;
  int channel = 0;
  QueueEntry entry;
  Where where = {};
};
/// In the switch box of `tile`: circuit switched.
struct ProgramConnection {
  std::string stream;
  TileId tile;
  Port input, output;
  Where where = {};
};
/// Between a shim's DMA channel and its switch box.
struct ProgramShimMux {
  std::string name;
  TileId tile;
  Direction direction = Direction::s2mm;
  int channel = 0;
  Port port;
  Where where = {};
};

// --- what a core does. Addresses and lock numbers are as the core sees them.

struct LockAcquire {
  int lock = 0;
  int value = 0;  ///< waits for at least this and subtracts it
};
struct LockRelease {
  int lock = 0;
  int value = 0;
};
/// Of a ring, the buffer after `steps` more is the next one.
struct RingTurn {
  int ring = 0;
  int steps = 0;
};
struct LoopBegin {
  int times = 0;
};
/// Goes back to the operation after `begin` until that loop has run.
struct LoopEnd {
  int begin = 0;
};
struct Immediate {
  std::int32_t value = 0;
};
struct Address {
  std::uint32_t address = 0;
};
/// The address of the buffer `which` after the next one of a ring.
struct RingAddress {
  int ring = 0;
  int which = 0;
};
/// The 32-bit word that lies there when the call is made.
struct LoadedWord {
  std::uint32_t address = 0;
};
struct KernelCall {
  std::string symbol;
  std::vector<std::variant<Immediate, Address, RingAddress, LoadedWord>> arguments;
};
using CoreOperation =
    std::variant<LockAcquire, LockRelease, RingTurn, KernelCall, LoopBegin, LoopEnd>;

/// Operations from first to last, then again from the first; a call that never returns stays.
struct ProgramCore {
  TileId tile;
  int stack_bytes = 0;                            ///< from address 0 of the core's memory on
  std::vector<std::vector<std::uint32_t>> rings;  ///< buffers that change turns
  std::vector<CoreOperation> operations;
  Where where = {};
};

struct ProgramHostBuffer {
  std::string name;
  std::uint64_t bytes = 0;
};

struct ArrayProgram {
  std::string name;
  ContentHash hash = {};
  Device device;
  std::vector<ProgramBuffer> buffers;
  std::vector<ProgramLock> locks;
  std::vector<ProgramDescriptor> descriptors;
  std::vector<ProgramStart> starts;
  std::vector<ProgramConnection> connections;
  std::vector<ProgramShimMux> shim_muxes;
  /// Shims whose tokens must reach the controller: a packet route from their control port to south
  /// 0.
  std::vector<TileId> token_routes;
  std::vector<ProgramCore> cores;
  std::vector<ProgramHostBuffer> host_buffers;  ///< data arguments of the kernel, in order
  std::vector<std::uint32_t> instructions;      ///< encode()d
  std::vector<Where> instruction_lines;         ///< of each operation of these
};

}  // namespace sotto::npu::design
