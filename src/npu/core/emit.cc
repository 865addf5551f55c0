#include "npu/core/emit.h"

#include <algorithm>

#include "base/error.h"
#include "npu/core/alignment.h"
#include "npu/core/formats.h"
#include "npu/core/hardware_loop.h"
#include "npu/core/spill.h"

namespace sotto::npu::core {
namespace {

Instruction instruction_of(const Loop& loop, const Schedule& schedule, const Allocation& allocation,
                           size_t op, int64_t iteration) {
  const Operation& operation = loop.operations[op];
  Instruction made;
  made.opcode = schedule.placements[op].opcode;
  made.suffix = operation.suffix;
  made.mode = operation.mode;
  made.immediate = operation.immediate;
  made.access = operation.access;
  made.operation = static_cast<int>(op);
  made.iteration = iteration;
  if (is_spill(made.access)) {
    // The places of the iterations in the kernel stand one area after the other.
    const int64_t place = iteration % allocation.unroll;
    made.immediate -= place * spill_area(loop);
    made.access->offset = place * made.access->stride;
    made.access->stride = 0;
  }
  const Signature all = signature(made.opcode, made.mode);
  // Half of an x is a w, half of a cm a bm: the register of the operand's class on those units.
  const auto place = [&](const Operand& operand, RegisterClass cls) {
    const Register whole_register = allocation.of(operand.reg, iteration - operand.distance);
    const Span span = span_of(loop, operand);
    if (span.units == whole_register.units()) return whole_register;
    for (int i = 0; i < register_file(cls).count; ++i) {
      const Register reg{cls, static_cast<uint8_t>(i)};
      if (reg.first_unit() == whole_register.first_unit() + span.first) return reg;
    }
    SOTTO_CHECK(false);
    return whole_register;
  };
  for (size_t i = 0; i < operation.defs.size(); ++i) {
    made.defs.push_back(place(operation.defs[i], all.defs[i].cls));
  }
  for (size_t i = 0; i < operation.uses.size(); ++i) {
    made.uses.push_back(place(operation.uses[i], all.uses[i].cls));
  }
  return made;
}

Instruction constant(Opcode opcode, Register to, int64_t value) {
  Instruction made;
  made.opcode = opcode;
  made.defs = {to};
  made.immediate = value;
  return made;
}

void set_shortest(Bundle& bundle) {
  bundle.bytes = bundle_bytes(bundle.slots());
  SOTTO_CHECK(bundle.bytes > 0);
}

/// Whether a bundle has room for a constant of 32 bits, which also takes the write path of r.
bool takes_long(const Program& program, int index) {
  if (program.bundles[static_cast<size_t>(index)].slots().meets(occupied_by(Slot::lng)))
    return false;
  for (int i = std::max(0, index - 8); i <= index; ++i) {
    for (const Instruction& made : program.bundles[static_cast<size_t>(i)].instructions) {
      for (const Reservation& use : info(made.opcode).units) {
        const int from = i + use.cycle;
        if (use.unit == Unit::rs_write_m && from <= index && index < from + use.cycles)
          return false;
      }
    }
  }
  return true;
}

void insert_first(Program& program, int at, const Bundle& bundle) {
  program.bundles.insert(program.bundles.begin() + at, bundle);
  ++program.loop->first;
  ++program.loop->last;
}

/// The writes of ls, le and lc: in the ramp where a bundle has room, if that is early enough.
bool set_up_in_ramp(Program& program, const std::vector<Instruction>& writes) {
  size_t done = 0;
  for (int i = 0; i < program.loop->first && done < writes.size(); ++i) {
    if (!takes_long(program, i)) continue;
    program.bundles[static_cast<size_t>(i)].instructions.push_back(writes[done++]);
    set_shortest(program.bundles[static_cast<size_t>(i)]);
  }
  for (; done < writes.size(); ++done) {
    Bundle before;
    before.instructions.push_back(writes[done]);
    set_shortest(before);
    insert_first(program, 0, before);
  }
  return stretch(program.bundles, program.loop->first, program.loop->last);
}

void set_up_before_ramp(Program& program, const std::vector<Instruction>& writes) {
  for (size_t i = 0; i < writes.size(); ++i) {
    Bundle before;
    before.instructions.push_back(writes[i]);
    set_shortest(before);
    insert_first(program, static_cast<int>(i), before);
  }
  Bundle nop;
  nop.bytes = kMaxBundleBytes;
  while (!stretch(program.bundles, program.loop->first, program.loop->last)) {
    insert_first(program, static_cast<int>(writes.size()), nop);
  }
}

void set_up_loop(Program& program) {
  const std::vector<Instruction> writes = {
      constant(Opcode::movxm_ls, {RegisterClass::ls, 0}, program.loop->first),
      constant(Opcode::movxm_le, {RegisterClass::le, 0}, program.loop->last),
      constant(Opcode::movxm_lc, {RegisterClass::lc, 0}, program.loop->trips)};
  Program in_ramp = program;
  if (set_up_in_ramp(in_ramp, writes)) {
    program = std::move(in_ramp);
  } else {
    set_up_before_ramp(program, writes);
  }
}

/// The loop starts and its last bundle starts at a multiple of 16 bytes; the last has 16.
void align_loop(Program& program) {
  program.bundles[static_cast<size_t>(program.loop->last)].bytes = kLoopEndBytes;
  while (!pad(program.bundles, 0, program.loop->first)) {
    program.bundles.insert(program.bundles.begin(), Bundle{});
    ++program.loop->first;
    ++program.loop->last;
  }
  // A bundle of six instructions has one size, 16 bytes, and fits anyhow.
  SOTTO_CHECK(pad(program.bundles, program.loop->first, program.loop->last));
}

}  // namespace

Program emit(const Loop& loop, const Schedule& schedule, const Allocation& allocation) {
  const int64_t stages = schedule.stages();
  const int unroll = allocation.unroll;
  const int64_t steady = loop.trips - (stages - 1);
  const int64_t trips = steady > 0 ? steady / unroll : 0;
  const bool has_loop = trips > 1;
  // Iterations that start before the kernel, and in the kernel's first trip.
  const int64_t lead = has_loop ? stages - 1 + steady % unroll : loop.trips;
  const int64_t started = has_loop ? lead + unroll : loop.trips;
  const int64_t skipped = loop.trips - started;  // in the other trips

  Program program;
  const int64_t issued = (started - 1) * schedule.interval + schedule.last_cycle() + 1;
  const int64_t kernel = lead * schedule.interval;
  // The last cycles of the kernel may be empty.
  const int64_t cycles = has_loop ? std::max(issued, kernel + unroll * schedule.interval) : issued;
  program.bundles.resize(static_cast<size_t>(cycles));
  for (int64_t iteration = 0; iteration < started; ++iteration) {
    for (size_t op = 0; op < loop.operations.size(); ++op) {
      const int64_t cycle = iteration * schedule.interval + schedule.placements[op].cycle;
      // What the ramp out issues belongs to the last iterations.
      const bool after = has_loop && cycle >= kernel + unroll * schedule.interval;
      program.bundles[static_cast<size_t>(cycle)].instructions.push_back(
          instruction_of(loop, schedule, allocation, op, iteration + (after ? skipped : 0)));
    }
  }
  for (Bundle& bundle : program.bundles) set_shortest(bundle);
  if (!has_loop) return program;
  program.loop =
      HardwareLoop{static_cast<int>(kernel),
                   static_cast<int>(kernel) + unroll * schedule.interval - 1, trips, unroll};
  set_up_loop(program);
  align_loop(program);
  return program;
}

RampCost ramps_of(const Program& program) {
  if (!program.loop) return {static_cast<int>(program.bundles.size()), 0};
  return {program.loop->first, static_cast<int>(program.bundles.size()) - program.loop->last - 1};
}

}  // namespace sotto::npu::core
