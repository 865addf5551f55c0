// A core's program, step by step: what it does next, not when. Operations of an ArrayProgram, or a
// program that owns its locks, as a coroutine.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "npu/kernels/host/core_ports.h"
#include "npu/kernels/host/fiber.h"
#include "npu/sim/array.h"
#include "npu/sim/kernel_library.h"

namespace sotto::npu::sim {

/// Bytes of a memory that a call uses.
struct CallUse {
  Place place;
  std::uint32_t bytes = 0;
  bool writes = false;
};
/// A bank of a memory, and in how many cycles of a call the core uses it.
struct BankUse {
  int memory = -1, bank = 0;
  Cycle cycles = 0;
};

struct CoreStep {
  enum class Kind : std::uint8_t { acquire, release, spend, call, ended } kind;
  int lock = -1, value = 0;  ///< acquire, release
  Cycle cycles = 0;          ///< spend, call
};

class CoreRun : public host::LockPorts {
 public:
  /// `with_data`: kernels run when they are called.
  CoreRun(Array& array, const design::ProgramCore& core, const KernelLibrary& library,
          const Costs& costs, bool with_data);
  CoreRun(const CoreRun&) = delete;
  CoreRun& operator=(const CoreRun&) = delete;

  /// The next step. The one before must be over: a lock taken, cycles spent.
  CoreStep next();

  const design::ProgramCore& program() const { return program_; }
  /// Of the last call.
  const std::string& symbol() const { return symbol_; }
  const std::vector<CallUse>& uses() const { return uses_; }
  const std::vector<BankUse>& banks() const { return banks_; }
  /// What the last call changed without having been given it to write: the first such byte.
  const std::optional<Place>& stray() const { return stray_; }
  bool owns_locks() const { return fiber_ != nullptr; }
  /// Where the program stands: the same number in the same place.
  std::size_t position() const { return at_; }
  /// Every lock that it gives.
  const std::vector<int>& given_locks() const { return given_; }

  // From inside of the coroutine.
  void spend(Cycle cycles);
  void spend(const std::string& symbol, const CallArguments& arguments);

 private:
  int lock(int id) const;
  void start_program(const design::KernelCall& call, const KernelEntry& entry);
  CoreStep resume();
  CoreStep call(const design::KernelCall& call);
  CallArguments arguments(const design::KernelCall& call);
  void note_uses(const CallArguments& arguments, const KernelEntry& entry, const Cost& cost);
  void run_guarded(const KernelEntry& entry, const CallArguments& arguments);

  void wait_for(CoreStep step);
  void acquire_greater_equal(unsigned id, int value) override;
  void release(unsigned id, int value) override;
  void event(unsigned n) override;
  std::uint32_t column() override;
  std::uint32_t row() override;
  Array& array_;
  const design::ProgramCore& program_;
  const KernelLibrary& library_;
  const Costs& costs_;
  const bool with_data_;
  std::size_t at_ = 0;
  std::vector<std::size_t> turns_;                  ///< of each ring
  std::vector<std::pair<std::size_t, int>> loops_;  ///< open ones: operation, rounds left
  std::vector<int> given_;
  std::string symbol_;
  std::vector<CallUse> uses_;
  std::vector<BankUse> banks_;
  std::optional<Place> stray_;
  std::vector<std::byte> before_;  ///< a memory, before a call
  host::CoreState state_;
  CoreStep asked_{CoreStep::Kind::ended};  ///< by the coroutine
  Cycle spent_ = 0;
  std::unique_ptr<host::Fiber> fiber_;
};

}  // namespace sotto::npu::sim
