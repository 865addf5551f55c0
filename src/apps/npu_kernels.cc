#include "apps/npu_kernels.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>

#include "apps/kernel_names.h"
#include "apps/table.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/numbers.h"
#include "base/thread_pool.h"
#include "npu/cycles/compilers.h"
#include "npu/cycles/explain.h"
#include "npu/recorder/record.h"

namespace sotto::apps {
namespace {

using npu::cycles::KernelCost;
using npu::cycles::kPeano;

NpuKernelReport report(const std::string& name) {
  const npu::recorder::Kernel kernel = npu::recorder::record(name);
  return {kernel.size, npu::cycles::cost_of(kernel)};
}

/// Kernels are compiled side by side; a message names the last one that was begun.
std::vector<NpuKernelReport> report_all(const std::vector<std::string>& names, Console& console) {
  std::vector<NpuKernelReport> reports(names.size());
  std::vector<std::exception_ptr> errors(names.size());
  std::mutex mutex;
  std::size_t done = 0;
  ThreadPool pool(std::min(ThreadPool::usable_cpus(), static_cast<int>(names.size())));
  pool.parallel_for(static_cast<std::int64_t>(names.size()), [&](std::int64_t i, int) {
    const auto at = static_cast<std::size_t>(i);
    if (interrupted()) return;
    {
      const std::lock_guard lock(mutex);
      console.progress(concat(done, " of ", names.size(), " kernels compiled, now ", names[at]));
    }
    try {
      reports[at] = report(names[at]);
    } catch (...) {
      errors[at] = std::current_exception();
    }
    const std::lock_guard lock(mutex);
    ++done;
  });
  console.progress("");
  check_interrupted();
  for (const std::exception_ptr& error : errors) {
    if (error) std::rethrow_exception(error);
  }
  return reports;
}

std::string bytes_or_none(std::int64_t bytes) {
  return bytes == 0 ? "-" : grouped(bytes);
}

}  // namespace

double share_of_peak(const KernelCost& cost) {
  return cost.peak_cycles / static_cast<double>(cost.cycles);
}

/// What is in the costs and has no code: of which kernels, and how much.
std::string guards_of(const std::vector<NpuKernelReport>& reports) {
  std::string guarded;
  for (const NpuKernelReport& report : reports) {
    std::int64_t guards = 0, plain_bytes = 0;
    for (const npu::cycles::LoopCost& loop : report.cost.loops) {
      guards += loop.is_guarded;
      plain_bytes += loop.plain_bytes;
    }
    if (guards == 0) continue;
    guarded += concat(guarded.empty() ? "" : ", ", report.cost.name, " (", guards, "; ",
                      grouped(plain_bytes), " bytes)");
  }
  if (guarded.empty()) return {};
  return concat("Guarded loops, and the bytes of their plain twins: ", guarded, ".\nOf each ",
                npu::cycles::kGuardCycles, " cycles, every time that it is entered, and ",
                npu::cycles::kGuardBytes,
                " bytes for the choice between the two are assumed, not scheduled.\n");
}

std::string kernels_table(const std::vector<NpuKernelReport>& reports) {
  Table table("<<>>>>>><>>>>>>>");
  table.add({"kernel", "call", "MACs", "scheduled", "compiled", "% of peak", "II", "least",
             "binding", "program", "bank 0", "bank 1", "bank 2", "bank 3", "conflicts", "stack"});
  for (const NpuKernelReport& report : reports) {
    const KernelCost& cost = report.cost;
    const npu::cycles::LoopCost* const loop = npu::cycles::hot_loop(cost);
    std::vector<std::string> row = {cost.name,
                                    report.size,
                                    cost.macs == 0 ? "-" : grouped(cost.macs),
                                    grouped(cost.cycles),
                                    grouped(npu::cycles::compiled_cycles(cost.cycles, kPeano)),
                                    cost.macs == 0 ? "-" : decimals(100 * share_of_peak(cost), 1),
                                    loop == nullptr ? "-" : grouped(loop->interval),
                                    loop == nullptr ? "-" : grouped(loop->bound),
                                    loop == nullptr ? "-" : loop->binding,
                                    grouped(cost.program_bytes)};
    for (const std::int64_t bytes : cost.bank_bytes) row.push_back(bytes_or_none(bytes));
    row.push_back(grouped(cost.bank_stalls));
    row.push_back(bytes_or_none(cost.stack_bytes));
    table.add(std::move(row));
  }
  return concat(
      table.text(),
      "\nscheduled: cycles of a call of the code that Sotto schedules, computed by "
      "running it; nothing here is measured on an NPU.\ncompiled: ",
      decimals(kPeano.factor, 2), " times that, which is what ", kPeano.name,
      " takes for AMD's matrix "
      "product (",
      decimals(kPeano.least, 2), " to ", decimals(kPeano.most, 2),
      "; docs/npu/calibration.md).\n"
      "% of peak: of 128 bf16, 256 int8 or 64 int16 MACs a cycle. II: cycles from iteration to "
      "iteration of the loop that takes most; least: that any\nschedule needs, because of what is "
      "binding. Bytes; of buffers by bank, as placed for the conflicts that are counted.\n",
      guards_of(reports));
}

int npu_kernels(const NpuOptions& options, Console& console) {
  const std::vector<std::string> known = npu::recorder::recordable();
  if (options.explain || options.assembly) {
    const std::string name =
        kernel_named(*(options.explain ? options.explain : options.assembly), known);
    console.progress(concat("compiling ", name));
    const npu::recorder::Kernel kernel = npu::recorder::record(name);
    const npu::cycles::Compiled compiled = npu::cycles::compile(kernel);
    // Also of assembly: it is shown only if it is right.
    const KernelCost cost = npu::cycles::cost_of(kernel, compiled);
    console.progress("");
    console.lines(options.explain ? npu::cycles::explain(kernel, compiled, cost)
                                  : npu::cycles::assembly(kernel, compiled));
    return 0;
  }
  std::vector<std::string> names;
  for (const std::string& given : options.kernels) names.push_back(kernel_named(given, known));
  catch_interrupts();
  const std::vector<NpuKernelReport> reports = report_all(names.empty() ? known : names, console);
  console.lines(options.json ? kernels_json(reports) : kernels_table(reports));
  return 0;
}

}  // namespace sotto::apps
