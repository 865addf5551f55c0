#include "npu/sim/trace.h"

#include <algorithm>
#include <array>
#include <iomanip>

#include "base/error.h"
#include "npu/sim/array.h"

namespace sotto::npu::sim {
namespace {

using Track = Trace::Span::Track;

/// The format, as Chrome defined it: a list of events; "X" is a span, "C" a counter, "M" a name.
/// Times are microseconds.
class Writer {
 public:
  Writer(std::ostream& out, int mhz) : out_(out), mhz_(mhz) {
    out_ << "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[" << std::fixed << std::setprecision(6);
  }
  void end() { out_ << "\n]}\n"; }

  void name(const char* what, int process, int thread, const std::string& name) {
    begin("M", what, process, thread);
    out_ << ",\"args\":{\"name\":" << quoted(name) << "}}";
  }
  void span(const Trace::Span& span, int process, int thread) {
    begin("X", span.what, process, thread);
    out_ << ",\"ts\":" << time(span.begin) << ",\"dur\":" << time(span.end) - time(span.begin)
         << ",\"args\":{\"cycles\":" << span.end - span.begin << "}}";
  }
  void level(const std::string& lock, const Trace::Level& level, int process) {
    begin("C", lock, process, 0);
    out_ << ",\"ts\":" << time(level.at) << ",\"args\":{\"count\":" << level.value << "}}";
  }

 private:
  double time(Cycle cycle) const { return static_cast<double>(cycle) / mhz_; }
  static std::string quoted(const std::string& text) {
    std::string result = "\"";
    for (const char c : text) {
      if (c == '"' || c == '\\') result += '\\';
      result += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
    return result + "\"";
  }
  void begin(const char* kind, const std::string& name, int process, int thread) {
    out_ << (first_ ? "\n" : ",\n") << "{\"ph\":\"" << kind << "\",\"name\":" << quoted(name)
         << ",\"pid\":" << process << ",\"tid\":" << thread;
    first_ = false;
  }

  std::ostream& out_;
  const int mhz_;
  bool first_ = true;
};

int process_of(Track track) {
  return 1 + static_cast<int>(track);
}
constexpr int kLocks = 4;

}  // namespace

void write_trace(std::ostream& out, const Trace& trace, const Report& report) {
  Writer writer(out, report.mhz);
  const std::array processes = {std::pair{Track::core, "cores"},
                                std::pair{Track::channel, "DMA channels"},
                                std::pair{Track::controller, "controller"}};
  for (const auto& [track, name] : processes) {
    writer.name("process_name", process_of(track), 0, concat("simulated: ", name));
  }
  writer.name("process_name", kLocks, 0, "simulated: FIFOs and locks");
  for (std::size_t i = 0; i < report.cores.size(); ++i) {
    writer.name("thread_name", process_of(Track::core), static_cast<int>(i),
                to_string(report.cores[i].tile));
  }
  for (std::size_t i = 0; i < report.channels.size(); ++i) {
    writer.name("thread_name", process_of(Track::channel), static_cast<int>(i),
                to_string(report.channels[i]));
  }
  std::vector<const Trace::Span*> spans;
  for (const Trace::Span& span : trace.spans) spans.push_back(&span);
  std::stable_sort(spans.begin(), spans.end(),
                   [](const auto* a, const auto* b) { return a->begin < b->begin; });
  for (const Trace::Span* span : spans) writer.span(*span, process_of(span->track), span->index);
  for (const Trace::Level& level : trace.levels) {
    const std::string& name = trace.locks[static_cast<std::size_t>(level.lock)];
    if (!name.empty()) writer.level(name, level, kLocks);
  }
  writer.end();
}

}  // namespace sotto::npu::sim
