// What a kernel did: the instructions that it ran, in order, with the loops that they stand in. The
// recording header (include/aie_api/aie.hpp) writes it while a kernel runs; fold.h makes each
// loop's iterations one body.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "npu/core/opcodes.h"

namespace sotto::npu::recorder {

using core::Opcode;
using core::RegisterClass;

/// The bits of any register, lowest byte first.
struct Bits {
  alignas(32) std::array<std::byte, 128> bytes{};
};

/// What an instruction computes, bit for bit: from the values of its sources to those of its
/// results, in the order of core::Operation's uses and defs without the registers of the address.
/// The bytes that a load reads are one more source, behind the others; those that a store writes
/// one more result. What rounds does so by the current core's registers (npu/kernels/host).
using Effect = std::function<void(std::span<const Bits> sources, std::span<Bits> results)>;

/// A value, or some units of its register: half an x.
struct Part {
  int value = -1;  ///< -1: undefined
  int first = 0;
  int units = 1;
  friend auto operator<=>(const Part&, const Part&) = default;
};

/// `wanted` may be wider than the part: a 256-bit vector in an instruction on 512 bits, whose other
/// lanes do not matter.
struct Use {
  Part part;
  RegisterClass wanted{};
  int distance = 0;  ///< iterations ago, of the loop whose body writes the value
};

enum class StepKind : uint8_t {
  instruction,
  join,     ///< its sources become one register: free where they can be made in it
  copy,     ///< its source in a register of its own
  address,  ///< where a pointer of the loop that follows begins
};

struct Step {
  StepKind kind = StepKind::instruction;
  Opcode opcode{};
  std::string suffix{}, comment{};
  std::vector<Use> uses{};
  std::vector<Part> defs{};  ///< whole registers, or the part that is written
  /// What differs between executions, in their order; one that is the same throughout stands once.
  std::vector<int64_t> immediates{0}, addresses{};
  int bytes = 0;             ///< of memory that is touched; 0: none
  bool is_store = false;     ///< else a load
  bool has_effects = false;  ///< besides its results: stores, control registers, jumps
  bool rounds = false;       ///< reads the rounding or the saturation register
  bool in_turn = false;      ///< stays behind those that were recorded before it (canonical.h)
  Effect effect{};
  // Addresses as the instruction forms them (addresses.h); the constant stands in immediates.
  core::AddressMode mode = core::AddressMode::none;
  int pointer = -1, modifier = -1;  ///< values: a p; an m, a d or a d3

  bool is_memory() const { return bytes > 0; }
  bool is_pure() const { return !is_memory() && !has_effects; }
};

struct LoopNode;

/// A step, or a loop.
struct Item {
  Step step{};
  std::unique_ptr<LoopNode> loop{};
};
using Items = std::vector<Item>;

/// What iteration -distance is taken to have written: a register of before the loop.
struct Carried {
  int value = -1;
  int distance = 1;
  Use initial{};
};

struct LoopNode {
  std::string name;
  int64_t trips = 0, min_trips = 1;
  Items body;
  std::vector<Carried> carried;

  bool is_innermost() const {
    for (const Item& item : body) {
      if (item.loop) return false;
    }
    return true;
  }
};

/// Memory that a kernel works on. Objects lie in their bank one after another.
struct Object {
  std::string name;
  std::byte* data = nullptr;
  int64_t bytes = 0;
  int bank = 0;
  int64_t address = 0;              ///< in the core's data memory
  std::vector<std::byte> before{};  ///< what it held when recording began
  std::vector<std::byte> after{};   ///< and when it ended
};

/// What has been recorded, every loop folded.
struct Trace {
  std::vector<RegisterClass> values;  ///< the registers that values need
  std::vector<int> states;            ///< values that are updated in place: pointers, counters
  std::vector<int> padded;            ///< x of which only the lower half is ever written
  std::vector<Object> objects;
  Items items;

  RegisterClass& class_of(int value) { return values[static_cast<size_t>(value)]; }
  int units_of(int value) const {
    return core::register_file(values[static_cast<size_t>(value)]).units;
  }
  int add_value(RegisterClass cls) {
    values.push_back(cls);
    return static_cast<int>(values.size()) - 1;
  }
};

/// The comment of the step that writes what a kernel returns: the register's name.
inline constexpr const char* kReturned = "r0";

/// Least trips of a loop whose count is a constant of the source: as many as it runs.
inline constexpr int64_t kConstantTrips = -1;

/// Collects the steps of this thread's kernel from its construction to finish().
class Recorder {
 public:
  Recorder();
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  /// The innermost recorder of this thread; an error if there is none.
  static Recorder& current();
  /// The same; nullptr if there is none.
  static Recorder* active();

  /// Buffers are told before the kernel runs.
  void add_object(std::string name, void* data, int64_t bytes, int bank);
  int64_t address_of(const void* data, int64_t bytes) const;

  int new_value(RegisterClass cls);
  void add(Step step);
  /// The last step is one that the kernel wrote as a statement of its own.
  void keep_in_turn();

  void begin_loop(std::string name, int64_t min_trips);
  void begin_iteration();
  void end_loop();

  /// Where loops of the source tell of themselves (include/aie_api/loop_check.hpp): the next one
  /// has a mark; one begins; the last one that began ends. In one without a mark nothing is
  /// recorded.
  static void mark_loop();
  void enter_loop(const char* where);
  void leave_loop() { loops_.pop_back(); }

  Trace finish();

 private:
  struct OpenLoop {
    std::string name;
    int64_t min_trips;
    std::vector<Items> iterations;
  };
  Items& place();

  Recorder* before_;
  Trace trace_;
  std::vector<OpenLoop> open_;
  bool is_marked_ = false;          ///< the loop that comes
  std::vector<const char*> loops_;  ///< where those of the source stand; nullptr: it has a mark
};

}  // namespace sotto::npu::recorder
