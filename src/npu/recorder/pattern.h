// How an address goes from one iteration to the next, and whether the core's modifiers can do it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace sotto::npu::recorder {

/// The steps of a sequence: `inner` almost always; every `count` + 1 steps `wrap` instead, the
/// first time after `done` fewer; of those wraps every `outer_count` + 1 `outer_wrap` instead.
struct Pattern {
  int64_t inner = 0;
  int64_t wrap = 0;
  int64_t count = 0;  ///< 0: no wraps
  int64_t done = 0;
  int64_t outer_wrap = 0;
  int64_t outer_count = 0;  ///< 0: no outer wraps
  int64_t outer_done = 0;

  int dimensions() const { return count == 0 ? 1 : outer_count == 0 ? 2 : 3; }
  friend bool operator==(const Pattern&, const Pattern&) = default;
};

/// The pattern of these steps, of as few dimensions as possible; nothing if there is none.
std::optional<Pattern> fit(std::span<const int64_t> steps);

}  // namespace sotto::npu::recorder
