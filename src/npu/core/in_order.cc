// The loop run as it is written: one operation after the other.
#include <algorithm>
#include <deque>

#include "npu/core/replay.h"

namespace sotto::npu::core {
namespace {

class Interpreter {
 public:
  Interpreter(const Loop& loop, Semantics& semantics) : loop_(loop), semantics_(semantics) {
    int depth = 0;
    for (const Operation& operation : loop.operations) {
      for (const Operand& use : operation.uses) depth = std::max(depth, use.distance);
    }
    // Before the first iteration the newest entry is that of iteration −1. States and invariants
    // are in every entry.
    for (int distance = 1; distance <= depth + 1; ++distance) {
      std::vector<Tokens> registers;
      for (int reg = 0; reg < static_cast<int>(loop.registers.size()); ++reg) {
        registers.push_back(entry_tokens(loop, reg, changes(reg) ? distance : 0));
      }
      history_.push_back(std::move(registers));
    }
  }

  InOrder run() {
    for (int64_t iteration = 0; iteration < loop_.trips; ++iteration) {
      history_.push_front(history_.front());
      history_.pop_back();
      for (const Operation& operation : loop_.operations) step(operation, iteration);
    }
    return {history_.front()};
  }

 private:
  /// Whether it is a value that the loop makes.
  bool changes(int reg) const {
    if (loop_.registers[static_cast<size_t>(reg)].storage == Storage::state) return false;
    for (const Operation& operation : loop_.operations) {
      for (const Operand& def : operation.defs) {
        if (def.reg == reg) return true;
      }
    }
    return false;
  }

  void step(const Operation& operation, int64_t iteration) {
    Execution execution{operation.opcode,
                        &operation.suffix,
                        operation.mode,
                        operation.immediate,
                        operation.access ? &*operation.access : nullptr,
                        iteration,
                        ++time_,
                        {},
                        {},
                        static_cast<int>(&operation - loop_.operations.data()),
                        0};
    for (const Operand& use : operation.uses) {
      const bool state = loop_.registers[static_cast<size_t>(use.reg)].storage == Storage::state;
      const std::vector<Tokens>& registers =
          history_[state ? 0 : static_cast<size_t>(use.distance)];
      const Tokens& all = registers[static_cast<size_t>(use.reg)];
      const Span span = span_of(loop_, use);
      execution.uses.emplace_back(all.begin() + span.first, all.begin() + span.first + span.units);
    }
    for (const Operand& def : operation.defs) {
      execution.defs.emplace_back(static_cast<size_t>(span_of(loop_, def).units));
    }
    semantics_.address(execution);
    semantics_.execute(execution);
    for (size_t i = 0; i < operation.defs.size(); ++i) {
      const Operand& def = operation.defs[i];
      std::copy(execution.defs[i].begin(), execution.defs[i].end(),
                history_.front()[static_cast<size_t>(def.reg)].begin() + span_of(loop_, def).first);
    }
  }

  const Loop& loop_;
  Semantics& semantics_;
  std::deque<std::vector<Tokens>> history_;  ///< [d][r]: register r d iterations ago
  int64_t time_ = 0;                         ///< every operation in a cycle of its own
};

}  // namespace

InOrder run_in_order(const Loop& loop, Semantics& semantics) {
  return Interpreter(loop, semantics).run();
}

}  // namespace sotto::npu::core
