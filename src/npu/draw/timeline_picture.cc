#include <algorithm>
#include <array>
#include <cmath>
#include <memory>

#include "base/numbers.h"
#include "npu/draw/palette.h"
#include "npu/draw/pictures.h"
#include "npu/sim/array.h"

namespace sotto::npu::draw {
namespace {

using sim::Cycle;
using Span = sim::Trace::Span;

constexpr double kMargin = 24, kLabels = 196, kPlot = 960, kColumn = 1.5, kAfter = 220;

/// What a row's time went into.
enum Part { computes, bank, moves, still, input, output, lock, kParts };
struct PartStyle {
  Colour colour;
  const char* text;
};
constexpr std::array<PartStyle, kParts> kStyles = {{
    {rgb(0x0072B2), "works"},
    {rgb(0xC62828), "stands for a bank"},
    {rgb(0x009E73), "moves words"},
    {rgb(0xBFE3D6), "has a buffer, no word moves"},
    {rgb(0xF5C65B), "waits for input, or a token"},
    {rgb(0xCC79A7), "waits for room for output"},
    {rgb(0xCBD2D9), "waits for a lock"},
}};

struct TimeRow {
  std::string label, about;
  Colour mark;
  bool is_core = false;
  std::vector<std::array<double, kParts>> columns;  ///< parts of each
  const Span* stands = nullptr;
};

/// 1, 2 or 5 times a power of ten, about an eighth.
double nice_step(double whole) {
  const double rough = whole / 8, power = std::pow(10, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= rough) return factor * power;
  }
  return 10 * power;
}

class TimelineDrawing {
 public:
  TimelineDrawing(std::string name, const design::ArrayProgram& program, const sim::Trace& trace,
                  const sim::Report& report)
      : name_(std::move(name)), report_(report), palette_(program), spans_(trace.spans) {
    first_ = report.dispatches.front().begin;
    last_ = std::max(report.dispatches.back().end, first_ + 1);
    for (const Span& span : spans_) last_ = std::max(last_, span.end);
    make_rows();
    for (const Span& span : spans_) add(span);
    add_sequence();
  }

  double width() const { return 2 * kMargin + kLabels + kPlot + (finished() ? 0 : kAfter); }
  double height() const {
    double sum = kTop;
    for (const auto& [title, rows] : sections_) {
      if (rows.empty()) continue;
      sum += kTitle;
      for (const std::size_t row : rows) sum += height_of(rows_[row]);
    }
    return sum + 50;
  }

  void draw(Canvas& canvas) const {
    draw_head(canvas);
    double y = kTop;
    for (const auto& [title, rows] : sections_) {
      if (rows.empty()) continue;
      canvas.text({kMargin, y + kTitle - 6}, title, 11, kInk, Side::left, true);
      y += kTitle;
      for (const std::size_t row : rows) {
        draw_row(canvas, rows_[row], y);
        y += height_of(rows_[row]);
      }
    }
    draw_axes(canvas, y + 6);
    if (!finished()) draw_stop(canvas, y + 6);
  }

 private:
  static constexpr double kTop = 112, kTitle = 24;
  bool finished() const { return report_.finished(); }
  double left() const { return kMargin + kLabels; }
  double x(double cycle) const {
    return left() +
           kPlot * (cycle - static_cast<double>(first_)) / static_cast<double>(last_ - first_);
  }
  double height_of(const TimeRow& row) const {
    const bool many = rows_.size() > 60;
    return row.is_core ? (many ? 14 : 20) : (many ? 10 : 15);
  }

  void make_rows() {
    const auto columns = static_cast<std::size_t>(kPlot / kColumn);
    const auto add_row = [&](std::size_t section, TimeRow row) {
      row.columns.resize(columns);
      sections_[section].second.push_back(rows_.size());
      rows_.push_back(std::move(row));
    };
    add_row(0, {"controller", "", kInk, true, {}, nullptr});
    for (const sim::CoreReport& core : report_.cores) {
      add_row(1, {sim::to_string(core.tile), "", kInk, true, {}, nullptr});
    }
    for (const sim::ChannelReport& channel : report_.channels) {
      const std::size_t section = 4 - static_cast<std::size_t>(kind_of(channel.tile));
      add_row(section,
              {concat_label(channel), channel.name, palette_.of(channel.name), false, {}, nullptr});
    }
  }
  static std::string concat_label(const sim::ChannelReport& channel) {
    return std::string(channel.direction == Direction::s2mm ? "into " : "out of ") +
           sim::to_string(channel.tile) + " " + std::to_string(channel.number);
  }

