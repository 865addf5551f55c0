#include "apps/npu_calibrate.h"

#include <unistd.h>

#include <cmath>
#include <iomanip>
#include <set>
#include <sstream>

#include "apps/table.h"
#include "base/error.h"
#include "base/numbers.h"
#include "base/text.h"

namespace sotto::apps {
namespace {

using namespace npu::calibrate;

/// Four digits, and all of a whole number.
std::string figure(double value) {
  const int whole = value < 1 ? 1 : static_cast<int>(std::log10(value)) + 1;
  return decimals(value, std::max(0, 4 - whole));
}
std::string percent(double part) {
  std::ostringstream out;
  out << std::showpos << std::fixed << std::setprecision(1) << 100 * part << " %";
  return out.str();
}

std::string state(const Result& result) {
  if (!result.simulated) return "not rebuilt";
  if (!result.row.gating) return "-";
  if (result.is_worse()) return "WORSE";
  return result.passes() ? "ok" : "OFF";
}

std::vector<std::string> cells(const Result& result) {
  const Row& row = result.row;
  std::vector<std::string> line = {row.name,
                                   figure(row.published),
                                   result.simulated ? figure(*result.simulated) : "-",
                                   row.unit,
                                   result.simulated ? percent(result.error) : "-",
                                   state(result),
                                   std::to_string(row.mhz),
                                   "",
                                   row.source};
  if (row.at_clock) line[7] = result.clock ? std::to_string(*result.clock) : "none";
  return line;
}

/// Red: what fails, green: what passes, of lines with such a word.
std::string coloured(const std::string& text) {
  std::istringstream in(text);
  std::string all;
  for (std::string line; std::getline(in, line);) {
    const bool off = line.find("  OFF ") != line.npos || line.find("  WORSE ") != line.npos;
    all += off ? concat("\033[31m", line, "\033[0m\n") : line + "\n";
  }
  return all;
}

std::string table(const Calibration& calibration, bool gating) {
  Table table("<>><><>><");
  table.add({"measurement", "published", "simulated", "unit", "error", "gates", "MHz", "needs MHz",
             "source"});
  for (const Result& result : calibration.results) {
    if (result.row.gating == gating) table.add(cells(result));
  }
  return table.text();
}

/// Reasons, each with the rows that have it.
std::string notes(const Calibration& calibration, bool gating) {
  std::string all;
  std::set<std::string> seen;
  for (const Result& result : calibration.results) {
    const std::string& note = result.row.note;
    if (result.row.gating != gating || note.empty() || !seen.insert(note).second) continue;
    int others = -1;
    for (const Result& other : calibration.results) others += other.row.note == note;
    all += concat("  ", result.row.name, others > 0 ? concat(" and ", others, " more") : "", ": ",
                  note, "\n");
  }
  return all;
}

std::string fits(const Calibration& calibration) {
  Table table("<>><");
  table.add({"left out", "rows", "error", ""});
  for (const LeftOut& left : calibration.left_out) {
    std::string remark;
    if (left.undetermined > 0) {
      remark = concat(left.undetermined, " more determine", left.undetermined > 1 ? "" : "s",
                      " a cost alone");
    }
    table.add({left.source, std::to_string(left.rows),
               left.rows > 0 ? percent(left.error).substr(1) : "-", std::move(remark)});
  }
  return concat(free_parameters().size(), " free parameters, for all rows together: ",
                listed(free_parameters(), [](const Parameter& one) { return one.name; }),
                "\nEach source's error (root mean square) when they are fitted to all others, to ",
                "first order:\n", table.text());
}

}  // namespace

std::string describe_calibration(const Calibration& calibration, bool in_colour) {
  const std::string text = concat(
      "The simulated array against published measurements: ", calibration.passing, " of ",
      calibration.gating, " rows whose clock was measured are within ",
      static_cast<int>(kTolerance * 100), " %\n", table(calibration, true),
      notes(calibration, true), "\nWithout a measured clock, or without all that would be needed ",
      "to rebuild them; they gate nothing. \"needs MHz\": where simulation and measurement meet\n",
      table(calibration, false), notes(calibration, false), "\n", fits(calibration),
      calibration.is_worse() ? "A row that passed is worse than its record.\n" : "");
  return in_colour ? coloured(text) : text;
}

int calibrate_npu(bool json, Console& console) {
  ThreadPool pool;
  const Calibration calibration = calibrate(rows(), pool, true);
  console.lines(json ? calibration_json(calibration)
                     : describe_calibration(calibration, isatty(STDOUT_FILENO) == 1));
  return calibration.is_worse() ? 1 : 0;
}

}  // namespace sotto::apps
