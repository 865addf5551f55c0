#include "npu/core/program.h"

namespace sotto::npu::core {

SlotSet Bundle::slots() const {
  SlotSet taken;
  for (const Instruction& instruction : instructions) {
    taken = taken | SlotSet(info(instruction.opcode).slot);
  }
  return taken;
}

int Program::bytes() const {
  int sum = 0;
  for (const Bundle& bundle : bundles) sum += bundle.bytes;
  return sum;
}

int64_t Program::cycles() const {
  const int64_t once = static_cast<int64_t>(bundles.size());
  if (!loop) return once;
  return once + (loop->trips - 1) * (loop->last - loop->first + 1);
}

}  // namespace sotto::npu::core
