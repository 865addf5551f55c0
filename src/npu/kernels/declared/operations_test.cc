// The calls of operations/ on the host, where they have bodies: they compile against its headers
// and do what they do without an error.
#include <gtest/gtest.h>

#include "npu/kernels/host/core_ports.h"

extern "C" {
void operations_registers(std::int16_t* memory);
void operations_lanes(const std::int16_t* memory);
void operations_products(const std::int16_t* memory);
void operations_memory(std::int16_t* memory);
void operations_core();
void operations_intrinsics();
}

namespace sotto::npu::host {
namespace {

/// Neighbours that are never busy and never say anything but zero. Counts what is asked of them.
class QuietPorts : public CorePorts {
 public:
  void acquire_greater_equal(unsigned, int) override { ++locks; }
  void acquire_equal(unsigned, int) override { ++locks; }
  void release(unsigned, int) override { ++locks; }
  StreamWord read_stream() override { return ++reads, StreamWord(); }
  void write_stream(StreamWord) override { ++writes; }
  bool try_read_stream(StreamWord& word) override { return word = read_stream(), true; }
  bool try_write_stream(StreamWord) override { return ++writes, true; }
  CascadeWord read_cascade() override { return ++beats, CascadeWord(); }
  void write_cascade(const CascadeWord&) override { ++beats; }
  void event(unsigned) override { ++events; }
  std::uint64_t cycles() override { return 0; }
  std::uint32_t column() override { return 0; }
  std::uint32_t row() override { return 2; }

  int locks = 0, reads = 0, writes = 0, beats = 0, events = 0;
};

class OperationsTest : public ::testing::Test {
 protected:
  struct alignas(64) Memory {
    std::int16_t data[512] = {};
  };

  CoreState state_;
  CoreScope scope_{state_};
  Memory memory_;
};

TEST_F(OperationsTest, RunOnTheHost) {
  memory_.data[5] = 6;
  operations_registers(memory_.data);
  EXPECT_NE(memory_.data[0], 0);
  operations_lanes(memory_.data);
  memory_ = Memory();
  operations_products(memory_.data);
  operations_memory(memory_.data);
  operations_intrinsics();
}

TEST_F(OperationsTest, OfTheCoreReachItsPorts) {
  QuietPorts ports;
  state_.ports = &ports;
  operations_core();
  EXPECT_EQ(ports.locks, 6);
  EXPECT_EQ(ports.events, 4);
  EXPECT_EQ(ports.writes, 5 + 16);
  EXPECT_EQ(ports.reads, 10 + 8 * 16 + 6 * 32);
  // Sent: 1 + 1 + 2. Read: vectors once, accumulators twice.
  EXPECT_EQ(ports.beats, 4 + 8 + 6 * 2 + 2 * 3 + 2 * 3 * 2);
  EXPECT_EQ(state_.rounding, Rounding::floor);
}

}  // namespace
}  // namespace sotto::npu::host
