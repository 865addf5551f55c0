#include "npu/recorder/pattern.h"

#include <algorithm>
#include <map>

namespace sotto::npu::recorder {
namespace {

/// Where something happens: first at `first`, then every `period`.
struct Beat {
  size_t first = 0, period = 0;
};

/// The beat of the places where steps differ from `usual`; a lone one may have any period.
std::optional<Beat> beat_of(std::span<const int64_t> steps, int64_t usual) {
  std::vector<size_t> places;
  for (size_t i = 0; i < steps.size(); ++i) {
    if (steps[i] != usual) places.push_back(i);
  }
  if (places.empty()) return std::nullopt;
  const size_t period =
      places.size() > 1 ? places[1] - places[0] : std::max(places[0] + 1, steps.size() - places[0]);
  for (size_t i = 1; i < places.size(); ++i) {
    if (places[i] - places[i - 1] != period) return std::nullopt;
  }
  if (period < 2 || places[0] >= period || steps.size() - places.back() > period) {
    return std::nullopt;
  }
  return Beat{places[0], period};
}

int64_t most_frequent(std::span<const int64_t> steps) {
  std::map<int64_t, int> counts;
  for (const int64_t step : steps) ++counts[step];
  return std::max_element(counts.begin(), counts.end(),
                          [](const auto& a, const auto& b) { return a.second < b.second; })
      ->first;
}

}  // namespace

std::optional<Pattern> fit(std::span<const int64_t> steps) {
  Pattern pattern;
  if (steps.empty()) return pattern;
  pattern.inner = most_frequent(steps);
  if (std::all_of(steps.begin(), steps.end(), [&](int64_t s) { return s == pattern.inner; })) {
    return pattern;
  }
  const std::optional<Beat> beat = beat_of(steps, pattern.inner);
  if (!beat) return std::nullopt;
  pattern.count = static_cast<int64_t>(beat->period) - 1;
  pattern.done = pattern.count - static_cast<int64_t>(beat->first);
  std::vector<int64_t> wraps;
  for (size_t i = beat->first; i < steps.size(); i += beat->period) wraps.push_back(steps[i]);
  pattern.wrap = most_frequent(wraps);
  if (std::all_of(wraps.begin(), wraps.end(), [&](int64_t s) { return s == pattern.wrap; })) {
    return pattern;
  }
  const std::optional<Beat> outer = beat_of(wraps, pattern.wrap);
  if (!outer) return std::nullopt;
  pattern.outer_count = static_cast<int64_t>(outer->period) - 1;
  pattern.outer_done = pattern.outer_count - static_cast<int64_t>(outer->first);
  for (size_t i = outer->first; i < wraps.size(); i += outer->period) {
    pattern.outer_wrap = wraps[outer->first];
    if (wraps[i] != pattern.outer_wrap) return std::nullopt;
  }
  return pattern;
}

}  // namespace sotto::npu::recorder
