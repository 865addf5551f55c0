#include "npu/sim/report.h"

#include <algorithm>
#include <iomanip>
#include <sstream>

#include "base/error.h"
#include "npu/sim/array.h"

namespace sotto::npu::sim {

std::string_view name(Finding::Kind kind) {
  constexpr std::string_view kNames[] = {"dropped_task",  "not_at_rest", "lock_overflow",
                                         "race",          "unwritten",   "overwritten",
                                         "program_ended", "stray_write"};
  return kNames[static_cast<std::size_t>(kind)];
}

Cycle Report::cycles() const {
  Cycle sum = 0;
  for (const DispatchReport& dispatch : dispatches) sum += dispatch.end - dispatch.begin;
  return sum;
}

double Report::milliseconds() const {
  return static_cast<double>(cycles()) / (mhz * 1e3) +
         static_cast<double>(dispatch_overhead) * static_cast<double>(dispatches.size()) * 1e-9;
}

double Report::read_gb_per_s() const {
  return cycles() == 0
             ? 0
             : static_cast<double>(read_bytes) * mhz * 1e-3 / static_cast<double>(cycles());
}
double Report::written_gb_per_s() const {
  return cycles() == 0
             ? 0
             : static_cast<double>(written_bytes) * mhz * 1e-3 / static_cast<double>(cycles());
}

Report::Binding Report::binding() const {
  Binding binding{"nothing", 0};
  const double all = static_cast<double>(std::max<Cycle>(cycles(), 1));
  const auto consider = [&](const std::string& resource, Cycle busy) {
    const double part = static_cast<double>(busy) / all;
    if (part > binding.part) binding = {resource, part};
  };
  for (const CoreReport& core : cores) consider(to_string(core.tile), core.busy());
  for (const ChannelReport& channel : channels) {
    consider(to_string(channel), channel.words);
    consider(concat("host memory, at ", to_string(channel)), channel.memory);
  }
  Cycle controller = 0;
  for (const DispatchReport& dispatch : dispatches) {
    controller += dispatch.end - dispatch.begin - dispatch.waiting;
  }
  consider("the controller", controller);
  return binding;
}

std::string to_string(const ChannelReport& channel) {
  return concat(channel.direction == Direction::s2mm ? "s2mm " : "mm2s ", channel.number, " of ",
                to_string(channel.tile), ", '", channel.name, "'");
}

std::string to_string(const Report& report) {
  std::ostringstream out;
  out << "'" << report.design << "', simulated at " << report.mhz << " MHz: " << report.cycles()
      << " cycles, " << std::fixed << std::setprecision(3) << report.milliseconds() << " ms with "
      << static_cast<double>(report.dispatch_overhead) * 1e-6 << " us a dispatch\n";
  const Report::Binding binding = report.binding();
  out << "binds: " << binding.resource << ", busy " << std::setprecision(1) << 100 * binding.part
      << " %; host memory read " << std::setprecision(2) << report.read_gb_per_s()
      << " GB/s, written " << report.written_gb_per_s() << " GB/s\n";
  for (const CoreReport& core : report.cores) {
    out << to_string(core.tile) << ": kernels " << core.kernels << ", locks " << core.locks
        << ", control " << core.control << ", banks " << core.bank_stalls << ", waits for input "
        << core.wait_input << ", output " << core.wait_output << ", locks " << core.wait_lock
        << "\n";
  }
  for (const ChannelReport& channel : report.channels) {
    out << to_string(channel) << ": " << channel.words << " words, stalled " << channel.stalled()
        << ", waits for locks " << channel.wait_lock << "\n";
  }
  for (const Finding& finding : report.findings) {
    out << name(finding.kind) << ": " << finding.text << "\n";
  }
  if (!report.finished()) out << "deadlock:\n";
  for (const std::string& line : report.deadlock) out << "  " << line << "\n";
  return out.str();
}

}  // namespace sotto::npu::sim
