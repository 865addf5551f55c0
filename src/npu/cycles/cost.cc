#include "npu/cycles/cost.h"

#include "base/error.h"
#include "npu/cycles/run.h"
#include "npu/recorder/record.h"

namespace sotto::npu::cycles {
namespace {

/// Lanes that an instruction multiplies: a bf16 product of matrices 128, one of int8 256, one of
/// int16 lanes 32.
int macs_of(const core::Instruction& made) {
  using enum core::Opcode;
  switch (made.opcode) {
    case vmac_f:
    case vmsc_f:
    case vmul_f:
    case vnegmul_f:
      return 128;
    case vmac:
    case vmsc:
    case vnegmac:
    case vnegmsc:
    case vmul:
    case vnegmul:
      return 256;
    default:
      return 0;
  }
}

LoopCost loop_cost(const CompiledPiece& piece) {
  LoopCost cost;
  cost.name = piece.name;
  cost.trips = piece.code.loop.trips;
  cost.runs = piece.runs;
  cost.interval = piece.code.schedule.interval;
  cost.bound = piece.code.bounds.interval();
  cost.binding = piece.code.bounds.recurrences > piece.code.bounds.resources
                     ? "recurrence"
                     : piece.code.bounds.binding;
  cost.stages = piece.code.schedule.stages();
  cost.unroll = piece.code.allocation.unroll;
  cost.spills = piece.code.spills;
  cost.cycles = piece.code.program.cycles();
  cost.is_guarded = piece.plain_bytes > 0;
  return cost;
}

}  // namespace

KernelCost cost_of(const recorder::Kernel& kernel, const core::Effort& effort) {
  const Compiled compiled = compile(kernel, effort);
  const std::string problem = check(compiled, kernel);
  if (!problem.empty()) fail(ErrorKind::unsupported, "code of ", kernel.name, ": ", problem);
  const BitRun ran = run(compiled, kernel);
  KernelCost cost;
  cost.name = kernel.name;
  cost.cycles = ran.cycles + kCallCycles;
  cost.bank_stalls = ran.bank_stalls;
  cost.program_bytes = compiled.image.bytes();
  cost.stack_bytes = compiled.stack_bytes;
  cost.moves = compiled.moves;
  for (size_t bundle = 0; bundle < compiled.image.bundles.size(); ++bundle) {
    for (const core::Instruction& made : compiled.image.bundles[bundle].instructions) {
      const int macs = macs_of(made);
      const int64_t runs = macs == 0 ? 0 : compiled.image.runs_of(static_cast<int>(bundle));
      cost.mac_cycles += runs;
      cost.macs += macs * runs;
    }
  }
  for (const CompiledPiece& piece : compiled.pieces) {
    if (!piece.is_loop) continue;
    cost.loops.push_back(loop_cost(piece));
    if (piece.plain_bytes == 0) continue;
    cost.program_bytes += piece.plain_bytes + kGuardBytes;
    cost.cycles += kGuardCycles * piece.runs;
  }
  for (const recorder::Object& object : kernel.objects) {
    cost.bank_bytes[static_cast<size_t>(object.bank)] += object.bytes;
  }
  return cost;
}

const KernelCost& Costs::of(const std::string& name, const recorder::Sizes& sizes) {
  const auto known = known_.find({name, sizes});
  if (known != known_.end()) return known->second;
  KernelCost cost = cost_of(recorder::record(name, sizes), effort_);
  return known_.emplace(std::pair(name, sizes), std::move(cost)).first->second;
}

}  // namespace sotto::npu::cycles
