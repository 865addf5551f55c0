// On the chip: streams, and the buffers that a core gets through them.
#include <algorithm>

#include "npu/calibrate/row.h"
#include "npu/calibrate/timing.h"
#include "npu/calibrate/transfers.h"
#include "npu/design/check/check.h"
#include "npu/design/lower.h"

namespace sotto::npu::calibrate {
namespace {

constexpr int kMhz = 1800;

/// From the first word sent to the last one received, descriptors included.
double stream_cycles(const sim::Costs& costs) {
  sim::Trace trace;
  sim::Options options;
  options.mhz = kMhz;
  options.mode = sim::Mode::timing;
  options.costs = costs;
  options.trace = &trace;
  sim::simulate(design::lower(design::check(stream_to_core())), {}, options);
  sim::Cycle first = sim::Cycle{1} << 40, last = 0;
  for (const sim::Trace::Span& span : trace.spans) {
    if (span.what == "sends") first = std::min(first, span.begin);
    if (span.what == "receives") last = std::max(last, span.end);
  }
  return static_cast<double>(last - first);
}

double back_ms(const sim::Costs& costs, int hops) {
  const auto cycles = [&](int objects) {
    return static_cast<double>(timed(there_and_back(1, objects, hops), {}, costs, kMhz).cycles());
  };
  return cycles(256) - cycles(128);
}

/// More than the kernel takes, for each buffer.
double cycles_per_buffer(const sim::Costs& costs) {
  constexpr int kWork = 4000;  // so long that data is always there
  sim::KernelLibrary library;
  library.add("work", {}, sim::Cycle{kWork});
  const auto cycles = [&](int buffers) {
    return static_cast<double>(timed(buffers_through_core(buffers), library, costs, kMhz).cycles());
  };
  return (cycles(96) - cycles(32)) / 64 - kWork;
}

}  // namespace

std::vector<Row> stream_rows() {
  return {
      {.name = "stream",
       .what = "memory tile to core, 262,144 words",
       .source = "stream_width",
       .unit = "cycles",
       .published = 262168,
       .simulate = stream_cycles},
      {.name = "hop",
       .what = "1 MB through two memory tiles instead of one",
       .source = "memtile_hop",
       .unit = "times",
       .published = 1,
       .simulate = [](const sim::Costs& costs) { return back_ms(costs, 2) / back_ms(costs, 1); }},
      {.name = "buffers",
       .what = "a buffer through a core, besides its kernel",
       .source = "pmu_probe",
       .unit = "cycles",
       .published = 205,
       .simulate = cycles_per_buffer},
  };
}

}  // namespace sotto::npu::calibrate
