// All kernels are compiled once, and everything that is said of them is held to that: every figure
// of two tables of docs/npu/cycles.md, kernels and what fits a core, the bytes that designs
// declare, and that their assembly is what an assembler takes. One test, because each test is a
// program of its own and to compile them all takes half a minute.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "apps/npu_designs.h"
#include "base/file.h"
#include "base/numbers.h"
#include "base/testing.h"
#include "base/thread_pool.h"
#include "npu/core/assembly_facts_testing.h"
#include "npu/cycles/explain.h"
#include "npu/cycles_page_testing.h"
#include "npu/design/examples/encoder_network.h"
#include "npu/recorder/record.h"

namespace sotto::apps {
namespace {

using namespace npu::design;
using npu::cycles::KernelCost;
using npu::testing::cells_of;
using npu::testing::page_rows;
using ::testing::UnorderedElementsAreArray;

constexpr int kProgramMemory = 16384;

using Costs = std::map<std::string, KernelCost>;
using Names = std::vector<std::string>;

struct Computed {
  Costs costs;
  std::map<std::string, std::string> assembly;
};

Computed compute_all() {
  const Names names = npu::recorder::recordable();
  Computed all;
  std::mutex mutex;
  ThreadPool pool(std::min(ThreadPool::usable_cpus(), static_cast<int>(names.size())));
  pool.parallel_for(static_cast<std::int64_t>(names.size()), [&](std::int64_t i, int) {
    const std::string& name = names[static_cast<std::size_t>(i)];
    try {
      const npu::recorder::Kernel kernel = npu::recorder::record(name);
      const npu::cycles::Compiled compiled = npu::cycles::compile(kernel);
      const KernelCost cost = npu::cycles::cost_of(kernel, compiled);
      const std::string assembly = npu::cycles::assembly(kernel, compiled);
      const std::lock_guard lock(mutex);
      all.costs[name] = cost;
      all.assembly[name] = assembly;
    } catch (const Error& error) {
      ADD_FAILURE() << name << ": " << error.what();
    }
  });
  return all;
}

std::string row(const Names& cells) {
  std::string text = "|";
  for (const std::string& cell : cells) text += " " + cell + " |";
  return text;
}

/// A line of the table of kernels. It leaves out what a port is wanted by: "reads of cm (mv, st)".
std::string row_of(const KernelCost& cost) {
  const npu::cycles::LoopCost* const loop = npu::cycles::hot_loop(cost);
  const std::string binding =
      loop == nullptr ? "-" : loop->binding.substr(0, loop->binding.find(" ("));
  return row({concat("`", cost.name, "`"), grouped(cost.cycles),
              loop == nullptr ? "-" : grouped(loop->interval),
              loop == nullptr ? "-" : grouped(loop->bound), binding,
              grouped(std::llround(cost.peak_cycles)), grouped(cost.program_bytes),
              grouped(cost.stack_bytes)});
}

void expect_kernels_table(const Costs& costs) {
  std::set<std::string> missing;
  for (const auto& [name, cost] : costs) missing.insert(name);
  for (const std::string& said : page_rows("| kernel |")) {
    std::string name = cells_of(said).at(0);
    std::erase(name, '`');
    ASSERT_TRUE(costs.contains(name)) << "no kernel: " << said;
    EXPECT_EQ(said, row_of(costs.at(name)))
        << "docs/npu/cycles.md is out of date; the second is computed";
    missing.erase(name);
  }
  for (const std::string& name : missing) {
    ADD_FAILURE() << "docs/npu/cycles.md has no row " << row_of(costs.at(name));
  }
}

/// Bytes of what calls kernels and is none, by name.
const std::map<std::string, int> kCallers = {{"attention_again", kAttentionAgainProgram},
                                             {"attention_keys", kAttentionKeysProgram},
                                             {"attention_reference", kAttentionReferenceProgram}};

/// The kernels and their callers that a function calls, by its text.
Names calls_in(const std::string& text, const Costs& costs) {
  Names called;
  const auto look_for = [&](const std::string& name) {
    if (std::regex_search(text, std::regex("\\b" + name + "\\("))) called.push_back(name);
  };
  for (const auto& [name, cost] : costs) look_for(name);
  for (const auto& [name, bytes] : kCallers) look_for(name);
  return called;
}

std::string source(const char* name) {
  return read_text_file(testing::source_path(concat("src/npu/kernels/", name)));
}

/// The body of a function of attention.cc.
std::string function_of_attention(const std::string& name) {
  const std::string text = source("attention.cc");
  const std::size_t first = text.find(") {\n", text.find(" " + name + "("));
  return text.substr(first, text.find("\n}\n", first) - first);
}

/// The kernels that are linked to what `text` calls, and what is none.
struct Linked {
  std::set<std::string> kernels, callers;

  Linked(const std::string& text, const Costs& costs) { add(text, costs); }

  int bytes(const Costs& costs) const {
    int sum = 0;
    // Each begins at a multiple of 16 bytes.
    for (const std::string& name : kernels) sum += (costs.at(name).program_bytes + 15) / 16 * 16;
    for (const std::string& name : callers) sum += kCallers.at(name);
    return sum;
  }

