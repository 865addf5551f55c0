#include "npu/cycles/places.h"

#include <algorithm>
#include <iterator>

#include "base/error.h"

namespace sotto::npu::cycles {
namespace {

using core::Register;
using core::Storage;

/// Cells that a piece neither reads nor writes in their own register, but that are wanted after it.
std::set<int> passing_cells(const Step& step) {
  std::set<int> passing = step.live_out;
  for (const int cell : step.writes) passing.erase(cell);
  for (const recorder::Entry& entry : step.piece.entries) {
    const bool stays =
        entry.distance == 0 && step.piece.cells[static_cast<size_t>(entry.reg)] == entry.from.value;
    if (stays) passing.erase(entry.from.value);
  }
  return passing;
}

class Placer {
 public:
  Placer(std::vector<Step>& steps, const std::vector<core::RegisterClass>& classes,
         const core::Effort& effort)
      : steps_(steps), classes_(classes), effort_(effort), placed_(steps.size()) {}

  std::vector<Placed> run() {
    schedule_straight_code();
    for (size_t i = 0; i < steps_.size(); ++i) {
      if (steps_[i].kind == Step::Kind::inner_loop) schedule_loop(i);
    }
    for (const Step::Kind kind : {Step::Kind::inner_loop, Step::Kind::straight}) {
      for (size_t i = 0; i < steps_.size(); ++i) {
        if (steps_[i].kind == kind) assign(i);
      }
    }
    return std::move(placed_);
  }

 private:
  /// Where there are too few registers, what one half leaves can pass by the other on the stack.
  void schedule_straight_code() {
    for (size_t i = 0; i < steps_.size();) {
      if (steps_[i].kind == Step::Kind::straight && !schedule_piece(i)) {
        placed_.insert(placed_.begin() + static_cast<std::ptrdiff_t>(i), Placed{});
      } else {
        ++i;
      }
    }
  }

  /// False when the step was cut in two.
  bool schedule_piece(size_t index) {
    prepare(steps_[index]);
    try {
      placed_[index].code = core::straight(steps_[index].piece.graph);
    } catch (const Error&) {
      if (split(steps_, index)) return false;
      throw;
    }
    return true;
  }

  /// What is left in registers is what somebody reads.
  void prepare(Step& step) {
    core::Loop& graph = step.piece.graph;
    for (size_t reg = 0; reg < graph.registers.size(); ++reg) {
      const bool wanted = step.live_out.contains(step.piece.cells[reg]);
      const bool stays = is_entered(step, static_cast<int>(reg));
      core::VirtualRegister& which = graph.registers[reg];
      which.live_out = wanted && (stays || step.writes.contains(step.piece.cells[reg]));
      if (which.cls == core::RegisterClass::s && !which.fixed) fix_shift(step, reg);
    }
  }

  void schedule_loop(size_t index) {
    Step& step = steps_[index];
    prepare(step);
    core::Loop free = step.piece.graph;
    free.min_trips = 0;
    placed_[index].code = core::pipeline(free, effort_);
    guard(step, free, placed_[index]);
  }

  /// Each shift of a kernel has its register throughout: no instruction brings one back from the
  /// stack.
  void fix_shift(Step& step, size_t reg) {
    const auto [at, fresh] =
        shifts_.try_emplace(step.piece.cells[reg], static_cast<uint8_t>(shifts_.size()));
    if (shifts_.size() > 4) fail(ErrorKind::unsupported, step.name, ": more than four shifts");
    step.piece.graph.registers[reg].fixed = Register{core::RegisterClass::s, at->second};
  }

  /// Iterations that the pipeline of a loop needs to run its kernel once.
  static int64_t needed_by(const core::Pipeline& code) {
    return code.schedule.stages() - 1 + code.allocation.unroll;
  }

  /// A loop that may run less often than its pipeline needs has a plain twin, and runs it if it is
  /// too short even for the shortest pipeline.
  void guard(const Step& step, const core::Loop& free, Placed& placed) {
    if (step.min_trips == step.trips || step.min_trips >= needed_by(placed.code)) return;
    if (step.trips < needed_by(placed.code)) {
      core::Loop shorter = free;
      shorter.min_trips = step.trips;
      placed.code = core::pipeline(shorter, effort_);
    }
    core::Pipeline twin = core::one_by_one(free);
    twin.bounds = placed.code.bounds;
    placed.plain_bytes = twin.program.bytes();
    if (step.trips < needed_by(placed.code)) placed.code = std::move(twin);
  }

  static bool is_entered(const Step& step, int reg) {
    return std::any_of(
        step.piece.entries.begin(), step.piece.entries.end(),
        [&](const recorder::Entry& entry) { return entry.reg == reg && entry.distance == 0; });
  }

