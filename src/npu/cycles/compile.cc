#include "npu/cycles/compile.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/error.h"
#include "npu/core/emit.h"
#include "npu/core/leave.h"
#include "npu/core/return.h"
#include "npu/core/spill.h"
#include "npu/core/weave.h"
#include "npu/cycles/flow.h"
#include "npu/cycles/frame.h"
#include "npu/cycles/moves.h"
#include "npu/cycles/places.h"

namespace sotto::npu::cycles {
namespace {

using core::Register;

/// Where a cell is: in a register, on the stack, or both.
struct Where {
  std::optional<Register> reg{};
  std::optional<int> slot{};
};
using Places = std::map<int, Where>;

class Compiler {
 public:
  Compiler(const recorder::Kernel& kernel, std::vector<Step> steps, std::vector<Placed> placed,
           Frame frame = {})
      : kernel_(kernel),
        classes_(kernel.classes),
        steps_(std::move(steps)),
        placed_(std::move(placed)),
        frame_(std::move(frame)) {
    compiled_.name = kernel.name;
    give_slots();
  }

  /// The frame that the code without one needs.
  Frame frame() {
    put_together();
    return frame_of(weaver_.image(), cells_at_ + slots_bytes_);
  }

  Compiled run() {
    emit(entry_of(frame_));
    put_together();
    bring_returned();
    emit(exit_of(frame_));
    compiled_.image = weaver_.finish();
    core::add_return(compiled_.image);
    add_leave();
    compiled_.stack_bytes = frame_.bytes;
    return std::move(compiled_);
  }

 private:
  void put_together() {
    start();
    int64_t runs = 1;
    for (size_t i = 0; i < steps_.size(); ++i) {
      Step& step = steps_[i];
      if (step.is_piece()) {
        add_piece(i, runs);
      } else if (step.kind == Step::Kind::carry) {
        carry(step);
      } else if (step.kind == Step::Kind::begin) {
        store_ahead(i);
        enter(i + 1);
        heads_.push_back({weaver_.label(), where_});
        drop_stale_slots(i);
        runs *= step.trips;
      } else {
        end_loop(step);
        runs /= step.trips;
      }
    }
  }

  /// Where the caller looks for it.
  void bring_returned() {
    if (!kernel_.returned) return;
    if (kernel_.returned_cell < 0) return emit({return_constant(*kernel_.returned)});
    const Where& where = where_.at(kernel_.returned_cell);
    if (!where.reg) return emit(load(kReturned, *where.slot));
    if (*where.reg != kReturned) emit(copy(kReturned, *where.reg));
  }

  /// Behind a jump out of the call the caller finds the same as at its end, and another result.
  void add_leave() {
    for (const core::Bundle& bundle : compiled_.image.bundles) {
      for (const core::Instruction& made : bundle.instructions) {
        if (made.opcode != core::Opcode::jnz_leave) continue;
        std::vector<core::Instruction> code = exit_of(frame_);
        code.insert(code.begin(), copy(kReturned, made.uses[1])[0]);
        return core::add_leave(compiled_.image, code);
      }
    }
  }

  struct Head {
    int label;
    Places where;
  };

  /// Modifiers that are set bit by bit hold anything when the call begins.
  void start() {
    std::set<int> there = steps_.empty() ? std::set<int>{} : steps_[0].live_in;
    for (const int cell : there) where_[cell].reg = first_place(cell);
  }

  Register first_place(int cell) const {
    for (size_t i = 0; i < steps_.size(); ++i) {
      for (const recorder::Entry& entry : steps_[i].piece.entries) {
        if (entry.from.value == cell) return place_of(placed_[i], entry);
      }
    }
    SOTTO_CHECK(false);
    return {};
  }

  /// Slots of the stack for all cells that some piece wants there, and their places in the code of
  /// loops.
  void give_slots() {
    for (const Placed& placed : placed_) {
      const int kept = core::kept_area(placed.code.loop);
      cells_at_ = std::max(cells_at_, (placed.code.stack_bytes - kept + 31) / 32 * 32);
    }
    for (size_t i = 0; i < steps_.size(); ++i) {
      for (const int cell : placed_[i].on_stack) slot_of(cell, class_of(cell));
      core::Pipeline& code = placed_[i].code;
      if (code.kept.empty()) continue;
      for (core::Operation& operation : code.loop.operations) {
        if (core::is_kept(operation.access)) move_kept(i, operation);
      }
      code.program = core::emit(code.loop, code.schedule, code.allocation);
    }
  }

  void move_kept(size_t index, core::Operation& operation) {
    const int at = 32 * (operation.access->object - core::kFirstKeptObject);
    // The one that begins last before it: of padding there is no place.
    const core::Kept* found = nullptr;
    for (const core::Kept& kept : placed_[index].code.kept) {
      if (kept.offset <= at && (found == nullptr || kept.offset > found->offset)) found = &kept;
    }
    SOTTO_CHECK(found != nullptr);
    const int cell = kept_cell(index, found->reg);
    operation.immediate = -slot_of(cell, class_of(cell)) - (at - found->offset) - 32;
  }