  /// The controller works wherever it does not wait.
  void add_sequence() {
    TimeRow& row = rows_[0];
    const double end = (x(static_cast<double>(report_.dispatches.back().end)) - left()) / kColumn;
    const double until = finished() ? end : static_cast<double>(row.columns.size());
    for (std::size_t i = 0; static_cast<double>(i) < until; ++i) {
      row.columns[i][computes] = std::max(0.0, 1 - row.columns[i][input]);
    }
  }

  TimeRow& row_of(const Span& span) {
    const std::size_t index = static_cast<std::size_t>(span.index);
    switch (span.track) {
      case Span::Track::controller:
        return rows_[0];
      case Span::Track::core:
        return rows_[1 + index];
      default:
        return rows_[1 + report_.cores.size() + index];
    }
  }

  void add(const Span& span) {
    TimeRow& row = row_of(span);
    if (span.stands) row.stands = &span;
    const double length = static_cast<double>(span.end - span.begin);
    const double lost = static_cast<double>(span.lost) / length;
    if (span.track == Span::Track::controller) return pour(row, span, input, 1);
    if (span.kind == Span::Kind::works) {
      const bool core = span.track == Span::Track::core;
      pour(row, span, core ? computes : moves, 1 - lost);
      return pour(row, span, core ? bank : still, lost);
    }
    pour(row, span,
         span.kind == Span::Kind::input    ? input
         : span.kind == Span::Kind::output ? output
                                           : lock,
         1);
  }
  /// A part of a span's time into the columns that it covers.
  void pour(TimeRow& row, const Span& span, Part part, double share) {
    if (share <= 0) return;
    const double from = std::max(0.0, (x(static_cast<double>(span.begin)) - left()) / kColumn);
    const double to = std::min(static_cast<double>(row.columns.size()),
                               (x(static_cast<double>(span.end)) - left()) / kColumn);
    for (double at = from; at < to;) {
      const double next = std::min(to, std::floor(at) + 1);
      row.columns[static_cast<std::size_t>(at)][part] += share * (next - at);
      at = next;
    }
  }

  void draw_head(Canvas& canvas) const {
    const double us = static_cast<double>(last_ - first_) / report_.mhz;
    canvas.text({kMargin, 32},
                name_ + ": simulated at " + std::to_string(report_.mhz) + " MHz, not measured", 18,
                kInk, Side::left, true);
    canvas.text({kMargin, 50},
                (finished() ? "One dispatch, " : "It stands still after ") +
                    grouped(last_ - first_) + " cycles = " + decimals(us, 2) +
                    " µs on the array. A bar's parts are the parts of that moment's time.",
                11, finished() ? kFaint : kAlarm);
    double at = kMargin;
    for (const PartStyle& style : kStyles) {
      canvas.fill({at, 63, 12, 12}, style.colour, 2);
      canvas.text({at + 17, 73}, style.text, 10.5, kInk);
      at += 34 + text_width(style.text, 10);
    }
  }

