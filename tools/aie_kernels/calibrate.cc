// Compares what the scheduler makes of published sources with the cycles that others published for
// them, fits one factor per compiler, and says how far off every row is. Prints Markdown. Usage:
// calibrate [HAND_WRITTEN_ASSEMBLY]
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "calibration.h"
#include "npu/core/pipeline.h"
#include "npu/core/probes_testing.h"
#include "npu/cycles/compilers.h"
#include "npu/cycles/cost.h"
#include "npu/cycles/run.h"
#include "npu/recorder/record.h"

namespace sotto::aie_kernels {
namespace {

struct Computed {
  const Row* row = nullptr;
  double scheduled = 0;
  int interval = 0;        ///< of the loop that takes most
  int one_by_one = 0;      ///< what its iterations take without a pipeline
  double unpipelined = 0;  ///< the call, if they took that
  std::string problem;     ///< there are no cycles
  double ratio() const { return row->published / scheduled; }
};
using All = std::vector<Computed>;

double around(Around what) {
  constexpr double kBareCall = 8.7;
  return what == Around::nothing ? 0
         : what == Around::call  ? kBareCall
                                 : static_cast<double>(npu::cycles::kCallCycles);
}

npu::recorder::Kernel record(const npu::recorder::Call& call) {
  std::vector<Buffer<std::byte>> buffers = npu::recorder::make_buffers(call);
  std::vector<npu::recorder::Memory> memory;
  std::vector<std::byte*> pointers;
  for (std::size_t i = 0; i < buffers.size(); ++i) {
    memory.push_back({call.buffers[i].name, &buffers[i], call.buffers[i].bank});
    pointers.push_back(buffers[i].data());
  }
  return npu::recorder::record(call.name, memory, [&] { call.run(pointers); });
}

const npu::recorder::Region* find_loop(const std::vector<npu::recorder::Region>& regions,
                                       const std::string& name) {
  for (const npu::recorder::Region& region : regions) {
    if (region.kind == npu::recorder::Region::Kind::inner_loop && region.name == name) {
      return &region;
    }
    const auto* const found = find_loop(region.body, name);
    if (found != nullptr) return found;
  }
  return nullptr;
}

Computed compute(const Row& row) {
  Computed one;
  one.row = &row;
  if (!row.make) {
    one.problem = row.why_not;
    return one;
  }
  try {
    const npu::recorder::Kernel kernel = record(row.make());
    const npu::cycles::KernelCost cost = npu::cycles::cost_of(kernel);
    // Events inside the kernel come before its return, and see nothing beside it.
    const int beside = row.around == Around::nothing ? cost.beside_return : 0;
    one.scheduled =
        static_cast<double>(cost.cycles - npu::cycles::kCallCycles + beside) + around(row.around);
    const npu::cycles::LoopCost* const hot = npu::cycles::hot_loop(cost);
    one.interval = hot->interval;
    const auto* const loop = find_loop(kernel.regions, hot->name);
    const auto plain = npu::core::one_by_one(loop->piece.graph).program.loop;
    SOTTO_CHECK(plain.has_value());
    one.one_by_one = (plain->last - plain->first + 1) / plain->iterations;
    one.unpipelined = one.scheduled +
                      static_cast<double>(hot->runs * (hot->trips * one.one_by_one - hot->cycles));
  } catch (const Error& caught) {
    one.problem = caught.what();
  }
  return one;
}

/// Published over scheduled, in order.
std::vector<double> ratios(const All& all, Compiler compiler, const char* without = "") {
  std::vector<double> found;
  for (const Computed& one : all) {
    const bool counts = one.row->compiler == compiler && one.problem.empty() &&
                        one.row->source != std::string(without);
    if (counts) found.push_back(one.ratio());
  }
  std::sort(found.begin(), found.end());
  return found;
}
double median(const std::vector<double>& sorted) {
  const std::size_t half = sorted.size() / 2;
  if (sorted.empty()) return NAN;
  return sorted.size() % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
double error(double computed, double published) {
  return 100 * (computed / published - 1);
}

void print_rows(const All& all, Compiler compiler, double factor) {
  // What a loop takes without a pipeline is told where a compiler left it without one.
  const bool unpipelined = compiler == Compiler::peano;
  std::printf("\n| row | published | II | scheduled | error | factor | compiled | error |%s\n",
              unpipelined ? " one by one | unpipelined | error |" : "");
  std::printf("|---|---|---|---|---|---|---|---|%s\n", unpipelined ? "---|---|---|" : "");
  for (const Computed& one : all) {
    if (one.row->compiler != compiler) continue;
    const double published = one.row->published;
    std::printf("| %s | %.1f |", one.row->name, published);
    if (!one.problem.empty()) {
      std::printf(" | %s | | | | |%s\n", one.problem.c_str(), unpipelined ? " | | |" : "");
      continue;
    }
    const double compiled = one.scheduled * factor;
    std::printf(" %d | %.0f | %+.1f %% | %.3f | %.0f | %+.1f %% |", one.interval, one.scheduled,
                error(one.scheduled, published), one.ratio(), compiled, error(compiled, published));
    if (unpipelined) {
      std::printf(" %d | %.0f | %+.1f %% |", one.one_by_one, one.unpipelined,
                  error(one.unpipelined, published));
    }
    std::printf("\n");
  }
}

/// How far off a source's rows are when only the other sources make the factor.
void print_left_out(const All& all, Compiler compiler) {
  std::vector<std::string> done;
  for (const Computed& first : all) {
    const std::string source = first.row->source;
    const bool counts = first.row->compiler == compiler && first.problem.empty();
    if (!counts || std::find(done.begin(), done.end(), source) != done.end()) continue;
    done.push_back(source);
    const double others = median(ratios(all, compiler, source.c_str()));
    std::printf("- Left out, %s: the others' factor is %.3f, and its rows are off by",
                source.c_str(), others);
    for (const Computed& one : all) {
      if (one.row->compiler != compiler || one.row->source != source || !one.problem.empty())
        continue;
      std::printf(" %+.1f", error(one.scheduled * others, one.row->published));
    }
    std::printf(" %%.\n");
  }
}

void print_compiler(const All& all, Compiler compiler, const char* name) {
  const std::vector<double> found = ratios(all, compiler);
  std::printf("\n## %s\n", name);
  print_rows(all, compiler, found.empty() ? NAN : median(found));
  if (found.empty()) return;
  std::printf("\nFactor %.3f, the median of %zu rows, from %.3f to %.3f: one free parameter.\n",
              median(found), found.size(), found.front(), found.back());
  std::printf("\n");
  print_left_out(all, compiler);
}

/// Bundles that assembly with one hardware loop runs, whose labels end in start and end.
std::optional<int> bundles_run(const std::string& path) {
  std::ifstream in(path);
  if (!in) fail(ErrorKind::io, path, ": cannot be read");
  int before = 0, inside = 0, after = 0, trips = 0;
  bool started = false, last = false, ended = false;
  for (std::string line; std::getline(in, line);) {
    line.resize(std::min(line.size(), line.find("//")));
    const std::size_t first = line.find_first_not_of(" \t");
    if (first == std::string::npos) continue;
    const std::size_t colon = line.find(':');
    if (colon != std::string::npos) {
      started |= line.substr(0, colon).ends_with("start");
      last |= line.substr(0, colon).ends_with("end");
      continue;
    }
    if (line[first] == '.') continue;  // a directive
    const std::size_t count = line.find("movxm lc, #");
    if (count != std::string::npos) trips = std::stoi(line.substr(count + 11));
    ++(ended ? after : started ? inside : before);
    ended |= last;
  }
  if (!ended || trips == 0) return std::nullopt;
  return before + inside * trips + after;
}

void print_by_hand(const All& all, const char* path) {
  // Of an empty call too: the return and its delay slots.
  constexpr int kReturn = 6;
  std::printf("\n## By hand\n\n| row | published | computed | error |\n|---|---|---|---|\n");
  for (const Computed& one : all) {
    if (one.row->compiler != Compiler::none) continue;
    const double published = one.row->published;
    const std::optional<int> bundles = path == nullptr ? std::nullopt : bundles_run(path);
    if (bundles) {
      const double cycles = *bundles - kReturn + static_cast<double>(npu::cycles::kCallCycles);
      std::printf("| %s, the %d bundles of the assembly | %.1f | %.0f | %+.1f %% |\n",
                  one.row->name, *bundles, published, cycles, error(cycles, published));
    }
    std::printf("| %s, scheduled | %.1f |", one.row->name, published);
    if (one.problem.empty()) {
      std::printf(" %.0f | %+.1f %% |\n", one.scheduled, error(one.scheduled, published));
    } else {
      std::printf(" %s | |\n", one.problem.c_str());
    }
  }
}

/// Returns whether the model does what was probed.
bool print_machine() {
  using namespace npu::core::testing;
  std::printf("## The core\n\n| probe | published | computed |\n|---|---|---|\n");
  bool agrees = true;
  for (const bool is_float : {true, false}) {
    std::printf("| of %d dependent %s products, 1 to 6 bundles apart, land |", kProbedProducts,
                is_float ? "bf16" : "int8");
    const std::array<int, 6>& probed = is_float ? kLandOfFloat : kLandOfInt;
    for (const int landed : probed) std::printf(" %d", landed);
    std::printf(" |");
    for (int distance = 1; distance <= 6; ++distance) {
      const int landed = products_that_land(is_float, distance);
      agrees &= landed == probed[static_cast<std::size_t>(distance - 1)];
      std::printf(" %d", landed);
    }
    std::printf(" |\n");
  }
  for (const bool with_store : {false, true}) {
    const int cycles = conflict_cycles(with_store);
    agrees &= cycles == kConflictCycles;
    std::printf("| %s in one bank | +%d | %+d |\n", with_store ? "a load and a store" : "two loads",
                kConflictCycles, cycles);
  }
  return agrees;
}

/// Cycles of a call when the stack lies in this bank.
std::int64_t cycles_with_stack_in(int bank, npu::cycles::Compiled compiled,
                                  const npu::recorder::Kernel& kernel) {
  for (npu::core::Bundle& bundle : compiled.image.bundles) {
    for (npu::core::Instruction& made : bundle.instructions) {
      if (made.mode == npu::core::AddressMode::stack) made.access->bank = bank;
    }
  }
  const npu::cycles::BitRun ran = npu::cycles::run(compiled, kernel);
  if (!ran.problem.empty()) fail(ErrorKind::unsupported, kernel.name, ": ", ran.problem);
  return ran.cycles;
}

/// The stack beside C, instead of where nobody else is.
void print_stack_beside_sums() {
  constexpr const char* kRow = "mm.cc int8 32x64x32";
  constexpr int kBankOfSums = 2, kFreeBank = 3;
  const std::vector<Row>& rows = calibration_rows();
  const auto row = std::find_if(rows.begin(), rows.end(),
                                [&](const Row& one) { return one.name == std::string(kRow); });
  SOTTO_CHECK(row != rows.end());
  const npu::recorder::Kernel kernel = record(row->make());
  SOTTO_CHECK(kernel.objects[2].bank == kBankOfSums);
  const npu::cycles::Compiled compiled = npu::cycles::compile(kernel);
  std::printf("| %s, the stack beside C | +48.5 | ", kRow);
  if (compiled.stack_bytes == 0) {
    std::printf("not computed: our code has no frame |\n");
    return;
  }
  std::printf("%+d, of a frame of %d bytes |\n",
              static_cast<int>(cycles_with_stack_in(kBankOfSums, compiled, kernel) -
                               cycles_with_stack_in(kFreeBank, compiled, kernel)),
              compiled.stack_bytes);
}

void print_timed(const All& all) {
  std::printf(
      "\n## Without a clock, gating nothing\n\n| row | ms | scheduled cycles | clock needed |\n"
      "|---|---|---|---|\n");
  for (const TimedRow& timed : timed_rows()) {
    for (const Computed& one : all) {
      if (one.row->name != std::string(timed.of) || !one.problem.empty()) continue;
      const double cycles = timed.calls * one.scheduled;
      std::printf("| %s | %.1f | %.3g | %.2f GHz |\n", timed.name, timed.milliseconds, cycles,
                  cycles / timed.milliseconds / 1e6);
    }
  }
}

/// Whether the factor in the sources is the one that was found.
bool is_current(const All& all) {
  const double found = median(ratios(all, Compiler::peano));
  constexpr double kRounding = 0.0005;
  if (std::abs(found - npu::cycles::kPeano.factor) <= kRounding) return true;
  std::fprintf(stderr, "src/npu/cycles/compilers.h says %.3f, but it is %.3f\n",
               npu::cycles::kPeano.factor, found);
  return false;
}

/// Whether the rows that are further off than wanted are those of rows_beyond(): scheduled ones by
/// 5 %, of what Peano compiled the compiled ones by 15 %.
bool is_as_known(const All& all) {
  constexpr double kScheduled = 5, kCompiled = 15;
  const double factor = median(ratios(all, Compiler::peano));
  const std::vector<std::string> known = rows_beyond();
  bool same = true;
  for (const Computed& one : all) {
    if (!one.problem.empty()) continue;
    const bool by_peano = one.row->compiler == Compiler::peano;
    const double off = error(one.scheduled * (by_peano ? factor : 1), one.row->published);
    const bool is_beyond = std::abs(off) > (by_peano ? kCompiled : kScheduled);
    const bool was_beyond = std::find(known.begin(), known.end(), one.row->name) != known.end();
    if (is_beyond == was_beyond) continue;
    std::fprintf(stderr, "%s: %+.1f %%, which is %s than calibration.cc says\n", one.row->name, off,
                 is_beyond ? "worse" : "better");
    same = false;
  }
  return same;
}

int run(const char* hand_written) {
  const bool agrees = print_machine();
  if (!agrees) std::fprintf(stderr, "the model of the core does not do what was probed\n");
  print_stack_beside_sums();
  All all;
  for (const Row& row : calibration_rows()) {
    std::fprintf(stderr, "%s\n", row.name);
    all.push_back(compute(row));
  }
  print_by_hand(all, hand_written);
  print_compiler(all, Compiler::peano, "Peano -O2");
  print_compiler(all, Compiler::chess, "chess");
  print_timed(all);
  const bool is_known = is_as_known(all);
  return is_current(all) && is_known && agrees ? 0 : 1;
}

}  // namespace
}  // namespace sotto::aie_kernels

int main(int count, char** arguments) {
  try {
    return sotto::aie_kernels::run(count > 1 ? arguments[1] : nullptr);
  } catch (const sotto::Error& error) {
    std::fprintf(stderr, "calibrate: %s\n", error.what());
    return 1;
  }
}
