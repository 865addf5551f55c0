#include "npu/cycles/sink.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

namespace sotto::npu::cycles {
namespace {

using core::Operand;
using core::Operation;

/// The register of a piece that stands for a cell, or -1.
int register_of(const Step& step, int cell) {
  const auto& cells = step.piece.cells;
  const auto found = std::find(cells.begin(), cells.end(), cell);
  return found == cells.end() ? -1 : static_cast<int>(found - cells.begin());
}

bool is_constant(const Operation& operation) {
  return operation.uses.empty() && operation.defs.size() == 1 && !operation.access &&
         operation.mode == core::AddressMode::none &&
         core::choices(operation.opcode).size() > 1;  // a family that sets
}

class Sinker {
 public:
  explicit Sinker(std::vector<Step>& steps) : steps_(steps) {}

  void run() {
    for (size_t from = 0; from < steps_.size(); ++from) {
      if (steps_[from].kind != Step::Kind::straight) continue;
      std::set<int> cells;
      for (const Operation& operation : steps_[from].piece.graph.operations) {
        if (is_constant(operation)) cells.insert(cell_of(from, operation.defs[0]));
      }
      for (const int cell : cells) {
        const std::optional<size_t> to = target(from, cell);
        if (to) move(from, *to, cell);
      }
    }
  }

 private:
  int cell_of(size_t step, const Operand& operand) const {
    return steps_[step].piece.cells[static_cast<size_t>(operand.reg)];
  }

  /// The straight code that can set the cell instead.
  std::optional<size_t> target(size_t from, int cell) const {
    if (!only_sets(from, cell)) return std::nullopt;
    std::optional<size_t> to;
    for (size_t i = from + 1; i < steps_.size(); ++i) {
      const Step& step = steps_[i];
      const bool begins = step.kind == Step::Kind::begin, ends = step.kind == Step::Kind::end;
      if (ends || (begins && step.trips > 1)) return std::nullopt;
      if (begins) to.reset();
      if (step.kind == Step::Kind::straight) to = i;
      if (!step.reads.contains(cell)) continue;
      const bool others_leave_it = to && is_left_by_all(from, cell);
      return others_leave_it ? to : std::nullopt;
    }
    return std::nullopt;
  }

  /// Whether the step does nothing with the cell but set it.
  bool only_sets(size_t from, int cell) const {
    const core::Loop& graph = steps_[from].piece.graph;
    for (size_t op = 0; op < graph.operations.size(); ++op) {
      const Operation& operation = graph.operations[op];
      const auto is_cell = [&](const Operand& one) { return cell_of(from, one) == cell; };
      const bool touches = std::any_of(operation.defs.begin(), operation.defs.end(), is_cell) ||
                           std::any_of(operation.uses.begin(), operation.uses.end(), is_cell);
      if (touches && !is_constant(operation)) return false;
      const auto ordered = [&](const core::Order& order) {
        return order.from == static_cast<int>(op) || order.to == static_cast<int>(op);
      };
      if (touches && std::any_of(graph.orders.begin(), graph.orders.end(), ordered)) return false;
    }
    return true;
  }

  /// Whether all other steps write nothing that is set here, or move it and bring it back.
  bool is_left_by_all(size_t from, int cell) const {
    std::vector<core::Span> set;
    const core::Loop& own = steps_[from].piece.graph;
    for (const Operation& operation : own.operations) {
      if (is_constant(operation) && cell_of(from, operation.defs[0]) == cell) {
        set.push_back(core::span_of(own, operation.defs[0]));
      }
    }
    for (size_t i = 0; i < steps_.size(); ++i) {
      const Step& step = steps_[i];
      for (const recorder::Carry& carry : step.carries) {
        if (carry.to == cell || carry.from.value == cell) return false;
      }
      if (step.kind == Step::Kind::end && step.counter == cell) return false;
      if (i == from || !step.is_piece()) continue;
      int64_t moved = 0;
      for (const Operation& operation : step.piece.graph.operations) {
        for (const Operand& def : operation.defs) {
          if (cell_of(i, def) != cell) continue;
          const core::Span span = core::span_of(step.piece.graph, def);
          if (std::none_of(set.begin(), set.end(), [&](core::Span one) { return one.meets(span); }))
            continue;
          if (operation.mode != core::AddressMode::increment) return false;
          moved += operation.immediate;
        }
      }
      if (moved != 0 || (moves(i, cell) && step.kind != Step::Kind::straight)) return false;
    }
    return true;
  }

  bool moves(size_t index, int cell) const {
    for (const Operation& operation : steps_[index].piece.graph.operations) {
      if (operation.mode != core::AddressMode::increment) continue;
      for (const Operand& def : operation.defs) {
        if (cell_of(index, def) == cell) return true;
      }
    }
    return false;
  }

  void move(size_t from, size_t to, int cell) {
    recorder::Piece& source = steps_[from].piece;
    recorder::Piece& piece = steps_[to].piece;
    const int old_reg = register_of(steps_[from], cell);
    int reg = register_of(steps_[to], cell);
    if (reg < 0) {
      reg = static_cast<int>(piece.cells.size());
      piece.cells.push_back(cell);
      piece.graph.registers.push_back(source.graph.registers[static_cast<size_t>(old_reg)]);
    }
    piece.graph.registers[static_cast<size_t>(reg)].live_out = true;
    std::vector<Operation> moved;
    std::vector<int> place;  // of the operations that stay
    std::vector<Operation> kept;
    for (Operation& operation : source.graph.operations) {
      const bool goes = is_constant(operation) && cell_of(from, operation.defs[0]) == cell;
      place.push_back(goes ? -1 : static_cast<int>(kept.size()));
      (goes ? moved : kept).push_back(std::move(operation));
    }
    source.graph.operations = std::move(kept);
    for (core::Order& order : source.graph.orders) {
      order.from = place[static_cast<size_t>(order.from)];
      order.to = place[static_cast<size_t>(order.to)];
    }
    forget(source, old_reg);
    for (Operation& operation : moved) {
      operation.defs[0].reg = reg;
      operation.origin = static_cast<int>(piece.effects.size());
      piece.effects.emplace_back();
    }
    const int count = static_cast<int>(moved.size());
    piece.graph.operations.insert(piece.graph.operations.begin(),
                                  std::make_move_iterator(moved.begin()),
                                  std::make_move_iterator(moved.end()));
    for (core::Order& order : piece.graph.orders) {
      order.from += count;
      order.to += count;
    }
  }

  /// Nothing enters or leaves by a register that no operation names any more.
  static void forget(recorder::Piece& piece, int reg) {
    piece.graph.registers[static_cast<size_t>(reg)].live_out = false;
    std::erase_if(piece.entries, [&](const recorder::Entry& entry) { return entry.reg == reg; });
  }

  std::vector<Step>& steps_;
};

}  // namespace

void sink_constants(std::vector<Step>& steps) {
  Sinker(steps).run();
}

}  // namespace sotto::npu::cycles
