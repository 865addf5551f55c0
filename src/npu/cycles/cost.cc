#include "npu/cycles/cost.h"

#include <algorithm>

#include "base/error.h"
#include "npu/core/return.h"
#include "npu/cycles/run.h"
#include "npu/recorder/record.h"

namespace sotto::npu::cycles {
namespace {

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
  cost.plain_bytes = piece.plain_bytes;
  return cost;
}

/// The frame lies beside the buffers of the stack's bank.
void check_stack(const KernelCost& cost) {
  const int64_t buffers = cost.bank_bytes[core::kStackBank];
  if (cost.stack_bytes == 0 || buffers + cost.stack_bytes <= core::kBankBytes) return;
  fail(ErrorKind::unsupported, cost.name, ": its frame of ", cost.stack_bytes, " bytes and its ",
       buffers, " bytes of buffers do not fit into bank ", core::kStackBank, " of ",
       core::kBankBytes, "; place buffers in other banks");
}

}  // namespace

KernelCost cost_of(const recorder::Kernel& kernel, const core::Effort& effort) {
  return cost_of(kernel, compile(kernel, effort));
}

KernelCost cost_of(const recorder::Kernel& kernel, const Compiled& compiled) {
  const std::string problem = check(compiled, kernel);
  if (!problem.empty()) fail(ErrorKind::unsupported, "code of ", kernel.name, ": ", problem);
  const BitRun ran = run(compiled, kernel);
  KernelCost cost;
  cost.name = kernel.name;
  cost.cycles = ran.cycles + kCallCycles - kReturnCycles;
  cost.beside_return = core::beside_return(compiled.image);
  cost.bank_stalls = ran.bank_stalls;
  cost.macs = ran.macs;
  cost.peak_cycles = ran.peak_cycles;
  cost.program_bytes = compiled.image.bytes();
  cost.stack_bytes = compiled.stack_bytes;
  cost.moves = compiled.moves;
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
  check_stack(cost);
  return cost;
}

const LoopCost* hot_loop(const KernelCost& cost) {
  const auto takes = [](const LoopCost& loop) { return loop.cycles * loop.runs; };
  const auto most =
      std::max_element(cost.loops.begin(), cost.loops.end(),
                       [&](const LoopCost& a, const LoopCost& b) { return takes(a) < takes(b); });
  return most == cost.loops.end() ? nullptr : &*most;
}

const KernelCost& Costs::of(const std::string& name, const recorder::Sizes& sizes) {
  const auto known = known_.find({name, sizes});
  if (known != known_.end()) return known->second;
  KernelCost cost = cost_of(recorder::record(name, sizes), effort_);
  return known_.emplace(std::pair(name, sizes), std::move(cost)).first->second;
}

}  // namespace sotto::npu::cycles
