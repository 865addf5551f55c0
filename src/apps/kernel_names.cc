#include "apps/kernel_names.h"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/text.h"

namespace sotto::apps {
namespace {

using Names = std::vector<std::string>;

template <typename F>
Names those(std::span<const std::string> known, F wanted) {
  Names names;
  std::ranges::copy_if(known, std::back_inserter(names), wanted);
  return names;
}

/// Letters to insert, remove or replace until `from` begins `to` (Sellers 1980: Levenshtein's
/// distance, whatever stands behind).
std::size_t edits_to_beginning(std::string_view from, std::string_view to) {
  std::vector<std::size_t> edits(to.size() + 1);
  std::iota(edits.begin(), edits.end(), std::size_t{0});
  for (std::size_t i = 0; i < from.size(); ++i) {
    std::size_t diagonal = std::exchange(edits[0], i + 1);
    for (std::size_t j = 0; j < to.size(); ++j) {
      const std::size_t replaced = diagonal + (from[i] == to[j] ? 0 : 1);
      diagonal = edits[j + 1];
      edits[j + 1] = std::min({replaced, diagonal + 1, edits[j] + 1});
    }
  }
  return std::ranges::min(edits);
}

bool is_near(std::string_view given, std::string_view name) {
  return !given.empty() && (name.find(given) != std::string_view::npos ||
                            edits_to_beginning(given, name) <= (given.size() + 1) / 4);
}

}  // namespace

std::string kernel_named(std::string_view given, std::span<const std::string> known) {
  const auto whole = std::ranges::find(known, given);
  if (whole != known.end()) return *whole;
  if (given == "gemm") return std::string(kGemm);
  const Names begun =
      those(known, [&](const std::string& name) { return name.starts_with(given); });
  if (begun.size() == 1) return begun[0];
  if (!begun.empty() && !given.empty()) {
    fail(ErrorKind::usage, "'", given, "' is the beginning of ", begun.size(),
         " kernels: ", listed(begun));
  }
  const Names near = those(known, [&](const std::string& name) { return is_near(given, name); });
  if (!near.empty()) {
    fail(ErrorKind::usage, "there is no kernel '", given, "'; near are ", listed(near));
  }
  fail(ErrorKind::usage, "there is no kernel '", given, "'; there are ", listed(known));
}

}  // namespace sotto::apps
