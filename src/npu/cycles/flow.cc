#include "npu/cycles/flow.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "base/error.h"
#include "npu/cycles/sink.h"

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
      const auto reg = static_cast<size_t>(operation.uses[0].reg);
      // A loop counts in place; a value is computed anew each time.
      if (graph.registers[reg].storage != core::Storage::state) {
        fail(ErrorKind::unsupported, graph.name, ": a branch on data; only leaves() may ask");
      }
      counter = piece.cells[reg];
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
  const int count = core::register_file(graph.registers[static_cast<size_t>(reg)].cls).units;
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

bool is_touched(const core::Loop& graph, int reg) {
  for (const core::Operation& operation : graph.operations) {
    for (const auto& operands : {operation.defs, operation.uses}) {
      for (const core::Operand& operand : operands) {
        if (operand.reg == reg) return true;
      }
    }
  }
  return false;
}

/// What straight code sets need not come in.
void drop_overwritten(Step& step) {
  std::erase_if(step.piece.entries, [&](const recorder::Entry& entry) {
    return is_overwritten(step.piece.graph, entry.reg);
  });
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
    check_leaving(step);
    if (!is_loop) drop_overwritten(step);
    if (counter >= 0) counter_ = counter;
    steps_.push_back(std::move(step));
  }

  /// A call is left at one place, between innermost loops.
  void check_leaving(const Step& step) {
    for (const core::Operation& operation : step.piece.graph.operations) {
      if (operation.opcode != Opcode::jnz_leave) continue;
      if (step.kind == Step::Kind::inner_loop) {
        fail(ErrorKind::unsupported, step.name, ": an innermost loop leaves the call");
      }
      if (leaves_) fail(ErrorKind::unsupported, "a call that is left early at two places");
      leaves_ = true;
    }
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
  bool leaves_ = false;
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

void find_flow(std::vector<Step>& steps) {
  for (Step& step : steps) {
    step.reads = reads_of(step);
    step.writes = writes_of(step);
    step.live_in.clear();
    step.live_out.clear();
    if (step.returned >= 0) step.live_out.insert(step.returned);
  }
  find_living(steps);
}

/// Whether a value has parts that are written before operation `at` and others behind it.
bool is_inside_a_value(const core::Loop& graph, size_t at) {
  std::vector<int> before(graph.registers.size(), 0), behind = before;
  for (size_t op = 0; op < graph.operations.size(); ++op) {
    for (const core::Operand& def : graph.operations[op].defs) {
      ++(op < at ? before : behind)[static_cast<size_t>(def.reg)];
    }
  }
  for (size_t reg = 0; reg < before.size(); ++reg) {
    const bool is_value = graph.registers[reg].storage == core::Storage::value;
    if (is_value && before[reg] > 0 && behind[reg] > 0) return true;
  }
  return false;
}

/// Leaves the operations before `at` in the step; the others become another one.
Step cut(Step& first, size_t at) {
  Step second = first;
  core::Loop& head = first.piece.graph;
  core::Loop& tail = second.piece.graph;
  const auto middle = static_cast<std::ptrdiff_t>(at);
  const int cut_at = static_cast<int>(at);
  head.operations.erase(head.operations.begin() + middle, head.operations.end());
  tail.operations.erase(tail.operations.begin(), tail.operations.begin() + middle);
  std::erase_if(head.orders, [&](const core::Order& order) { return order.to >= cut_at; });
  std::erase_if(tail.orders, [&](const core::Order& order) { return order.from < cut_at; });
  for (core::Order& order : tail.orders) {
    order.from -= cut_at;
    order.to -= cut_at;
  }
  std::vector<bool> made(head.registers.size()), made_later = made;
  for (const core::Operation& operation : head.operations) {
    for (const core::Operand& def : operation.defs) made[static_cast<size_t>(def.reg)] = true;
  }
  for (const core::Operation& operation : tail.operations) {
    for (const core::Operand& def : operation.defs) made_later[static_cast<size_t>(def.reg)] = true;
  }
  second.piece.entries.clear();
  for (size_t reg = 0; reg < made.size(); ++reg) {
    const int cell = first.piece.cells[reg];
    const int units = core::register_file(head.registers[reg].cls).units;
    const bool is_value = head.registers[reg].storage == core::Storage::value;
    head.registers[reg].live_out = made[reg];
    tail.registers[reg].live_out = made_later[reg];
    if (is_value && made_later[reg]) continue;
    if (is_overwritten(tail, static_cast<int>(reg))) continue;
    second.piece.entries.push_back({static_cast<int>(reg), 0, {cell, 0, units}});
  }
  // Each half knows the registers that it touches only.
  for (Step* const half : {&first, &second}) {
    std::erase_if(half->piece.entries, [&](const recorder::Entry& entry) {
      return !is_touched(half->piece.graph, entry.reg);
    });
  }
  return second;
}

}  // namespace

std::vector<Step> flow_of(const recorder::Kernel& kernel) {
  std::vector<Step> steps = Flattener().run(kernel.regions);
  if (!steps.empty()) steps.back().returned = kernel.returned_cell;
  find_flow(steps);
  sink_constants(steps);
  for (Step& step : steps) {
    if (step.kind == Step::Kind::straight) drop_overwritten(step);
  }
  find_flow(steps);
  return steps;
}

bool split(std::vector<Step>& steps, size_t index) {
  const size_t count = steps[index].piece.graph.operations.size();
  for (size_t away = 0; away < count / 2; ++away) {
    for (const size_t at : {count / 2 - away, count / 2 + away}) {
      if (at == 0 || at >= count || is_inside_a_value(steps[index].piece.graph, at)) continue;
      Step second = cut(steps[index], at);
      steps[index].returned = -1;
      steps.insert(steps.begin() + static_cast<std::ptrdiff_t>(index) + 1, std::move(second));
      for (Step& step : steps) step.begin += step.begin > static_cast<int>(index);
      find_flow(steps);
      return true;
    }
  }
  return false;
}

}  // namespace sotto::npu::cycles
