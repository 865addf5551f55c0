// The controller, and what a dispatch costs.
#include "npu/calibrate/row.h"
#include "npu/calibrate/timing.h"
#include "npu/calibrate/transfers.h"

namespace sotto::npu::calibrate {
namespace {

constexpr int kMhz = 1800;

double ms(const design::Design& design, const sim::Costs& costs) {
  return static_cast<double>(timed(design, {}, costs, kMhz).cycles()) / (kMhz * 1e3);
}

Row dispatch_row(const char* name, const char* what, const char* source, double us,
                 sim::Picoseconds sim::Costs::*overhead) {
  return {.name = name,
          .what = what,
          .source = source,
          .unit = "us",
          .published = us,
          .simulate = [=](const sim::Costs& costs) {
            // With the one operation of such a stream.
            return static_cast<double>(costs.*overhead + costs.operation) * 1e-6;
          }};
}

}  // namespace

std::vector<Row> controller_rows() {
  return {
      {.name = "operation",
       .what = "an operation more in the sequence",
       .source = "graph_engine",
       .unit = "ns",
       .published = 144.5,
       .simulate =
           [](const sim::Costs& costs) {
             return (ms(operations(1100), costs) - ms(operations(100), costs)) * 1e3;
           }},
      {.name = "task",
       .what = "a task more that moves next to nothing",
       .source = "graph_engine",
       .unit = "us",
       .published = 1.4,
       .simulate =
           [](const sim::Costs& costs) {
             // Four channels, so that none is waited for.
             return (ms(reads(4, 2, 8 * 72, 72), costs) - ms(reads(4, 2, 8 * 8, 8), costs)) * 1e3 /
                    (64 * 8);
           }},
      dispatch_row("dispatch in list", "one of a list of 64", "dispatch_cpp_runlist", 36.35,
                   &sim::Costs::dispatch_in_list),
      dispatch_row("dispatch call", "one call from C++", "dispatch_cpp_runlist", 109,
                   &sim::Costs::dispatch_call),
      dispatch_row("dispatch alone", "a stream of one operation", "graph_engine", 252,
                   &sim::Costs::dispatch_single),
      {.name = "net without work",
       .what = "2,972 tasks of a network, 35 MB, cores do nothing",
       .source = "split_segment_floor",
       .unit = "ms",
       .published = 5.51,
       .gating = false,
       .note = "which tasks wait for which is not published"},
  };
}

}  // namespace sotto::npu::calibrate
