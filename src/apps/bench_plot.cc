// The report of "sotto bench" as a picture: how much of the machine's peak each part reaches.
#include <algorithm>
#include <cmath>
#include <vector>

#include "apps/bench.h"
#include "apps/version.h"
#include "base/error.h"
#include "base/numbers.h"

namespace sotto::apps {
namespace {

using bench::Part;
using picture::Box;
using picture::Canvas;
using picture::Colour;
using picture::Point;
using picture::rgb;
using picture::Side;

constexpr double kMargin = 28, kLabels = 216, kPlot = 440, kNumbers = 250;
constexpr double kTop = 150, kRow = 34, kBar = 20, kLine = 19;
constexpr double kWidth = 2 * kMargin + kLabels + kPlot + kNumbers;
constexpr Colour kInk = rgb(0x1F2933), kFaint = rgb(0x5C6873), kGrid = rgb(0xDDE2E7),
                 kTrack = rgb(0xF1F4F6), kProducts = rgb(0x0072B2), kReading = rgb(0x009E73),
                 kGoal = rgb(0xD55E00);

std::string milliseconds(double seconds) {
  return three_digits(seconds * 1e3) + " ms";
}

/// "encoder: linear layers" of "encoder.linear_layers".
std::string label_of(const std::string& name) {
  if (name == "cross_kv") return "cross-attention's keys, values";
  if (name == "decoder.batch_1") return "decoder: a token";
  constexpr std::string_view kBatch = "decoder.batch_", kBeams = "decoder.beams_";
  if (name.starts_with(kBatch)) {
    return concat("decoder: a token, ", name.substr(kBatch.size()), " together");
  }
  if (name.starts_with(kBeams)) {
    return concat("decoder: a token, ", name.substr(kBeams.size()), " beams");
  }
  std::string label;
  for (const char c : name) label += c == '.' ? ": " : c == '_' ? " " : std::string(1, c);
  return label;
}

bool of_memory(const Part& part) {
  return part.bound == "memory";
}

/// "324 GMAC/s, 87.4 ms"
std::string numbers_of(const Part& part) {
  const std::string rate = of_memory(part) ? three_digits(part.gigabytes_per_second()) + " GB/s"
                                           : three_digits(part.gmac_per_second()) + " GMAC/s";
  return concat(rate, ", ", milliseconds(part.timing.seconds.median), " a ", part.unit);
}

/// What the bars are shares of: "473 GMAC/s of int8".
std::string peaks_text(const bench::Report& report) {
  std::string text = "Peaks, measured beside: ";
  for (const bench::MultiplyPeak& peak : report.multiply_peaks) {
    const bool better = std::ranges::any_of(report.multiply_peaks, [&](const auto& other) {
      return other.numbers == peak.numbers && other.per_second.median > peak.per_second.median;
    });
    const bool used = std::ranges::any_of(report.parts, [&](const Part& part) {
      return part.bound.find(name_of(peak.numbers)) != std::string::npos;
    });
    if (better || !used) continue;
    text += concat(three_digits(peak.per_second.median * 1e-9), " GMAC/s in ",
                   name_of(peak.numbers), ", ");
  }
  for (const bench::ReadPeak& peak : report.read_peaks) {
    if (peak.name != "decoder") continue;
    text += concat(three_digits(peak.per_second.median * 1e-9), " GB/s reading ",
                   three_digits(static_cast<double>(peak.bytes) * 1e-6), " MB, as a token does");
  }
  return text;
}

/// ", goal 140: missed" where there is one.
std::string goal_of(const std::optional<bench::Verdict>& verdict) {
  return verdict ? concat(", goal ", goal_text(*verdict)) : "";
}

/// "window", "8 windows", "8 windows of many"
std::string run_of(const Part& part) {
  return concat(part.unit, part.name.ends_with("_of_many") ? " of many" : "");
}

/// What is measured and has no peak: "window 372 ms (81 x realtime)", in lines of a few.
std::vector<std::string> whole_runs(const bench::Report& report) {
  std::vector<std::string> runs;
  for (const Part& part : report.parts) {
    if (part.timing.of_limit || !part.name.starts_with("end_to_end")) continue;
    runs.push_back(concat(run_of(part), " ", milliseconds(part.timing.seconds.median), " (",
                          decimals(part.times_realtime(), 0), " x realtime",
                          goal_of(verdict_on(report, part)), ")"));
  }
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (i % 2 == 0) lines.push_back(i == 0 ? "From sound to tokens: " : "");
    lines.back() += runs[i] + (i + 1 < runs.size() ? ", " : "");
  }
  return lines;
}

/// The spectrogram, and what more threads are worth.
std::vector<std::string> other_goals(const bench::Report& report) {
  std::vector<std::string> lines;
  for (const Part& part : report.parts) {
    if (part.name != "log_mel") continue;
    lines.push_back(concat(
        "Spectrogram of a window, one thread: ", milliseconds(part.timing.seconds.median), " (",
        decimals(part.times_realtime(), 0), " x realtime", goal_of(verdict_on(report, part)), ")"));
  }
  if (report.encoder_scaling) {
    const bench::Scaling& scaling = *report.encoder_scaling;
    lines.push_back(concat("Encoder with ", scaling.threads,
                           " threads: ", decimals(scaling.ratio.median, 2),
                           " times as fast as with one", goal_of(verdict_on_scaling(report))));
  }
  return lines;
}

class Plot {
 public:
  Plot(bench::Report report, std::string date)
      : report_(std::move(report)), date_(std::move(date)), foot_(whole_runs(report_)) {
    foot_.insert(foot_.begin(), peaks_text(report_));
    for (std::string& line : other_goals(report_)) foot_.push_back(std::move(line));
    double most = 1;
    for (const Part& part : report_.parts) {
      if (!part.timing.of_limit) continue;
      parts_.push_back(part);
      most = std::max(most, part.timing.of_limit->high);
    }
    whole_ = std::ceil(most * 5 - 1e-9) / 5;
  }