  void draw_row(Canvas& canvas, const TimeRow& row, double y) const {
    const double height = height_of(row), bar = height - (height > 12 ? 4 : 2);
    const double size = row.is_core ? std::min(11.0, height - 3) : std::min(9.5, height - 1.5);
    const double base = y + bar / 2 + size * 0.36;
    if (!row.about.empty()) {
      canvas.fill({kMargin, y + bar / 2 - 3.5, 7, 7}, row.mark, 1.5);
      canvas.text({kMargin + 12, base}, row.about, size, kInk);
    }
    canvas.text({left() - 8, base}, row.label, size, row.about.empty() ? kInk : kFaint,
                Side::right);
    canvas.fill({left(), y, kPlot, bar}, kPaper);
    using Shares = std::array<int, kParts>;
    const auto shares = [&](std::size_t i) {
      Shares result{};
      for (std::size_t p = 0; p < kParts; ++p) {
        result[p] = static_cast<int>(std::lround(16 * std::min(1.0, row.columns[i][p])));
      }
      return result;
    };
    for (std::size_t i = 0; i < row.columns.size();) {
      const Shares here = shares(i);
      std::size_t end = i + 1;
      while (end < row.columns.size() && shares(end) == here) ++end;
      double bottom = y + bar;
      for (std::size_t p = 0; p < kParts; ++p) {
        if (here[p] == 0) continue;
        const double part = std::min(bar * here[p] / 16, bottom - y);
        bottom -= part;
        canvas.fill({left() + static_cast<double>(i) * kColumn, bottom,
                     static_cast<double>(end - i) * kColumn, part},
                    kStyles[p].colour);
      }
      i = end;
    }
    if (row.stands == nullptr) return;
    canvas.fill({x(static_cast<double>(last_)), y, kAfter, bar}, rgb(0xC62828, 0.16));
    const bool waits = row.stands->kind != Span::Kind::works;
    canvas.text({x(static_cast<double>(last_)) + 6, base},
                waits                             ? row.stands->what
                : row.label.starts_with("out of") ? "no word leaves"
                                                  : "no word comes",
                std::min(size, 9.0), kAlarm);
  }

  void draw_axes(Canvas& canvas, double bottom) const {
    const double cycles = static_cast<double>(last_ - first_), us = cycles / report_.mhz;
    const double step = nice_step(cycles), step_us = nice_step(us);
    for (double at = 0; at <= cycles; at += step) {
      const double place = x(at + static_cast<double>(first_));
      canvas.line({{place, kTop - 6}, {place, bottom}}, rgb(0x1F2933, 0.10), 0.8);
      canvas.text({place, kTop - 10}, grouped(static_cast<Cycle>(std::lround(at))), 10, kInk,
                  Side::middle);
    }
    canvas.text({left() - 20, kTop - 10}, "cycles", 10, kFaint, Side::right);
    canvas.line({{left(), bottom}, {left() + kPlot, bottom}}, kFaint, 1);
    const int digits = step_us >= 1 ? 0 : step_us >= 0.1 ? 1 : 2;
    for (double at = 0; at <= us; at += step_us) {
      const double place = x(at * report_.mhz + static_cast<double>(first_));
      canvas.line({{place, bottom}, {place, bottom + 5}}, kFaint, 1);
      canvas.text({place, bottom + 17}, decimals(at, digits), 10, kInk, Side::middle);
    }
    canvas.text({left() - 20, bottom + 17}, "µs at " + std::to_string(report_.mhz) + " MHz", 10,
                kFaint, Side::right);
  }

  void draw_stop(Canvas& canvas, double bottom) const {
    const double place = x(static_cast<double>(last_));
    canvas.line({{place, kTop - 4}, {place, bottom}}, kAlarm, 2);
    canvas.text({place + 6, kTop - 10}, "nothing moves any more", 10, kAlarm, Side::left, true);
  }

  const std::string name_;
  const sim::Report report_;
  const Palette palette_;
  const std::vector<Span> spans_;
  Cycle first_ = 0, last_ = 0;
  std::vector<TimeRow> rows_;
  std::array<std::pair<const char*, std::vector<std::size_t>>, 5> sections_ = {
      {{"Sequence", {}},
       {"Cores", {}},
       {"DMA of cores", {}},
       {"DMA of memory tiles", {}},
       {"DMA of shims: host memory", {}}}};
};

}  // namespace

Picture timeline_picture(const std::string& name, const design::ArrayProgram& program,
                         const sim::Trace& trace, const sim::Report& report) {
  const auto drawing = std::make_shared<TimelineDrawing>(name, program, trace, report);
  return {name + ", simulated", drawing->width(), drawing->height(),
          [drawing](Canvas& canvas) { drawing->draw(canvas); }};
}

}  // namespace sotto::npu::draw