  /// Registers for the piece and for as many cells that pass by as there are registers left.
  void assign(size_t index) {
    const Step& step = steps_[index];
    Placed& placed = placed_[index];
    want(step, placed.code.loop);
    std::set<int> passing = passing_cells(step);
    const core::Pipeline scheduled = placed.code;
    for (;;) {
      placed.code.loop = scheduled.loop;
      std::map<int, int> registers;
      for (const int cell : passing) registers[cell] = pass(placed.code.loop, cell);
      int stuck = -1;
      if (allocate(placed.code, stuck)) {
        for (const auto& [cell, reg] : registers) {
          placed.passing[cell] = placed.code.allocation.of(reg, 0);
        }
        break;
      }
      const int goes = pick_for_stack(passing, placed.code.loop, stuck);
      if (goes < 0) {
        placed.code = scheduled;
        pass_without_registers(passing, placed);
        break;
      }
      passing.erase(goes);
      placed.on_stack.insert(goes);
    }
    remember(step, placed);
  }

  /// The piece keeps the registers that it was scheduled with, wherever its neighbours like theirs.
  void pass_without_registers(const std::set<int>& passing, Placed& placed) const {
    for (const int cell : passing) {
      const auto shift = shifts_.find(cell);
      if (shift == shifts_.end()) {
        placed.on_stack.insert(cell);
      } else {
        placed.passing[cell] = Register{core::RegisterClass::s, shift->second};
      }
    }
  }

  /// The widest of the cells that pass by in the registers of which there are too few; one that
  /// counts a loop's iterations last.
  int pick_for_stack(const std::set<int>& passing, const core::Loop& loop, int stuck) const {
    if (stuck < 0) return -1;
    const core::RegisterPool pool = core::pool_of(loop.registers[static_cast<size_t>(stuck)].cls);
    int found = -1, most = -1;
    for (const int cell : passing) {
      if (core::pool_of(class_of(cell)) != pool || shifts_.contains(cell)) continue;
      const bool counts = std::any_of(steps_.begin(), steps_.end(),
                                      [&](const Step& step) { return step.counter == cell; });
      const int width = counts ? 0 : core::register_file(class_of(cell)).units;
      if (width <= most) continue;
      found = cell;
      most = width;
    }
    return found;
  }

  int pass(core::Loop& loop, int cell) {
    const int reg = loop.value(class_of(cell), concat("cell ", cell));
    loop.registers.back().live_out = true;
    const auto home = homes_.find(cell);
    if (home != homes_.end()) loop.registers.back().wanted = home->second;
    const auto shift = shifts_.find(cell);
    if (shift != shifts_.end()) {
      loop.registers.back().fixed = Register{core::RegisterClass::s, shift->second};
    }
    return reg;
  }

  /// Wishes are given up file by file: each costs moves between the pieces.
  static bool allocate(core::Pipeline& code, int& stuck) {
    core::Pipeline tried = code;
    for (;;) {
      stuck = -1;
      if (core::allocate_anew(tried, &stuck)) {
        code = std::move(tried);
        return true;
      }
      if (stuck < 0) return false;
      const auto pool = core::pool_of(tried.loop.registers[static_cast<size_t>(stuck)].cls);
      bool wished = false;
      for (core::VirtualRegister& reg : tried.loop.registers) {
        if (core::pool_of(reg.cls) != pool) continue;
        wished |= reg.wanted.has_value();
        reg.wanted.reset();
      }
      if (!wished) return false;
    }
  }

  void want(const Step& step, core::Loop& loop) {
    for (size_t reg = 0; reg < step.piece.cells.size(); ++reg) {
      const auto home = homes_.find(step.piece.cells[reg]);
      if (home == homes_.end()) continue;
      if (core::accepts(loop.registers[reg].cls, home->second)) {
        loop.registers[reg].wanted = home->second;
      }
    }
  }

  void remember(const Step& step, const Placed& placed) {
    for (const auto& [cell, place] : placed.passing) homes_.try_emplace(cell, place);
    for (const recorder::Entry& entry : step.piece.entries) {
      const Register place = place_of(placed, entry);
      const bool is_whole = entry.from.first == 0 &&
                            core::register_file(class_of(entry.from.value)).units == place.units();
      if (is_whole) homes_.try_emplace(entry.from.value, place);
    }
    for (size_t reg = 0; reg < step.piece.cells.size(); ++reg) {
      if (!step.piece.graph.registers[reg].live_out) continue;
      homes_.try_emplace(step.piece.cells[reg], exit_of(placed, static_cast<int>(reg)));
    }
  }

  core::RegisterClass class_of(int cell) const { return classes_[static_cast<size_t>(cell)]; }

  std::vector<Step>& steps_;
  const std::vector<core::RegisterClass>& classes_;
  const core::Effort effort_;
  std::vector<Placed> placed_;
  std::map<int, Register> homes_;  ///< where a cell was first
  std::map<int, uint8_t> shifts_;
};

}  // namespace

Register place_of(const Placed& placed, const recorder::Entry& entry) {
  return placed.code.allocation.of(entry.reg, -entry.distance);
}

Register exit_of(const Placed& placed, int reg) {
  return placed.code.allocation.of(reg, placed.code.loop.trips - 1);
}

std::vector<Placed> place_pieces(std::vector<Step>& steps,
                                 const std::vector<core::RegisterClass>& classes,
                                 const core::Effort& effort) {
  return Placer(steps, classes, effort).run();
}

}  // namespace sotto::npu::cycles
