// The array as an ArrayProgram leaves it: memories, locks, descriptors, task queues, streams. State
// without time; engines say when something happens, here stands what happens then.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "npu/design/array_program.h"
#include "npu/sim/costs.h"

namespace sotto::npu::sim {

using design::Where;

struct Lock {
  std::string name;  ///< empty: the program places none here
  TileId tile;
  int id = 0;
  int value = 0;
  Where where;
};

/// A DMA channel with its task queue.
struct Channel {
  std::string name;  ///< of its FIFO or chain
  TileId tile;
  Direction direction = Direction::s2mm;
  int number = 0;
  Where where;
  int flow = -1;                         ///< of the stream at its port
  int sink = -1;                         ///< s2mm: which of its sinks
  std::deque<design::QueueEntry> queue;  ///< behind the running task
  bool running = false;
  design::QueueEntry task;                      ///< the running one
  std::uint32_t runs_left = 0, descriptor = 0;  ///< of it
  bool first = false;                           ///< descriptor of the task

  TileKind kind() const { return kind_of(tile); }
};

/// A circuit: from one channel to others.
struct Flow {
  struct Sink {
    int channel = -1;
    Cycle latency = 0;
    int capacity = 0;  ///< words on the way and in the FIFO at its end
  };
  std::string name;
  Where where;
  int source = -1;
  std::vector<Sink> sinks;
};

/// Where something lies: an index of the array's memories and a byte of it.
struct Place {
  int memory = -1;
  std::uint32_t byte = 0;
};

class Array {
 public:
  /// `hosts` are the data arguments, in order; those that are missing are empty: nothing may be
  /// moved then. Throws Error{usage} at a program that cannot stand on an array.
  Array(const design::ArrayProgram& program, const Costs& costs,
        std::vector<std::span<std::byte>> hosts);

  const design::ArrayProgram& program() const { return program_; }

  // --- locks
  std::vector<Lock>& locks() { return locks_; }
  const std::vector<Lock>& locks() const { return locks_; }
  /// As numbered by the DMA of that tile, or by its core; -1: there is none.
  int dma_lock(TileId tile, std::uint32_t id) const;
  int core_lock(TileId tile, int id) const;

  // --- memory. Tiles are numbered column by column.
  int tile_index(TileId tile) const { return tile.column * program_.device.rows + tile.row; }
  Place core_place(TileId tile, std::uint32_t address) const;
  /// Of a byte in the window of a tile's DMA, not of a shim.
  Place dma_place(TileId tile, std::int64_t byte) const;
  std::byte* at(Place place);
  /// All bytes of a memory, and some behind them that belong to nobody: a kernel that writes beyond
  /// the end is found out, as everywhere else.
  std::span<const std::byte> memory(int index) const;
  std::uint32_t load(Place place);
  void store(Place place, std::uint32_t word);
  /// The name of the buffer there, and its bytes from there on.
  std::string buffer_at(Place place) const;
  std::uint32_t bytes_from(Place place) const;
  /// A word of host memory at an address that a shim uses.
  std::byte* host_at(std::uint64_t address);

  // --- channels
  std::vector<Channel>& channels() { return channels_; }
  const std::vector<Channel>& channels() const { return channels_; }
  const std::vector<Flow>& flows() const { return flows_; }
  /// False if the queue is full: the task is dropped.
  bool push(int channel, const design::QueueEntry& entry);
  /// The next task of the queue becomes the running one.
  void begin_task(Channel& channel);
  /// What the channel is to do now.
  const design::DescriptorFields& descriptor(const Channel& channel) const;
  /// The descriptor is over: its iteration steps on. False if it was the task's last one.
  bool next_descriptor(Channel& channel);

  /// A write by the controller. Says which channel got a task, which lock or word a value.
  struct Written {
    int channel = -1, lock = -1;
    Place place = {};
    bool dropped = false;
  };
  Written write(std::uint32_t address, std::uint32_t value);
  std::uint32_t read(std::uint32_t address) const;
  /// Whether a write there is a task for a channel.
  bool is_queue(std::uint32_t address) const;
  void patch(std::uint32_t address, std::uint32_t argument, std::uint32_t offset);

 private:
  struct alignas(64) Line {
    std::byte bytes[64];
  };
  struct Descriptor {
    std::vector<std::uint32_t> words;
    design::DescriptorFields fields;
  };
  struct Register;

  void load_memory();
  void load_channels();
  void load_flows(const Costs& costs);
  void follow(TileId tile, Port input, Cycle latency, const Costs& costs, Flow& flow, int depth);
  int channel_at(TileId tile, Direction direction, int number) const;
  int add_channel(std::string name, TileId tile, Direction direction, int number, Where where);
  Descriptor& descriptor_at(TileId tile, std::uint32_t id);
  Register decode(std::uint32_t address) const;

  const design::ArrayProgram& program_;
  std::vector<std::span<std::byte>> hosts_;
  std::vector<Lock> locks_;
  std::vector<int> first_lock_;  ///< by tile
  std::vector<std::vector<Line>> memories_;
  std::vector<std::vector<Descriptor>> descriptors_;  ///< by tile
  std::vector<Channel> channels_;                     ///< by tile, direction, number
  std::map<std::pair<TileId, std::pair<Direction, int>>, int> channel_index_;
  std::vector<Flow> flows_;
};

/// "core (0,2)".
std::string to_string(TileId tile);
/// "s2mm 0 of core (0,2), 'in'".
std::string to_string(const Channel& channel);
/// "gemm.cc:52", empty if unknown.
std::string to_string(const Where& where);

}  // namespace sotto::npu::sim
