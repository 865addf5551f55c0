// The banks in which recorder/calls.cc places a kernel's buffers are those in which the designs
// have them: what accesses meet in a bank is counted as it will be.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "apps/npu_designs.h"
#include "npu/design/examples/encoder_network.h"
#include "npu/design/lower.h"
#include "npu/recorder/record.h"

namespace sotto::apps {
namespace {

using npu::design::KernelCall;
using npu::design::ProgramCore;

/// A recorded kernel whose code a kernel of a design is, and which arguments of that its own are.
struct Recorded {
  std::string kernel;
  std::vector<std::size_t> arguments;
};

const std::multimap<std::string, Recorded> kKernels = {
    {"zero_sums", {"zero_sums", {0}}},
    {"gemm_bf16", {"gemm_bf16", {0, 1, 2}}},
    {"gemm_int8", {"gemm_int8", {0, 1, 2}}},
    {"gelu_bf16", {"gelu_bf16", {0, 1}}},
    {"gelu_bf16", {"gelu_bf16_tail", {0, 1}}},
    {"softmax_bf16", {"softmax_bf16", {0, 1}}},
    {"layer_norm_bf16", {"layer_norm_bf16", {0, 1, 2, 3}}},
    {"attention_reference", {"attention_largest", {0, 2, 3, 1}}},
    {"attention_keys", {"attention_weights", {3, 1, 1, 4, 5, 2}}},
    {"attention_keys", {"attention_largest", {1, 4, 5, 2}}},
    {"attention_keys", {"attention_raise", {0, 1, 2, 1}}},
    {"attention_values", {"gemm_bf16_tile", {0, 1, 2}}},
    {"attention_finish", {"attention_finish", {0, 1, 2}}},
    // a_0, a_1, b_0, b_1, c, out_0, out_1, workspace
    {"encoder_core", {"passthrough", {1, 2}}},
    {"encoder_core", {"bias_sums", {4, 7}}},
    {"encoder_core", {"gemm_bf16_tile", {4, 0, 2}}},
    {"encoder_core", {"row_statistics", {7, 7, 0}}},
    {"encoder_core", {"zero_blocks", {7}}},
    {"encoder_core", {"finish_statistics", {7, 7, 7, 7}}},
    {"encoder_core", {"normalise_sums", {4, 7, 7, 7}}},
    {"encoder_core", {"gelu_sums", {4}}},
    {"encoder_core", {"clear_sums", {4}}},
    {"encoder_core", {"add_plane", {4, 0}}},
    {"encoder_core", {"round_strip_a", {5, 4}}},
    {"encoder_core", {"round_strip_k", {5, 4}}},
    {"encoder_core", {"round_strip_v", {5, 4}}},
    {"encoder_core", {"round_parts", {5, 6, 4}}},
    {"encoder_core", {"invert_sums", {7, 7}}},
    {"encoder_core", {"attention_largest", {7, 0, 2, 7}}},
    {"encoder_core", {"attention_weights", {1, 7, 7, 0, 2, 7}}},
    {"encoder_core", {"attention_raise", {4, 7, 7, 7}}},
};

int bank_of(std::uint32_t address) {
  constexpr std::uint32_t kMemory = 65536, kBank = 16384;
  return static_cast<int>(address % kMemory / kBank);
}

/// Those in which an argument's buffers lie; none of a number.
std::set<int> banks_of(const ProgramCore& core, const KernelCall& call, std::size_t argument) {
  std::set<int> banks;
  if (const auto* const one = std::get_if<npu::design::Address>(&call.arguments.at(argument))) {
    banks.insert(bank_of(one->address));
  }
  if (const auto* const ring =
          std::get_if<npu::design::RingAddress>(&call.arguments.at(argument))) {
    for (const std::uint32_t address : core.rings.at(static_cast<std::size_t>(ring->ring))) {
      banks.insert(bank_of(address));
    }
  }
  return banks;
}

const std::vector<int>& banks_of(const std::string& kernel) {
  static std::map<std::string, std::vector<int>> known;
  const auto [at, is_new] = known.try_emplace(kernel);
  if (is_new) {
    for (const auto& object : npu::recorder::record(kernel).objects) {
      at->second.push_back(object.bank);
    }
  }
  return at->second;
}

/// Returns the recorded kernels that were compared.
std::set<std::string> compare(const npu::design::Design& design) {
  std::set<std::string> seen;
  for (const ProgramCore& core : npu::design::lower(npu::design::check(design)).cores) {
    for (const auto& operation : core.operations) {
      const auto* const call = std::get_if<KernelCall>(&operation);
      if (call == nullptr) continue;
      if (call->symbol == "passthrough") {
        // Recorded as in the encoder's core; in the other design it is enough that there are two.
        EXPECT_NE(banks_of(core, *call, 0), banks_of(core, *call, 1));
        continue;
      }
      const auto [first, last] = kKernels.equal_range(call->symbol);
      EXPECT_NE(first, last) << call->symbol;
      for (auto one = first; one != last; ++one) {
        const std::vector<int>& banks = banks_of(one->second.kernel);
        EXPECT_EQ(banks.size(), one->second.arguments.size()) << one->second.kernel;
        for (std::size_t i = 0; i < banks.size(); ++i) {
          EXPECT_EQ(banks_of(core, *call, one->second.arguments[i]), std::set<int>{banks[i]})
              << design.name << ": " << one->second.kernel << ", argument " << i;
        }
        seen.insert(one->second.kernel);
      }
    }
  }
  return seen;
}

TEST(Banks, OfRecordedCallsAreThoseOfTheDesigns) {
  std::set<std::string> seen = compare(npu::design::encoder_network());
  for (const NpuExample& example : npu_examples()) {
    if (example.name == "seed_layer") continue;  // its kernels are invented
    for (const auto type : {npu::design::GemmType::bf16, npu::design::GemmType::int8}) {
      seen.merge(compare(example.make(example.shape, type)));
    }
  }
  // All but what no design calls, and other lengths of what one does.
  for (const std::string& name : npu::recorder::recordable()) {
    const bool has_none = name == "scale_bf16" || name.ends_with("_short");
    EXPECT_NE(seen.contains(name), has_none) << name;
  }
}

}  // namespace
}  // namespace sotto::apps
