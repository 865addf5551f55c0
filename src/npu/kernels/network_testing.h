// The encoder's network without its streams and DMA: cores that run their program (phase.h) as
// fibers, and for each of them three hands that move objects in and out whenever the locks allow,
// in random order. What a real array does in time, this does in every order that locks permit.
#pragma once

#include <array>
#include <deque>
#include <memory>
#include <optional>
#include <random>

#include "npu/kernels/host/core_ports.h"
#include "npu/kernels/host/fiber.h"
#include "npu/kernels/runner_testing.h"

namespace sotto::npu::kernels::testing {

using Object = const bfloat16*;  ///< 64 x 64 elements; outlives the run
using Strip = std::vector<bfloat16>;

/// A core with its memory and locks, and the hands of its streams.
class NetworkCore : public host::CorePorts {
 public:
  NetworkCore(int row, int column, int rows, int columns);

  void send_a(Object object) { a_.queue.push_back(object); }
  void send_b(Object object) { b_.queue.push_back(object); }
  std::deque<Strip>& received() { return received_; }
  /// The program has ended, as it does at an invalid header.
  bool ended() const { return program_.done(); }
  /// Buffers of stream B that the core does not own.
  int free_b() const { return locks_[b_.empty]; }
  /// Everything is as at the start: nothing queued or filled, the core waits for a header.
  bool at_rest() const;

  enum class Actor { core, a, b, out };
  /// Lets one actor do one thing; false if it could do nothing.
  bool act(Actor actor);

  void acquire_greater_equal(unsigned id, int value) override;
  void acquire_equal(unsigned id, int value) override;
  void release(unsigned id, int value) override;
  host::StreamWord read_stream() override;
  void write_stream(host::StreamWord word) override;
  bool try_read_stream(host::StreamWord& word) override;
  bool try_write_stream(host::StreamWord word) override;
  host::CascadeWord read_cascade() override;
  void write_cascade(const host::CascadeWord& word) override;
  void event(unsigned n) override;
  std::uint64_t cycles() override;
  std::uint32_t column() override;
  std::uint32_t row() override;

 private:
  /// An input stream: what is still to come, and its two buffers.
  struct Feed {
    unsigned empty, full;  ///< locks
    std::deque<Object> queue = {};
    Buffer<bfloat16> buffers = Buffer<bfloat16>(2 * kTile * kTile);
    int filled = 0, freed = 0;  ///< the buffers that come next
  };
  int& lock(unsigned id);
  bool resume();
  bool bring(Feed& feed);
  bool fetch();

  host::CoreState state_;
  std::array<int, 6> locks_ = {2, 0, 2, 0, 2, 0};
  Feed a_{0, 1}, b_{2, 3};
  Buffer<bfloat16> out_{2 * kStrip};
  int out_next_ = 0;
  std::deque<Strip> received_;
  Buffer<float> c_{kTile * kTile};
  Buffer<CoreWorkspace> workspace_{1};
  std::uint64_t acquired_ = 0;
  host::Fiber program_;
};

class NetworkRunner : public Runner {
 public:
  NetworkRunner(int rows, int columns, std::uint32_t seed);

  void run(const Product& product) override;
  void run(const Attention& attention) override;

  NetworkCore& core(int row, int column) {
    return *cores_[static_cast<std::size_t>(row * columns_ + column)];
  }
  /// Until nobody can do anything.
  void settle();

 private:
  struct Group;  ///< of column tiles
  void send_product(const Product& product, const Group& group);
  void send_tile_a(const Product& product, const Group& group, int row, int tile_row, int tile);
  void receive_product(const Product& product, const Group& group);
  void send_a(int row, Object object);
  void send_b(int column, Object object);
  /// The header as an object; with a product, also the steps of a column of the network.
  Object header(const PhaseHeader& phase, const Linear* linear = nullptr,
                const Group* group = nullptr, int column = 0);
  void take_strip(int row, int column, bfloat16* to);

  const int rows_, columns_;
  std::mt19937 random_;
  std::vector<std::unique_ptr<NetworkCore>> cores_;
  std::deque<Buffer<bfloat16>> headers_;
  const Buffer<bfloat16> zeros_{kTile * kTile};
};

}  // namespace sotto::npu::kernels::testing