  double height() const { return bottom() + 34 + kLine * static_cast<double>(foot_.size()) + 12; }

  void draw(Canvas& canvas) const {
    draw_head(canvas);
    draw_axis(canvas);
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      draw_part(canvas, parts_[i], kTop + kRow * static_cast<double>(i));
    }
    double y = bottom() + 44;
    for (const std::string& line : foot_) {
      canvas.text({kMargin, y}, line, 12.5, kFaint);
      y += kLine;
    }
  }

 private:
  double bottom() const { return kTop + kRow * static_cast<double>(parts_.size()); }
  double x_of(double share) const {
    return kMargin + kLabels + std::clamp(share, 0.0, whole_) / whole_ * kPlot;
  }

  void draw_head(Canvas& canvas) const {
    const bench::Machine& machine = report_.machine;
    canvas.text({kMargin, 38}, "How near each part comes to what this machine can do", 19, kInk,
                Side::left, true);
    canvas.text(
        {kMargin, 63},
        concat(machine.cpu, ", ", report_.threads, report_.threads == 1 ? " thread" : " threads",
               report_.pinned ? ", pinned," : "", " of ", machine.n_cpus, " CPUs, ",
               name_of(report_.isa)),
        13.5, kInk);
    canvas.text(
        {kMargin, 83},
        concat("Whisper ", report_.model, report_.made_up ? " with made-up weights" : "", " in ",
               name_of(report_.types), ", Sotto ", version(), " (", commit(), "), ",
               date_.substr(0, date_.find('T')),
               machine.load > 0.5 ? concat(", load average ", decimals(machine.load, 1), " before")
                                  : ""),
        13.5, kInk);
    double x = kMargin + kLabels;
    for (const auto& [colour, text] : {std::pair{kProducts, "bound by multiplying"},
                                       std::pair{kReading, "bound by reading weights"}}) {
      canvas.fill({x, 103, 12, 12}, colour, 2);
      canvas.text({x + 18, 113.5}, text, 12, kFaint);
      x += text == std::string_view("bound by multiplying") ? 164 : 200;
    }
    canvas.fill({x, 101, 3, 16}, kGoal);
    canvas.text({x + 9, 113.5}, "goal", 12, kFaint);
    canvas.line({{x + 52, 109}, {x + 74, 109}}, kInk, 1.5);
    canvas.text({x + 82, 113.5}, "quartiles", 12, kFaint);
  }

  void draw_axis(Canvas& canvas) const {
    for (double share = 0; share < whole_ + 0.01; share += 0.2) {
      canvas.line({{x_of(share), kTop - 12}, {x_of(share), bottom()}}, kGrid, 1);
      canvas.text({x_of(share), bottom() + 18}, concat(decimals(share * 100, 0), "%"), 12, kFaint,
                  Side::middle);
    }
    canvas.text({kMargin + kLabels + kPlot + 26, bottom() + 18}, "of peak", 12, kFaint);
  }

  void draw_part(Canvas& canvas, const Part& part, double y) const {
    const bench::Spread& share = *part.timing.of_limit;
    const double left = x_of(0), middle = y + kBar / 2;
    canvas.text({left - 12, middle + 4.5}, label_of(part.name), 13, kInk, Side::right);
    canvas.fill({left, y, kPlot, kBar}, kTrack);
    canvas.fill({left, y, x_of(share.median) - left, kBar}, of_memory(part) ? kReading : kProducts);
    canvas.line({{x_of(share.low), middle}, {x_of(share.high), middle}}, kInk, 1.5);
    constexpr double kRoom = 48;  // what a bar needs to hold its number
    const double end = x_of(share.median);
    const bool inside = end - left >= kRoom;
    canvas.text({inside ? left + 8 : std::max(end, x_of(share.high)) + 6, middle + 4.5},
                concat(decimals(share.median * 100, 0), "%"), 13, inside ? rgb(0xFFFFFF) : kInk,
                Side::left, true);
    if (const std::optional<bench::Verdict> verdict = verdict_on(report_, part)) {
      canvas.fill({x_of(verdict->goal) - 1.5, y - 4, 3, kBar + 8}, kGoal);
    }
    canvas.text({left + kPlot + 14, middle + 4.5}, numbers_of(part), 12.5, kFaint);
  }

  bench::Report report_;
  std::string date_;
  std::vector<std::string> foot_;
  std::vector<Part> parts_;
  double whole_ = 1;  ///< where the axis ends
};

}  // namespace

picture::Picture bench_plot(const bench::Report& report, const std::string& date) {
  const auto plot = std::make_shared<const Plot>(report, date);
  return {.title = "sotto bench",
          .width = kWidth,
          .height = plot->height(),
          .draw = [plot](Canvas& canvas) { plot->draw(canvas); }};
}

}  // namespace sotto::apps
