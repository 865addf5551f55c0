#include "npu/core/loop.h"

#include <utility>

#include "base/error.h"

namespace sotto::npu::core {
namespace {

class Checker {
 public:
  explicit Checker(const Loop& loop) : loop_(loop) {
    for (const VirtualRegister& reg : loop.registers) {
      const size_t units = static_cast<size_t>(register_file(reg.cls).units);
      writers_.emplace_back(units, -1);
    }
  }

  std::string run() {
    if (loop_.trips < 1 || loop_.min_trips < 0) return "the loop may run no time";
    for (size_t i = 0; i < loop_.operations.size(); ++i) {
      std::string problem = check(static_cast<int>(i));
      if (!problem.empty()) return concat("operation ", i, ": ", problem);
    }
    for (size_t i = 0; i < loop_.operations.size(); ++i) {
      std::string problem = check_flow(static_cast<int>(i));
      if (!problem.empty()) return concat("operation ", i, ": ", problem);
    }
    return check_orders();
  }

 private:
  std::string check_operand(const Operand& operand, Timing timing) const {
    if (operand.reg < 0 || operand.reg >= static_cast<int>(loop_.registers.size())) {
      return concat("no register ", operand.reg);
    }
    const VirtualRegister& reg = loop_.registers[static_cast<size_t>(operand.reg)];
    const RegisterFile& file = register_file(reg.cls);
    const Span span = span_of(loop_, operand);
    if (span.first < 0 || span.first + span.units > file.units) {
      return concat(reg.name, " has no units ", span.first, "+", span.units);
    }
    const bool is_part = span.units != file.units;
    const bool fits = is_part ? part_fits(timing.cls, reg.cls, span) : accepts(timing.cls, reg.cls);
    if (!fits) {
      return concat(reg.name, " is a ", file.name, ", not a ", register_file(timing.cls).name);
    }
    return operand.distance < 0 ? concat(reg.name, " comes from a later iteration") : "";
  }

  /// A part is a register of its own: half an x is a w.
  static bool part_fits(RegisterClass wanted, RegisterClass cls, Span span) {
    const Register whole{cls, 0};
    for (int i = 0; i < register_file(wanted).count; ++i) {
      const Register reg{wanted, static_cast<uint8_t>(i)};
      if (reg.first_unit() == whole.first_unit() + span.first && reg.units() == span.units)
        return true;
    }
    return false;
  }

  std::string check(int index) {
    const Operation& operation = loop_.operations[static_cast<size_t>(index)];
    const Signature wanted = signature(operation.opcode, operation.mode);
    if (operation.defs.size() != wanted.defs.size() ||
        operation.uses.size() != wanted.uses.size()) {
      return concat("has ", operation.defs.size(), " results and ", operation.uses.size(),
                    " sources, not ", wanted.defs.size(), " and ", wanted.uses.size());
    }
    bool any = false;
    for (const Opcode choice : choices(operation.opcode)) {
      any = any || encodable(choice, operation.mode, operation.immediate);
    }
    if (!any) return concat("cannot hold ", operation.immediate, " in this address mode");
    for (size_t i = 0; i < wanted.uses.size(); ++i) {
      std::string problem = check_operand(operation.uses[i], wanted.uses[i]);
      if (!problem.empty()) return problem;
    }
    for (size_t i = 0; i < wanted.defs.size(); ++i) {
      std::string problem = check_operand(operation.defs[i], wanted.defs[i]);
      if (problem.empty()) problem = write(operation.defs[i], index);
      if (!problem.empty()) return problem;
    }
    return "";
  }

  std::string write(const Operand& def, int index) {
    const VirtualRegister& reg = loop_.registers[static_cast<size_t>(def.reg)];
    if (reg.storage == Storage::state) return "";
    const Span span = span_of(loop_, def);
    for (int unit = span.first; unit < span.first + span.units; ++unit) {
      int& writer = writers_[static_cast<size_t>(def.reg)][static_cast<size_t>(unit)];
      if (writer >= 0) return concat("writes ", reg.name, ", which operation ", writer, " writes");
      writer = index;
    }
    return "";
  }

  /// A value of this iteration is written before it is read; one with a writer has writers
  /// throughout.
  std::string check_flow(int index) const {
    for (const Operand& use : loop_.operations[static_cast<size_t>(index)].uses) {
      const VirtualRegister& reg = loop_.registers[static_cast<size_t>(use.reg)];
      if (reg.storage == Storage::state) continue;
      const Span span = span_of(loop_, use);
      int written = 0;
      for (int unit = span.first; unit < span.first + span.units; ++unit) {
        const int writer = writers_[static_cast<size_t>(use.reg)][static_cast<size_t>(unit)];
        written += writer >= 0;
        if (writer >= index && use.distance == 0) {
          return concat("reads ", reg.name, " before operation ", writer, " writes it");
        }
      }
      if (written != 0 && written != span.units && !reg.padded)
        return concat(reg.name, " is written in part only");
    }
    return "";
  }

  std::string check_orders() const {
    const int count = static_cast<int>(loop_.operations.size());
    for (const Order& order : loop_.orders) {
      if (order.from < 0 || order.from >= count || order.to < 0 || order.to >= count) {
        return concat("an order names operations ", order.from, " and ", order.to, " of ", count);
      }
      if (order.distance < 0 || (order.distance == 0 && order.from >= order.to)) {
        return concat("an order leads back from operation ", order.from, " to ", order.to);
      }
    }
    return "";
  }

  const Loop& loop_;
  std::vector<std::vector<int>> writers_;  ///< by register and unit; -1: none
};

}  // namespace

int Loop::value(RegisterClass cls, std::string value_name) {
  if (value_name.empty()) value_name = concat("v", registers.size());
  registers.push_back(
      {cls, Storage::value, std::move(value_name), false, false, std::nullopt, std::nullopt});
  return static_cast<int>(registers.size()) - 1;
}

int Loop::state(RegisterClass cls, std::string state_name) {
  const int index = value(cls, std::move(state_name));
  registers.back().storage = Storage::state;
  return index;
}

int Loop::add(Operation operation) {
  operations.push_back(std::move(operation));
  return static_cast<int>(operations.size()) - 1;
}

Span span_of(const Loop& loop, const Operand& operand) {
  const RegisterClass cls = loop.registers[static_cast<size_t>(operand.reg)].cls;
  return {operand.first, operand.units == 0 ? register_file(cls).units : operand.units};
}

std::string problem_of(const Loop& loop) {
  return Checker(loop).run();
}

}  // namespace sotto::npu::core