  int kept_cell(size_t index, int reg) const {
    return steps_[index].piece.cells[static_cast<size_t>(reg)];
  }

  int slot_of(int cell, core::RegisterClass cls) {
    const auto [at, fresh] = slots_.try_emplace(cell, 0);
    if (fresh) {
      // Vectors lie at multiples of 32.
      const int unit = slot_bytes(cls);
      slots_bytes_ = (slots_bytes_ + unit - 1) / unit * unit;
      at->second = cells_at_ + slots_bytes_;
      slots_bytes_ += unit * core::register_file(cls).units;
    }
    return at->second;
  }

  core::RegisterClass class_of(int cell) const { return classes_[static_cast<size_t>(cell)]; }

  void emit(std::vector<core::Instruction> instructions) {
    for (core::Instruction& made : instructions) {
      weaver_.add(std::move(made));
      ++compiled_.moves;
    }
  }

  /// Cells that the piece wants on the stack.
  std::set<int> wanted_on_stack(size_t index) const {
    std::set<int> cells = placed_[index].on_stack;
    for (const core::Kept& kept : placed_[index].code.kept) {
      cells.insert(kept_cell(index, kept.reg));
    }
    return cells;
  }

  void put_on_stack(int cell) {
    Where& where = where_.at(cell);
    if (where.slot) return;
    SOTTO_CHECK(where.reg.has_value());
    where.slot = slots_.at(cell);
    emit(store(*where.reg, *where.slot));
  }

  /// What pieces of a loop want on the stack and nobody in it changes is put there before it.
  void store_ahead(size_t begin) {
    std::set<int> wanted, written;
    for (size_t i = begin + 1; steps_[i].begin != static_cast<int>(begin); ++i) {
      for (const int cell : steps_[i].writes) written.insert(cell);
      if (!steps_[i].is_piece()) continue;
      for (const int cell : wanted_on_stack(i)) wanted.insert(cell);
    }
    for (const int cell : wanted) {
      if (!written.contains(cell) && where_.contains(cell)) put_on_stack(cell);
    }
  }

  /// A slot that is good before a loop only says nothing in its later iterations.
  void drop_stale_slots(size_t begin) {
    std::set<int> written;
    for (size_t i = begin + 1; steps_[i].begin != static_cast<int>(begin); ++i) {
      for (const int cell : steps_[i].writes) written.insert(cell);
    }
    for (auto& [cell, where] : where_) {
      if (written.contains(cell) && where.reg) where.slot.reset();
    }
    heads_.back().where = where_;
  }

  /// Moves cells to where a piece wants them.
  void enter(size_t index) {
    const Step& step = steps_[index];
    const Placed& placed = placed_[index];
    for (const int cell : wanted_on_stack(index)) put_on_stack(cell);
    std::vector<Move> moves;
    Places next;
    const auto bring = [&](Register to, const recorder::Part& from) {
      const Where& where = where_.at(from.value);
      const int units = core::register_file(class_of(from.value)).units - from.first;
      const Register part = units < to.units() ? part_of(to, 0, units) : to;
      if (where.reg) {
        moves.push_back({part, part_of(*where.reg, from.first, part.units()), 0});
      } else {
        moves.push_back({part, {}, *where.slot + from.first * slot_bytes(to.cls)});
      }
    };
    for (const recorder::Entry& entry : step.piece.entries) {
      const bool kept = std::any_of(placed.code.kept.begin(), placed.code.kept.end(),
                                    [&](const core::Kept& one) { return one.reg == entry.reg; });
      const int cell = entry.from.value;
      if (kept) {
        next[cell].slot = where_.at(cell).slot;
        continue;
      }
      const Register to = place_of(placed, entry);
      bring(to, entry.from);
      const bool stays =
          entry.distance == 0 && step.piece.cells[static_cast<size_t>(entry.reg)] == cell;
      if (stays) next[cell] = {to, where_.at(cell).slot};
    }
    for (const auto& [cell, place] : placed.passing) {
      bring(place, {cell, 0, place.units()});
      next[cell] = {place, where_.at(cell).slot};
    }
    for (const int cell : placed.on_stack) next[cell].slot = where_.at(cell).slot;
    const auto free = [&](Register like) { return free_register(like, moves, next); };
    emit(in_order(moves, free, frame_.aside));
    where_ = std::move(next);
  }

