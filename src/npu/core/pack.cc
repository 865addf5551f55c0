#include "npu/core/pack.h"

#include <algorithm>
#include <array>
#include <functional>
#include <queue>
#include <utility>

#include "npu/core/banks.h"

namespace sotto::npu::core {
namespace {

/// Slots, units and banks that are taken while a passage runs, and just before and after it.
class Taken {
 public:
  explicit Taken(int bundles)
      : bundles_(bundles), rows_(static_cast<size_t>(bundles + 2 * kMargin)) {}

  /// Takes what the bundles before and after need; false when they get into each other's way.
  bool add_surroundings(const Image& image, const Passage& passage) {
    for (const std::vector<int>& way : ways_to(image, passage)) {
      for (size_t i = 0; i < way.size(); ++i) add(image, way[i], -1 - static_cast<int>(i));
    }
    const Taken before = *this;
    bool apart = true;
    for (const std::vector<int>& way : ways_from(image, passage)) {
      for (int i = 0; i < std::min(static_cast<int>(way.size()), kMargin); ++i) {
        const int bundle = way[static_cast<size_t>(i)], at = bundles_ + i;
        for (const Instruction& made : image.bundles[static_cast<size_t>(bundle)].instructions) {
          apart &= before.units_are_free(info(made.opcode), at);
        }
        add(image, bundle, at);
      }
    }
    return apart;
  }

  bool has(Slot slot, int at) const { return row_at(at)->slots[static_cast<size_t>(slot)] > 0; }
  bool is_free(const Instruction& made, Opcode opcode, int at) const {
    const OpcodeInfo& row = info(opcode);
    for (int slot = 0; slot < kSlots; ++slot) {
      if (row_at(at)->slots[static_cast<size_t>(slot)] == 0) continue;
      if (occupied_by(row.slot).meets(occupied_by(static_cast<Slot>(slot)))) return false;
    }
    if (!units_are_free(row, at)) return false;
    if (!made.access || made.access->bank == kAnyBank) return true;
    const Row* const there = row_at(at + row.memory_cycle);
    return there == nullptr || there->banks[static_cast<size_t>(made.access->bank)] == 0;
  }

  /// Takes what the instruction needs there, or with `by` -1 gives it back.
  void add(const Instruction& made, Opcode opcode, int at, int8_t by = 1) {
    const OpcodeInfo& row = info(opcode);
    if (at >= 0 && at < bundles_) row_at(at)->slots[static_cast<size_t>(row.slot)] += by;
    for (const Reservation& use : row.units) {
      for (int i = 0; i < use.cycles; ++i) {
        Row* const there = row_at(at + use.cycle + i);
        if (there == nullptr) continue;
        (use.yields ? there->kept_away : there->held)[static_cast<size_t>(use.unit)] += by;
      }
    }
    if (!made.access || made.access->bank == kAnyBank) return;
    Row* const there = row_at(at + row.memory_cycle);
    if (there != nullptr) there->banks[static_cast<size_t>(made.access->bank)] += by;
  }

 private:
  static constexpr int kMargin = 16;  ///< more than an instruction keeps anything
  struct Row {
    std::array<int8_t, kSlots> slots{};
    std::array<int8_t, kUnits> held{}, kept_away{};
    std::array<int8_t, kBanks> banks{};
  };

  bool units_are_free(const OpcodeInfo& row, int at) const {
    for (const Reservation& use : row.units) {
      for (int i = 0; i < use.cycles; ++i) {
        const Row* const there = row_at(at + use.cycle + i);
        if (there == nullptr) continue;
        const size_t unit = static_cast<size_t>(use.unit);
        if (there->held[unit] > 0 || (!use.yields && there->kept_away[unit] > 0)) return false;
      }
    }
    return true;
  }

  void add(const Image& image, int bundle, int at) {
    if (at < -kMargin || at >= bundles_ + kMargin) return;
    for (const Instruction& made : image.bundles[static_cast<size_t>(bundle)].instructions) {
      add(made, made.opcode, at);
    }
  }

  const Row* row_at(int at) const {
    const int index = at + kMargin;
    const bool is_there = index >= 0 && index < static_cast<int>(rows_.size());
    return is_there ? &rows_[static_cast<size_t>(index)] : nullptr;
  }
  Row* row_at(int at) { return const_cast<Row*>(std::as_const(*this).row_at(at)); }

  const int bundles_;
  std::vector<Row> rows_;
};

/// Finds places in so many bundles, one bundle after the other: of those that can be there, those
/// that must come soonest go first. None goes where it would leave another without a place.
class Packer {
 public:
  Packer(const Constraints& all, int bundles, Taken taken, bool backwards)
      : all_(all),
        bundles_(bundles),
        backwards_(backwards),
        taken_(std::move(taken)),
        places_(all.instructions.size()),
        after_(all.instructions.size()),
        before_(all.instructions.size()) {
    for (Link link : all.links) {
      if (backwards) std::swap(link.from, link.to);
      after_[static_cast<size_t>(link.from)].push_back(link);
      before_[static_cast<size_t>(link.to)].push_back(link);
    }
    for (const Limits& limits : all.limits) {
      const int first = limits.first(bundles), last = limits.last(bundles);
      windows_.push_back(backwards ? Window{bundles - 1 - last, bundles - 1 - first}
                                   : Window{first, last});
    }
  }

