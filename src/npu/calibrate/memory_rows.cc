// Host memory through the shims.
#include "npu/calibrate/row.h"
#include "npu/calibrate/timing.h"
#include "npu/calibrate/transfers.h"

namespace sotto::npu::calibrate {
namespace {

constexpr int kMhz = 1800;
constexpr double kMega = 1e6;

double ms(const design::Design& design, const sim::Costs& costs) {
  return static_cast<double>(timed(design, {}, costs, kMhz).cycles()) / (kMhz * 1e3);
}

Row read_row(int columns, int channels, double gb_per_s) {
  return {.name = "read " + std::to_string(columns) + " x " + std::to_string(channels),
          .what = "reading, " + std::to_string(columns) + " columns x " + std::to_string(channels) +
                  " channels",
          .source = "read_bw",
          .unit = "GB/s",
          .published = gb_per_s,
          .simulate = [=](const sim::Costs& costs) {
            constexpr int kWords = 1 << 19;
            const double more = ms(reads(columns, channels, 2 * kWords, 1), costs) -
                                ms(reads(columns, channels, kWords, 1), costs);
            return 4.0 * kWords * columns * channels / (more * kMega);
          }};
}

Row duplex_row(int columns, const char* source, double gb_per_s) {
  return {.name = "duplex " + std::to_string(columns),
          .what = "there and back, " + std::to_string(columns) + " channels each way",
          .source = source,
          .unit = "GB/s",
          .published = gb_per_s,
          .simulate = [=](const sim::Costs& costs) {
            constexpr int kObjects = 256;
            const double more = ms(there_and_back(columns, 2 * kObjects), costs) -
                                ms(there_and_back(columns, kObjects), costs);
            return 8192.0 * kObjects * columns / (more * kMega);
          }};
}

constexpr double kInList = sim::Costs{}.dispatch_in_list * 1e-9;  // ms

Row fill_row(int tasks, double published) {
  return {.name = "fill " + std::to_string(tasks),
          .what = "78.7 MB on 4 channels in " + std::to_string(tasks) + " tasks",
          .source = "graph_engine",
          .unit = "ms",
          .published = published,
          .simulate = [=](const sim::Costs& costs) {
            // In parts of eight words, so that a memory tile can take a task in a few buffers.
            const int words = 78700000 / 16 / (tasks / 4) / 8 * 8;
            return ms(reads(4, 1, words * (tasks / 4), tasks / 4), costs) + kInList;
          }};
}

}  // namespace

std::vector<Row> memory_rows() {
  std::vector<Row> all = {read_row(1, 1, 7.11),  read_row(1, 2, 14.00), read_row(2, 1, 14.02),
                          read_row(2, 2, 27.39), read_row(4, 1, 27.49), read_row(3, 2, 38.47),
                          read_row(4, 2, 47.62)};
  all.push_back(duplex_row(1, "stream_width", 6.90));
  all.push_back(duplex_row(2, "stream_width", 13.55));
  all.push_back(duplex_row(4, "memcpy", 28.1));
  all.push_back(fill_row(52, 2.939));
  all.push_back(fill_row(196, 2.954));
  all.push_back(fill_row(772, 2.984));
  all.push_back({.name = "fill and drain",
                 .what = "52.5 MB in and 26.2 MB out, 4 channels each",
                 .source = "graph_engine",
                 .unit = "ms",
                 .published = 2.116,
                 .simulate = [](const sim::Costs& costs) {
                   return ms(reads_and_writes(4, 3281280, 1637520), costs) + kInList;
                 }});
  all.push_back({.name = "groupnorm",
                 .what = "8 channels each way, 25.9 GB/s in and 13.0 out",
                 .source = "groupnorm",
                 .unit = "GB/s",
                 .published = 38.9,
                 .gating = false,
                 .note = "how its passes follow one another is not published"});
  all.push_back({.name = "read 4 x 2 beside the CPU",
                 .what = "reading on 8 channels while the CPU reads",
                 .source = "concurrent_read",
                 .unit = "GB/s",
                 .published = 43.5,
                 .gating = false,
                 .note = "other users of the memory are not modelled"});
  return all;
}

}  // namespace sotto::npu::calibrate
