#include "npu/cycles/flow.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "base/error.h"

namespace sotto::npu::cycles {
namespace {

using core::Opcode;
using recorder::Region;

bool sets_up_a_loop(Opcode opcode) {
  return opcode == Opcode::movxm_ls || opcode == Opcode::movxm_le || opcode == Opcode::movxm_lc ||
         opcode == Opcode::jnz;
}

/// The operations that stay, and the cell of the jump's counter, or -1.
int strip(recorder::Piece& piece) {
  core::Loop& graph = piece.graph;
  std::vector<core::Operation> kept;
  std::vector<int> moved;
  int counter = -1;
  for (size_t op = 0; op < graph.operations.size(); ++op) {
    core::Operation& operation = graph.operations[op];
    operation.origin = static_cast<int>(op);
    const bool stays = !sets_up_a_loop(operation.opcode);
    moved.push_back(stays ? static_cast<int>(kept.size()) : -1);
    if (operation.opcode == Opcode::jnz) {
      counter = piece.cells[static_cast<size_t>(operation.uses[0].reg)];
    }
    if (stays) kept.push_back(std::move(operation));
  }
  graph.operations = std::move(kept);
  std::erase_if(graph.orders, [&](const core::Order& order) {
    return moved[static_cast<size_t>(order.from)] < 0 || moved[static_cast<size_t>(order.to)] < 0;
  });
  for (core::Order& order : graph.orders) {
    order.from = moved[static_cast<size_t>(order.from)];
    order.to = moved[static_cast<size_t>(order.to)];
  }
  return counter;
}

/// Whether straight code writes all of a register before it reads any of it.
bool is_overwritten(const core::Loop& graph, int reg) {
  const int count =
      core::register_file(graph.registers[static_cast<size_t>(reg)].cls).units;
  std::vector<bool> written(static_cast<size_t>(count), false);
  for (const core::Operation& operation : graph.operations) {
    for (const core::Operand& use : operation.uses) {
      if (use.reg != reg) continue;
      const core::Span span = core::span_of(graph, use);
      for (int unit = span.first; unit < span.first + span.units; ++unit) {
        if (!written[static_cast<size_t>(unit)]) return false;
      }
    }
    for (const core::Operand& def : operation.defs) {
      if (def.reg != reg) continue;
      const core::Span span = core::span_of(graph, def);
      std::fill_n(written.begin() + span.first, span.units, true);
    }
  }
  return std::find(written.begin(), written.end(), false) == written.end();
}

class Flattener {
 public:
  std::vector<Step> run(const std::vector<Region>& regions) {
    add(regions);
    return std::move(steps_);
  }

 private:
  void add(const std::vector<Region>& regions) {
    for (const Region& region : regions) {
      if (region.kind == Region::Kind::outer_loop) {
        add_outer(region);
      } else {
        add_piece(region);
      }
    }
  }

  void add_piece(const Region& region) {
    Step step;
    const bool is_loop = region.kind == Region::Kind::inner_loop;
    step.kind = is_loop ? Step::Kind::inner_loop : Step::Kind::straight;
    step.name = region.name;
    step.piece = region.piece;
    step.trips = region.trips;
    step.min_trips = region.min_trips;
    const int counter = strip(step.piece);
    if (!is_loop) {
      std::erase_if(step.piece.entries, [&](const recorder::Entry& entry) {
        return is_overwritten(step.piece.graph, entry.reg);
      });
    }
    if (counter >= 0) counter_ = counter;
    steps_.push_back(std::move(step));
  }

  void add_carries(const std::vector<recorder::Carry>& carries) {
    if (carries.empty()) return;
    Step step;
    step.kind = Step::Kind::carry;
    step.carries = carries;
    steps_.push_back(std::move(step));
  }

  void add_outer(const Region& region) {
    add_carries(region.enters);
    Step begin;
    begin.kind = Step::Kind::begin;
    begin.name = region.name;
    begin.trips = region.trips;
    const int index = static_cast<int>(steps_.size());
    steps_.push_back(begin);
    if (region.body.empty() || region.body[0].kind == Region::Kind::outer_loop) {
      steps_.emplace_back();
    }
    add(region.body);
    add_carries(region.carries);
    Step end = std::move(begin);
    end.kind = Step::Kind::end;
    end.begin = index;
    end.counter = std::exchange(counter_, -1);
    SOTTO_CHECK(end.counter >= 0);
    steps_.push_back(std::move(end));
  }

  std::vector<Step> steps_;
  int counter_ = -1;
};

std::set<int> reads_of(const Step& step) {
  std::set<int> cells;
  if (step.kind == Step::Kind::end) return {step.counter};
  for (const recorder::Entry& entry : step.piece.entries) cells.insert(entry.from.value);
  std::set<int> written;
  for (const recorder::Carry& carry : step.carries) {
    if (!written.contains(carry.from.value)) cells.insert(carry.from.value);
    written.insert(carry.to);
  }
  return cells;
}

std::set<int> writes_of(const Step& step) {
  std::set<int> cells;
  for (size_t reg = 0; reg < step.piece.cells.size(); ++reg) {
    if (step.piece.graph.registers[reg].live_out) cells.insert(step.piece.cells[reg]);
  }
  for (const recorder::Carry& carry : step.carries) cells.insert(carry.to);
  return cells;
}

/// What is alive before and after each step, until nothing more is.
void find_living(std::vector<Step>& steps) {
  for (bool again = true; again;) {
    again = false;
    for (size_t i = steps.size(); i-- > 0;) {
      Step& step = steps[i];
      const size_t before = step.live_in.size() + step.live_out.size();
      if (i + 1 < steps.size()) {
        step.live_out.insert(steps[i + 1].live_in.begin(), steps[i + 1].live_in.end());
      }
      if (step.kind == Step::Kind::end) {
        const std::set<int>& head = steps[static_cast<size_t>(step.begin)].live_in;
        step.live_out.insert(head.begin(), head.end());
      }
      step.live_in = step.reads;
      std::set_difference(step.live_out.begin(), step.live_out.end(), step.writes.begin(),
                          step.writes.end(), std::inserter(step.live_in, step.live_in.end()));
      again |= step.live_in.size() + step.live_out.size() != before;
    }
  }
}

}  // namespace

std::vector<Step> flow_of(const recorder::Kernel& kernel) {
  std::vector<Step> steps = Flattener().run(kernel.regions);
  for (Step& step : steps) {
    step.reads = reads_of(step);
    step.writes = writes_of(step);
  }
  find_living(steps);
  return steps;
}

}  // namespace sotto::npu::cycles
