#include "npu/core/compact.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "npu/core/pack.h"
#include "npu/core/passage.h"

namespace sotto::npu::core {
namespace {

/// A passage with its instructions in other places.
struct Packed {
  std::vector<Place> places;
  int bundles = 0;
};

/// What stays where it was, besides all constraints: the drain of the loop before, as far from the
/// passage's beginning, and the ramp of the loop behind, as far from its end. A loop's schedule
/// fits into itself; moved one by one, its instructions can get into each other's way.
struct Stays {
  bool drain = false, ramp = false;
};

int piece_at(const Image& image, int bundle) {
  if (bundle < 0 || bundle >= static_cast<int>(image.bundles.size())) return -1;
  const auto& there = image.bundles[static_cast<size_t>(bundle)].instructions;
  return there.empty() ? -1 : there[0].piece;
}

Constraints with(Constraints all, const Image& image, const Passage& passage, Stays stays) {
  const int drain = stays.drain ? piece_at(image, passage.first - 1) : -1;
  const int ramp = stays.ramp ? piece_at(image, passage.end) : -1;
  if (drain == ramp) return all;
  for (size_t i = 0; i < all.limits.size(); ++i) {
    const Instruction& made = all.instructions[i];
    if (made.operation < 0) continue;
    Limits& limits = all.limits[i];
    const int now = all.bundles[i];
    if (made.piece == drain) limits.from_start = limits.to_start = now;
    if (made.piece == ramp) limits.from_end = limits.to_end = now - passage.bundles();
  }
  return all;
}

/// The fewest bundles that are found, fewer than `than`; by halves: places are nearly always found
/// in more bundles where there are some in fewer.
std::optional<Packed> pack(const Image& image, const Passage& passage, const Constraints& all,
                           int than) {
  std::optional<Packed> best;
  int least = std::max(all.least, 1);
  for (int most = than - 1; least <= most;) {
    const int middle = (least + most) / 2;
    auto places = find_places(image, passage, all, middle, /*backwards=*/false);
    if (!places) places = find_places(image, passage, all, middle, /*backwards=*/true);
    if (places) {
      best = Packed{std::move(*places), middle};
      most = middle - 1;
    } else {
      least = middle + 1;
    }
  }
  return best;
}

Image with(const Image& image, const Passage& passage, const Constraints& all,
           const Packed& packed) {
  Image made;
  const auto first = image.bundles.begin() + passage.first;
  const auto end = image.bundles.begin() + passage.end;
  made.bundles.assign(image.bundles.begin(), first);
  made.bundles.resize(made.bundles.size() + static_cast<size_t>(packed.bundles));
  made.bundles.insert(made.bundles.end(), end, image.bundles.end());
  for (size_t i = 0; i < packed.places.size(); ++i) {
    Instruction moved = all.instructions[i];
    moved.opcode = packed.places[i].opcode;
    const int at = passage.first + packed.places[i].bundle;
    made.bundles[static_cast<size_t>(at)].instructions.push_back(std::move(moved));
  }
  made.loops = image.loops;
  const int shorter = passage.bundles() - packed.bundles;
  for (Repeat& loop : made.loops) {
    if (loop.first >= passage.end) loop.first -= shorter;
    if (loop.last >= passage.end - 1) loop.last -= shorter;
  }
  return made;
}

}  // namespace

void compact(Image& image) {
  constexpr Stays kTried[] = {{true, true}, {false, true}, {true, false}, {false, false}};
  // From the end on, so that the passages before stay where they are.
  const std::vector<Passage> passages = passages_of(image);
  for (size_t i = passages.size(); i-- > 0;) {
    const Passage& passage = passages[i];
    const Constraints all = constraints_of(image, passage);
    std::optional<Packed> best;
    for (const Stays stays : kTried) {
      auto packed = pack(image, passage, with(all, image, passage, stays),
                         best ? best->bundles : passage.bundles());
      if (packed) best = std::move(packed);
    }
    if (!best) continue;
    Image shorter = with(image, passage, all, *best);
    if (lay_out(shorter)) image = std::move(shorter);
  }
}

}  // namespace sotto::npu::core
