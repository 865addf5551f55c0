// Going through a trace: its items in order, loops included.
#pragma once

#include <unordered_map>
#include <vector>

#include "npu/recorder/trace.h"

namespace sotto::npu::recorder {

template <typename F>
void for_each_list(Items& items, F f) {
  for (Item& item : items) {
    if (item.loop) for_each_list(item.loop->body, f);
  }
  f(items);
}

template <typename F>
void for_each_loop(Items& items, F f) {
  for (Item& item : items) {
    if (!item.loop) continue;
    for_each_loop(item.loop->body, f);
    f(*item.loop);
  }
}

template <typename F>
void for_each_step(Items& items, F f) {
  for (Item& item : items) {
    if (item.loop) {
      for_each_step(item.loop->body, f);
    } else {
      f(item.step);
    }
  }
}

/// Every use, those of values that loops begin with included.
template <typename F>
void for_each_use(Items& items, F f) {
  for (Item& item : items) {
    if (!item.loop) {
      for (Use& use : item.step.uses) f(use);
      continue;
    }
    for (Carried& carried : item.loop->carried) f(carried.initial);
    for_each_use(item.loop->body, f);
  }
}

/// Removes the items that `drop(item)` says.
template <typename F>
void erase_items(Items& items, F drop) {
  std::erase_if(items, drop);
}

/// The steps that write each value. Valid until items move.
using Writers = std::unordered_map<int, std::vector<Step*>>;
inline Writers writers_of(Items& items) {
  Writers writers;
  for_each_step(items, [&](Step& step) {
    for (const Part& def : step.defs) writers[def.value].push_back(&step);
  });
  return writers;
}

/// How many uses read each unit of each value.
class Readers {
 public:
  explicit Readers(Items& items) {
    for_each_use(items, [&](Use& use) {
      for (int unit = 0; unit < use.part.units; ++unit) {
        ++counts_[key(use.part.value, use.part.first + unit)];
      }
    });
  }
  int count(int value, int unit) const {
    const auto found = counts_.find(key(value, unit));
    return found == counts_.end() ? 0 : found->second;
  }

 private:
  static int64_t key(int value, int unit) { return int64_t{value} * 8 + unit; }
  std::unordered_map<int64_t, int> counts_;
};

}  // namespace sotto::npu::recorder