 private:
  void add(const std::string& text, const Costs& costs) {
    for (const std::string& name : calls_in(text, costs)) {
      if (costs.contains(name)) {
        kernels.insert(name);
      } else if (callers.insert(name).second) {
        add(function_of_attention(name), costs);
      }
    }
  }
};

/// "1,832 + 700" of several kernels.
std::string sizes_of(const Names& names, const Costs& costs) {
  std::string text;
  for (const std::string& name : names) {
    text += (text.empty() ? "" : " + ") + grouped(costs.at(name).program_bytes);
  }
  return text;
}

Names names_in(const std::string& cell) {
  Names names;
  const std::regex quoted("`(\\w+)`");
  for (std::sregex_iterator at(cell.begin(), cell.end(), quoted), end; at != end; ++at) {
    names.push_back((*at)[1]);
  }
  return names;
}

/// The table of what a core's program holds: rows of kernels, then sums.
void expect_core_table(const Costs& costs) {
  const Linked core(source("encoder_core.cc"), costs);
  const int callers = kAttentionAgainProgram + kAttentionReferenceProgram;
  const int all = core.bytes(costs) + kEncoderCoreProgram;
  constexpr std::size_t kSums = 5;
  const std::vector<std::string> said = page_rows("| kernels |");
  ASSERT_GT(said.size(), kSums);
  Names kernels;
  std::vector<std::string> expected;
  for (std::size_t i = 0; i < said.size() - kSums; ++i) {
    const Names cells = cells_of(said[i]), names = names_in(cells.at(0));
    for (const std::string& name : names) {
      ASSERT_TRUE(costs.contains(name)) << "no kernel: " << said[i];
    }
    expected.push_back(row({cells[0], sizes_of(names, costs)}));
    kernels.insert(kernels.end(), names.begin(), names.end());
  }
  EXPECT_THAT(kernels, UnorderedElementsAreArray(core.kernels)) << "those of encoder_core.cc";
  const auto add = [&](const char* name, int bytes) {
    expected.push_back(row({name, grouped(bytes)}));
  };
  add("together", core.bytes(costs) - callers);
  add("the program that calls them, estimated", kEncoderCoreProgram);
  add("`attention_again` and `attention_reference`, which call theirs, estimated", callers);
  add("start-up", kStartUpBytes);
  add("in all", all + kStartUpBytes);
  for (std::size_t i = 0; i < said.size(); ++i) {
    EXPECT_EQ(said[i], expected[i]) << "docs/npu/cycles.md is out of date; the second is computed";
  }
  EXPECT_GE(kEncoderCoreBytes, all);
  EXPECT_LE(kEncoderCoreBytes + kStartUpBytes, kProgramMemory);
  for (const Kernel& kernel : encoder_network().kernels) {
    EXPECT_EQ(kernel.program_bytes, kEncoderCoreBytes) << kernel.symbol;
  }
}

/// The recorded calls whose code a kernel of a design is made of besides the one of its name: what
/// that one does not run, for what is left of a length, and what has another name.
const std::map<std::string, Names> kMore = {
    {"gemm_bf16", {"gemm_bf16_short"}},
    {"gemm_int8", {"gemm_int8_short"}},
    {"gelu_bf16", {"gelu_bf16_tail"}},
    {"attention_values", {"gemm_bf16_tile"}},
};

int bytes_needed(const std::string& symbol, const Costs& costs) {
  std::string text = symbol + "(";
  if (const auto more = kMore.find(symbol); more != kMore.end()) {
    for (const std::string& name : more->second) text += name + "(";
  }
  return Linked(text, costs).bytes(costs);
}

/// What designs declare of their kernels' programs is enough.
void expect_designs_to_declare_enough(const Costs& costs) {
  std::map<std::string, int> declared;
  for (const NpuExample& example : npu_examples()) {
    if (example.name == "seed_layer") continue;  // its kernels are invented
    for (const auto type : {GemmType::bf16, GemmType::int8}) {
      for (const Kernel& kernel : example.make(example.shape, type).kernels) {
        int& least = declared.try_emplace(kernel.symbol, kernel.program_bytes).first->second;
        least = std::min(least, kernel.program_bytes);
      }
    }
  }
  EXPECT_GE(declared.size(), 11u);
  for (const auto& [symbol, bytes] : declared) {
    const int needed = bytes_needed(symbol, costs);
    EXPECT_GT(needed, 0) << symbol << " is no kernel";
    EXPECT_GE(bytes, needed) << symbol;
  }
}

TEST(KernelPage, SaysWhatIsComputed) {
  if (testing::kSlowBuild) GTEST_SKIP() << "skipped: to compile all kernels takes minutes here";
  const Computed all = compute_all();
  ASSERT_EQ(all.costs.size(), npu::recorder::recordable().size());
  expect_kernels_table(all.costs);
  expect_core_table(all.costs);
  expect_designs_to_declare_enough(all.costs);
  for (const auto& [name, assembly] : all.assembly) {
    EXPECT_EQ(npu::core::testing::problem_of_assembly(assembly), "") << name;
  }
}

}  // namespace
}  // namespace sotto::apps
