// More that others published of a Phoenix, much of it of its controller and of first words. Some of
// it is where costs came from (costs.h, [EM]); how the rest was measured is not said well enough to
// gate.
#include <algorithm>

#include "npu/calibrate/row.h"
#include "npu/calibrate/timing.h"
#include "npu/calibrate/transfers.h"
#include "npu/design/check/check.h"
#include "npu/design/lower.h"

namespace sotto::npu::calibrate {
namespace {

constexpr int kMhz = 1028;  // of the emulator's author
constexpr int kFast = 1800;

Row row(std::string name, std::string what, const char* source, const char* unit, double published,
        const char* note, std::function<double(const sim::Costs&)> simulate = {}, int mhz = kMhz) {
  return {.name = std::move(name),
          .what = std::move(what),
          .source = source,
          .unit = unit,
          .published = published,
          .gating = false,
          .mhz = mhz,
          .note = note,
          .simulate = std::move(simulate)};
}

/// What a simulation writes down, and the report that says which channel is which.
struct Traced {
  sim::Trace trace;
  sim::Report report;

  Traced(const design::Design& design, const sim::KernelLibrary& library, const sim::Costs& costs) {
    sim::Options options;
    options.mhz = kMhz;
    options.mode = sim::Mode::timing;
    options.costs = costs;
    options.trace = &trace;
    report = sim::simulate(design::lower(design::check(design)), library, options);
  }
  /// The first thing that this channel, or (-1) the core, does.
  const sim::Trace::Span& first(int channel) const {
    using Track = sim::Trace::Span::Track;
    const auto found =
        std::find_if(trace.spans.begin(), trace.spans.end(), [&](const sim::Trace::Span& span) {
          return span.kind == sim::Trace::Span::Kind::works &&
                 (channel < 0 ? span.track == Track::core && span.what == "work"
                              : span.track == Track::channel && span.index == channel);
        });
    if (found == trace.spans.end()) fail(ErrorKind::usage, "calibration: no such span");
    return *found;
  }
  int channel(TileKind kind, Direction direction) const {
    for (std::size_t i = 0; i < report.channels.size(); ++i) {
      const sim::ChannelReport& here = report.channels[i];
      if (kind_of(here.tile) == kind && here.direction == direction) return static_cast<int>(i);
    }
    fail(ErrorKind::usage, "calibration: no such channel");
  }
};

/// From the first object that is in a memory tile until it begins to leave it.
double through_memory_tile(const sim::Costs& costs) {
  const Traced run(there_and_back(1, 4), {}, costs);
  return static_cast<double>(run.first(run.channel(TileKind::memory, Direction::mm2s)).begin -
                             run.first(run.channel(TileKind::memory, Direction::s2mm)).end);
}
/// From the first object that is in a core until its kernel begins.
double to_kernel(const sim::Costs& costs) {
  sim::KernelLibrary library;
  library.add("work", {}, sim::Cycle{100});
  const Traced run(buffers_through_core(4), library, costs);
  return static_cast<double>(run.first(-1).begin -
                             run.first(run.channel(TileKind::core, Direction::s2mm)).end);
}

void add_latencies(std::vector<Row>& all) {
  all.push_back(row("memory tile to stream", "from an object's last word in to its first word out",
                    "EMU", "cycles", 13, "between which events is not said", through_memory_tile));
  all.push_back(row("stream to kernel", "from an object's last word in a core to its kernel", "EMU",
                    "cycles", 15, "of one lock; ours takes a second one, for its output, before",
                    to_kernel));
}

double cycles(const design::Design& design, const sim::Costs& costs, int mhz) {
  return static_cast<double>(timed(design, {}, costs, mhz).cycles());
}

void add_controller(std::vector<Row>& all) {
  all.push_back(
      row("operation, at 1,028 MHz", "a register written by the sequence", "EMU", "ns", 112 / 1.028,
          "the 8700G's own measurement says 140 to 149", [](const sim::Costs& costs) {
            return (cycles(operations(1100), costs, kMhz) - cycles(operations(100), costs, kMhz)) /
                   kMhz;
          }));
  all.push_back(row("task after task", "of a channel, each when there is room for it", "EMU",
                    "cycles", 2700, "how many operations lie between them is not said",
                    [](const sim::Costs& costs) {
                      return (cycles(reads(1, 1, 8 * 72, 72), costs, kMhz) -
                              cycles(reads(1, 1, 8 * 8, 8), costs, kMhz)) /
                             64;
                    }));
  all.push_back(row(
      "byte of instructions", "a task's time by the bytes of its instructions",
      "engine_dispatch_cost_model", "ns", 15.5, "of which streams is not published",
      [](const sim::Costs& costs) {
        const auto bytes = [](int tasks) {
          const auto program = design::lower(design::check(reads(4, 2, 8 * tasks, tasks)));
          return 4.0 * static_cast<double>(program.instructions.size());
        };
        return (cycles(reads(4, 2, 8 * 72, 72), costs, kFast) -
                cycles(reads(4, 2, 8 * 8, 8), costs, kFast)) *
               1e3 / kFast / (bytes(72) - bytes(8));
      },
      kFast));
  all.push_back(row(
      "buffers, besides each", "what a dispatch of n buffers takes at none", "pmu_probe", "cycles",
      10000, "published as about 10,000, with lock stalls of 8,500 to 12,700",
      [](const sim::Costs& costs) {
        constexpr int kWork = 4000;
        sim::KernelLibrary library;
        library.add("work", {}, sim::Cycle{kWork});
        const auto of = [&](int buffers) {
          return static_cast<double>(
              timed(buffers_through_core(buffers), library, costs, kFast).cycles());
        };
        return of(32) - (of(96) - of(32)) / 64 * 32;
      },
      kFast));
  all.push_back(
      row("a word of parameters", "written by the sequence", "S6", "ns", 66,
          "less than any operation that the 8700G's owner measured",
          [](const sim::Costs& costs) { return static_cast<double>(costs.operation) * 1e-3; }));
}

void add_dispatches(std::vector<Row>& all) {
  const auto dispatch = [&](const char* name, const char* source, double us, const char* note,
                            sim::Picoseconds sim::Costs::*overhead, int mhz = kMhz) {
    all.push_back(row(
        name, "a dispatch of next to nothing", source, "us", us, note,
        [=](const sim::Costs& costs) {
          return static_cast<double>(costs.*overhead) * 1e-6 +
                 cycles(operations(1), costs, mhz) / mhz;
        },
        mhz));
  };
  const char* const kLinux = "another driver than the one whose dispatches the costs are";
  dispatch("dispatch, many under way", "S9", 41.6, kLinux, &sim::Costs::dispatch_in_list);
  dispatch("dispatch, Windows", "S9", 159.5, kLinux, &sim::Costs::dispatch_call);
  dispatch("dispatch, one call", "S6", 107, kLinux, &sim::Costs::dispatch_call);
  dispatch("dispatch from Python, raw", "dispatch_cpp_runlist", 134,
           "127 to 141; a call and what Python adds", &sim::Costs::dispatch_call, kFast);
  const char* const kHost = "what the host does between dispatches is not modelled";
  all.push_back(row("dispatch from Python, IRON's", "wall time of a call", "dispatch_cpp_runlist",
                    "us", 617, kHost));
  all.push_back(row("dispatches from Python, 64 together", "wall time of each",
                    "dispatch_cpp_runlist", "us", 515, kHost));
  all.push_back(
      row("switch of context", "to another program", "windows_context_switch", "us", 748, kHost));
}

void add_memory(std::vector<Row>& all) {
  all.push_back(row("B in runs of 128 bytes", "8 channels, rows far apart", "S6", "GB/s", 10,
                    "device, tile and channels are not said", [](const sim::Costs& costs) {
                      constexpr int kRows = 512;
                      const auto ms = [&](int rows) {
                        return cycles(reads_rows(4, 2, rows, 32, 2048), costs, kMhz) / (kMhz * 1e3);
                      };
                      return 128e-6 * 8 * kRows / (ms(2 * kRows) - ms(kRows));
                    }));
  all.push_back(row("read, besides its bytes", "8 channels, a dispatch", "read_bw", "ms", 0.415,
                    "0.28 to 0.55; what the host does in it is not said"));
}

}  // namespace

std::vector<Row> chip_rows() {
  std::vector<Row> all;
  add_latencies(all);
  add_controller(all);
  add_dispatches(all);
  add_memory(all);
  return all;
}

}  // namespace sotto::npu::calibrate
