// The encoder's network without its streams and DMA: cores that run their program (phase.h) as
// fibers, and hands that move objects in and out whenever the locks allow, in random order. An
// object of stream A goes to all cores of a row at once, when each has a free buffer, as a
// broadcast does; likewise B in a column.
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <random>

#include "npu/kernels/host/core_ports.h"
#include "npu/kernels/host/fiber.h"
#include "npu/kernels/runner_testing.h"

namespace sotto::npu::kernels::testing {

using Object = const bfloat16*;  ///< 64 x 64 elements; outlives the run
using Strip = std::vector<bfloat16>;

/// A core with its memory and locks, and the hands of its streams.
class NetworkCore : public host::LockPorts {
 public:
  NetworkCore(int row, int column, int rows, int columns);

  std::deque<Strip>& received() { return received_; }
  /// Whether stream A (or B) has a free buffer; puts an object into it.
  bool has_room(bool a) const { return locks_[(a ? a_ : b_).empty] >= 1; }
  void bring(bool a, Object object);
  /// The program has ended, as it does at an invalid header.
  bool ended() const { return program_.done(); }
  /// Buffers of stream B that the core does not own.
  int free_b() const { return locks_[b_.empty]; }
  /// Everything is as at the start: no buffer is filled, the core waits for a header.
  bool at_rest() const;

  /// Lets the core run until it waits; takes a strip from it. False if nothing could be done.
  bool resume();
  bool fetch();

  void acquire_greater_equal(unsigned id, int value) override;
  void release(unsigned id, int value) override;

 private:
  /// The two buffers of an input stream.
  struct Feed {
    unsigned empty, full;  ///< locks
    Buffer<bfloat16> buffers = Buffer<bfloat16>(2 * kTile * kTile);
    int filled = 0, freed = 0;  ///< the buffers that come next
  };
  int& lock(unsigned id);

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

  /// Queues and settles.
  void run(const Product& product) override;
  void run(const Attention& attention) override;

  /// Queues the phases behind what is queued already. What is passed, and the operands and results
  /// that it names, must outlive the next settle().
  void enqueue(const Product& product);
  void enqueue(const Attention& attention);
  /// Until nobody can do anything; then hands the results of all that was queued out.
  void settle();

  NetworkCore& core(int row, int column) {
    return *cores_[static_cast<std::size_t>(row * columns_ + column)];
  }
  void send_a(int row, Object object) { a_[static_cast<std::size_t>(row)].push_back(object); }
  void send_b(int column, Object object) { b_[static_cast<std::size_t>(column)].push_back(object); }
  /// Nothing is under way or left over.
  bool at_rest() const;

 private:
  struct Group;  ///< of column tiles
  void send_product(const Product& product, const Group& group);
  void send_tile_a(const Product& product, const Group& group, int row, int tile_row, int tile);
  void receive_product(const Product& product, const Group& group);
  void receive_attention(const Attention& attention, int first_head);
  bool deliver(bool a, int index);
  void move_until_nobody_can();
  /// The header as an object; with a product, also the steps of a column of the network.
  Object header(const PhaseHeader& phase, const Linear* linear = nullptr,
                const Group* group = nullptr, int column = 0);
  void take_strip(int row, int column, bfloat16* to);

  const int rows_, columns_;
  std::mt19937 random_;
  std::vector<std::unique_ptr<NetworkCore>> cores_;
  std::vector<std::deque<Object>> a_, b_;  ///< by row, by column: what is still to be sent
  std::deque<Buffer<bfloat16>> headers_;
  std::vector<std::function<void()>> receivers_;
  const Buffer<bfloat16> zeros_{kTile * kTile};
};

}  // namespace sotto::npu::kernels::testing