  std::optional<std::vector<Place>> run() {
    std::vector<int> left;
    for (size_t i = 0; i < places_.size(); ++i) left.push_back(static_cast<int>(i));
    if (!narrow(left)) return std::nullopt;
    for (int at = 0; at < bundles_; ++at) {
      fill(left, at);
      // The others come later.
      std::erase_if(left, [&](int node) { return placed(node); });
      std::vector<int> changed;
      for (const int node : left) {
        if (window(node).first > at) continue;
        window(node).first = at + 1;
        changed.push_back(node);
      }
      if (!narrow(std::move(changed))) return std::nullopt;
    }
    return std::move(places_);
  }

 private:
  struct Window {
    int first, last;
  };

  /// The bundle that is filled at this time.
  int bundle_at(int time) const { return backwards_ ? bundles_ - 1 - time : time; }
  Window& window(int node) { return windows_[static_cast<size_t>(node)]; }
  Place& place_of(int node) { return places_[static_cast<size_t>(node)]; }
  bool placed(int node) const { return places_[static_cast<size_t>(node)].bundle >= 0; }

  void fill(const std::vector<int>& left, int at) {
    std::vector<std::array<int, 2>> order;
    for (const int node : left) {
      if (window(node).first <= at) order.push_back({window(node).last, node});
    }
    std::sort(order.begin(), order.end());
    for (const auto& [last, node] : order) {
      const std::optional<Opcode> opcode = free_slot(node, at);
      if (!opcode || window(node).first > at) continue;
      const std::vector<Window> before = windows_;
      window(node) = {at, at};
      taken_.add(all_.instructions[static_cast<size_t>(node)], *opcode, bundle_at(at));
      if (!narrow({node}) || !slots_suffice(left, node, at)) {
        taken_.add(all_.instructions[static_cast<size_t>(node)], *opcode, bundle_at(at), -1);
        windows_ = before;
        continue;
      }
      place_of(node) = {bundle_at(at), *opcode};
    }
  }

  /// Whether every slot has a bundle for each instruction that nothing else takes, by its window
  /// alone: again the one that must come soonest first.
  bool slots_suffice(const std::vector<int>& left, int taken, int at) {
    std::array<std::vector<Window>, kSlots> needed;
    for (const int node : left) {
      if (placed(node) || node == taken) continue;
      const Opcode opcode = all_.instructions[static_cast<size_t>(node)].opcode;
      if (interchangeable(opcode).size() > 1) continue;
      needed[static_cast<size_t>(info(opcode).slot)].push_back(window(node));
    }
    for (size_t slot = 0; slot < needed.size(); ++slot) {
      std::vector<Window>& windows = needed[slot];
      std::sort(windows.begin(), windows.end(),
                [](const Window& a, const Window& b) { return a.first < b.first; });
      std::priority_queue<int, std::vector<int>, std::greater<>> open;
      int now = at + (taken_.has(static_cast<Slot>(slot), bundle_at(at)) ? 1 : 0);
      for (size_t i = 0; i < windows.size() || !open.empty(); ++now) {
        if (open.empty()) now = std::max(now, windows[i].first);
        while (i < windows.size() && windows[i].first <= now) open.push(windows[i++].last);
        if (open.top() < now) return false;
        open.pop();
      }
    }
    return true;
  }

  std::optional<Opcode> free_slot(int node, int at) const {
    const Instruction& made = all_.instructions[static_cast<size_t>(node)];
    for (const Opcode opcode : interchangeable(made.opcode)) {
      if (!encodable(opcode, made.mode, made.immediate)) continue;
      if (taken_.is_free(made, opcode, bundle_at(at))) return opcode;
    }
    return std::nullopt;
  }

  /// What these leave to the others, whatever the slots; false when that is nothing for one.
  bool narrow(std::vector<int> changed) {
    while (!changed.empty()) {
      const int node = changed.back();
      const Window now = window(node);
      changed.pop_back();
      if (now.first > now.last) return false;
      for (const Link& link : after_[static_cast<size_t>(node)]) {
        int& first = window(link.to).first;
        if (first >= now.first + link.latency) continue;
        first = now.first + link.latency;
        changed.push_back(link.to);
      }
      for (const Link& link : before_[static_cast<size_t>(node)]) {
        int& last = window(link.from).last;
        if (last <= now.last - link.latency) continue;
        last = now.last - link.latency;
        changed.push_back(link.from);
      }
    }
    return true;
  }

  const Constraints& all_;
  const int bundles_;
  const bool backwards_;
  Taken taken_;
  std::vector<Window> windows_;
  std::vector<Place> places_;  ///< of those that have none the bundle is -1
  std::vector<std::vector<Link>> after_, before_;
};

}  // namespace

std::optional<std::vector<Place>> find_places(const Image& image, const Passage& passage,
                                              const Constraints& all, int bundles, bool backwards) {
  Taken taken(bundles);
  if (!taken.add_surroundings(image, passage)) return std::nullopt;
  return Packer(all, bundles, std::move(taken), backwards).run();
}

}  // namespace sotto::npu::core
