#include "apps/bench.h"
#include "apps/table.h"
#include "apps/version.h"
#include "base/error.h"
#include "base/numbers.h"

namespace sotto::apps {
namespace {

using namespace bench;

std::string milliseconds(double seconds) {
  return three_digits(seconds * 1e3);
}

std::string percent(double part) {
  return decimals(part * 100, 0) + "%";
}

/// "1.92 (1.90-1.95)"
std::string spread_text(const Spread& spread) {
  return concat(milliseconds(spread.median), " (", milliseconds(spread.low), "-",
                milliseconds(spread.high), ")");
}

std::string heading(const Report& report) {
  const Machine& machine = report.machine;
  std::string text =
      concat("Sotto ", version(), " (", commit(), ") on ", machine.cpu, ", ", machine.n_cpus,
             " CPUs, ", name_of(report.isa), ", ", report.threads,
             report.threads == 1 ? " thread" : " threads", report.pinned ? ", pinned\n" : "\n");
  text +=
      concat("Model: ", report.model, report.made_up ? " in its sizes, with made-up weights" : "",
             ", in ", name_of(report.types), "\n");
  if (report.made_up) {
    text += "Loading, and a process with its memory, need a model from a file: --model.\n";
  }
  if (machine.load > 0.5) {
    text += concat("Other programs were running (load average ", decimals(machine.load, 1),
                   "): times are longer than they would be alone.\n");
  }
  return text;
}

std::string multiply_table(const Report& report) {
  Table table("<<>>");
  table.add({"peak", "products of", "GMAC/s", "best"});
  for (const MultiplyPeak& peak : report.multiply_peaks) {
    table.add({std::string(name_of(peak.isa)), std::string(name_of(peak.numbers)),
               three_digits(peak.per_second.median * 1e-9), three_digits(peak.best * 1e-9)});
  }
  return table.text();
}

std::string read_table(const Report& report) {
  Table table("<>>>");
  table.add({"reading", "MB", "GB/s", "best"});
  for (const ReadPeak& peak : report.read_peaks) {
    table.add({peak.name == "dram" ? "memory" : "as much as the decoder",
               three_digits(static_cast<double>(peak.bytes) * 1e-6),
               three_digits(peak.per_second.median * 1e-9), three_digits(peak.best * 1e-9)});
  }
  return table.text();
}

std::string goal_text(const std::optional<Verdict>& verdict) {
  return verdict ? apps::goal_text(*verdict) : "";
}

std::string parts_table(const Report& report) {
  Table table("<<>>>>>>><");
  table.add({"part", "per", "ms (quartiles)", "best", "GMAC/s", "GB/s", "of peak", "bound",
             "x realtime", "goal"});
  for (const Part& part : report.parts) {
    const bool of_memory = part.bound == "memory";
    table.add({part.name, part.unit, spread_text(part.timing.seconds),
               milliseconds(part.timing.best),
               part.work.products() > 0 ? three_digits(part.gmac_per_second()) : "",
               part.gigabytes() > 0 ? three_digits(part.gigabytes_per_second()) : "",
               part.timing.of_limit ? percent(part.timing.of_limit->median) : "",
               of_memory ? "reading" : part.bound,
               part.audio_seconds > 0 ? decimals(part.times_realtime(), 0) : "",
               goal_text(verdict_on(report, part))});
  }
  return table.text();
}

/// "3.53 (3.50-3.61)"
std::string ratio_text(const Spread& ratio) {
  return concat(decimals(ratio.median, 2), " (", decimals(ratio.low, 2), "-",
                decimals(ratio.high, 2), ")");
}

std::string scaling_text(const Report& report) {
  const Scaling& scaling = *report.encoder_scaling;
  const std::optional<Verdict> verdict = verdict_on_scaling(report);
  return concat("Encoder, ms: ", spread_text(scaling.one_thread_seconds), " with one thread, ",
                spread_text(scaling.seconds), " with ", scaling.threads,
                " in turn: ", ratio_text(scaling.ratio), " times as fast",
                verdict ? concat(", goal ", goal_text(verdict)) : "", ".\n");
}

std::string comparison_table(const Report& report) {
  Table table("<<>>><");
  table.add({"task", "engine", "ms (quartiles)", "of Sotto's time", "x realtime", "goal"});
  for (const Comparison& comparison : report.comparisons) {
    const auto realtime = [&](const Spread& seconds) {
      const std::optional<double> times = comparison.times_realtime(seconds);
      return times ? decimals(*times, 0) : "";
    };
    table.add({comparison.task, "Sotto", spread_text(comparison.seconds), "",
               realtime(comparison.seconds), ""});
    for (const PeerTiming& peer : comparison.peers) {
      table.add({"", peer.name, spread_text(peer.seconds), ratio_text(peer.ratio),
                 realtime(peer.seconds), goal_text(verdict_on(report, comparison, peer))});
    }
  }
  return table.text();
}

std::string missing_text(const Report& report) {
  std::string text = "Missing:\n";
  for (const Missing& missing : report.missing) {
    text += concat("  ", missing.what, ": ", missing.why, "\n");
  }
  return text;
}

}  // namespace

std::string goal_text(const Verdict& verdict) {
  const auto goal = [&]() -> std::string {
    switch (verdict.quantity) {
      case Quantity::of_peak:
        return percent(verdict.goal);
      case Quantity::times_realtime:
        return decimals(verdict.goal, 0);
      case Quantity::speedup:
        return decimals(verdict.goal, 2);
      case Quantity::times_as_long:
        return decimals(verdict.goal, 1);
      case Quantity::extra_seconds:
        return concat(decimals(verdict.goal * 1e3, 0), " ms more than load and clip");
    }
    SOTTO_CHECK(false);
  };
  return concat(goal(), verdict.met() ? ": met" : ": missed");
}

std::string bench_table(const Report& report) {
  std::string text =
      concat(heading(report), "\n", multiply_table(report), "\n", read_table(report));
  if (!report.parts.empty()) text += "\n" + parts_table(report);
  if (report.encoder_scaling) text += "\n" + scaling_text(report);
  if (report.resident_bytes) {
    text += concat("\nThe whole process held at most ", decimals(*report.resident_bytes * 1e-6, 0),
                   " MB.\n");
  }
  if (!report.comparisons.empty()) text += "\n" + comparison_table(report);
  if (!report.missing.empty()) text += "\n" + missing_text(report);
  return text;
}

}  // namespace sotto::apps