  /// A register of this class in which nothing is that is still wanted.
  std::optional<Register> free_register(Register like, const std::vector<Move>& moves,
                                        const Places& next) const {
    for (int i = core::register_file(like.cls).count - 1; i >= 0; --i) {
      const Register candidate{like.cls, static_cast<uint8_t>(i)};
      bool taken = is_callee_saved(candidate);
      for (const Move& move : moves) {
        taken |= candidate.overlaps(move.to) || (move.from && candidate.overlaps(*move.from));
      }
      for (const auto& [cell, where] : next) taken |= where.reg && candidate.overlaps(*where.reg);
      for (const auto& [cell, where] : where_) taken |= where.reg && candidate.overlaps(*where.reg);
      if (!taken) return candidate;
    }
    return std::nullopt;
  }

  void add_piece(size_t index, int64_t runs) {
    const Step& step = steps_[index];
    enter(index);
    CompiledPiece piece;
    piece.name = step.name;
    piece.is_loop = step.kind == Step::Kind::inner_loop;
    piece.code = placed_[index].code;
    piece.effects = step.piece.effects;
    piece.plain_bytes = placed_[index].plain_bytes;
    piece.runs = runs;
    if (!piece.code.program.bundles.empty()) {
      weaver_.add(piece.code.program, static_cast<int>(compiled_.pieces.size()));
    }
    compiled_.pieces.push_back(std::move(piece));
    leave(step, placed_[index]);
  }

  void leave(const Step& step, const Placed& placed) {
    for (size_t reg = 0; reg < step.piece.cells.size(); ++reg) {
      if (!step.piece.graph.registers[reg].live_out) continue;
      const int cell = step.piece.cells[reg];
      if (!placed.code.loop.registers[reg].live_out) continue;  // kept on the stack
      const bool changed = !core::is_invariant(step.piece.graph, static_cast<int>(reg));
      Where& where = where_[cell];
      where.reg = exit_of(placed, static_cast<int>(reg));
      if (changed) where.slot.reset();
    }
    std::erase_if(where_, [&](const auto& one) { return !step.live_out.contains(one.first); });
  }

  /// Cells take the places of those that they take the values of: nothing moves.
  void carry(const Step& step) {
    for (const recorder::Carry& carry : step.carries) {
      if (!step.live_out.contains(carry.to) && !wanted_later(step, carry)) continue;
      const Where from = where_.at(carry.from.value);
      const int units = core::register_file(class_of(carry.to)).units;
      Where& to = where_[carry.to];
      to = {};
      if (from.reg)
        to.reg = part_of(*from.reg, carry.from.first, std::min(units, from.reg->units()));
      if (!from.reg) to.slot = *from.slot + carry.from.first * 32;
    }
    std::erase_if(where_, [&](const auto& one) { return !step.live_out.contains(one.first); });
  }

  /// Whether another carry of the step reads what this one writes.
  static bool wanted_later(const Step& step, const recorder::Carry& carry) {
    return std::any_of(step.carries.begin(), step.carries.end(),
                       [&](const recorder::Carry& other) { return other.from.value == carry.to; });
  }

  void end_loop(const Step& step) {
    const Head head = std::move(heads_.back());
    heads_.pop_back();
    const std::set<int> later = &step == &steps_.back() ? std::set<int>{} : (&step + 1)->live_in;
    for (const int cell : later) {
      // The moves to the beginning know nothing of it.
      if (head.where.contains(cell) || !where_.contains(cell)) continue;
      slot_of(cell, class_of(cell));
      put_on_stack(cell);
      where_[cell].reg.reset();
    }
    const Places after = where_;
    enter(static_cast<size_t>(step.begin) + 1);
    for (const auto& [cell, where] : head.where) {
      if (where.slot && !where_.at(cell).slot) {
        // In a register at the end, but on the stack at the beginning.
        put_on_stack(cell);
      }
    }
    weaver_.jump(head.label, where_.at(step.counter).reg.value(), step.trips);
    compiled_.outer_trips.push_back(step.trips);
    // After the last iteration cells are where the beginning wants them, the others as they were.
    for (const auto& [cell, where] : after) where_.try_emplace(cell, where);
    std::erase_if(where_, [&](const auto& one) { return !step.live_out.contains(one.first); });
  }

  const recorder::Kernel& kernel_;
  const std::vector<core::RegisterClass>& classes_;
  std::vector<Step> steps_;
  std::vector<Placed> placed_;
  const Frame frame_;
  std::map<int, int> slots_;            ///< by cell
  int cells_at_ = 0, slots_bytes_ = 0;  ///< below what any piece spills
  Places where_;
  std::vector<Head> heads_;
  core::Weaver weaver_;
  Compiled compiled_;
};

}  // namespace

Compiled compile(const recorder::Kernel& kernel, const core::Effort& effort) {
  std::vector<Step> steps = flow_of(kernel);
  const std::vector<Placed> placed = place_pieces(steps, kernel.classes, effort);
  const Frame frame = Compiler(kernel, steps, placed).frame();
  return Compiler(kernel, std::move(steps), placed, frame).run();
}

}  // namespace sotto::npu::cycles
