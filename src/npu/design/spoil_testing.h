// For tests: a design with a random number in it that was another one.
#pragma once

#include <climits>
#include <random>

#include "npu/design/design.h"

namespace sotto::npu::design::testing {

/// Replaces one number of a design by another one, near it, at a limit or absurd.
class Spoiler {
 public:
  explicit Spoiler(std::mt19937& random) : random_(random) {}

  void spoil(Design& d) {
    switch (random_() % 12) {
      case 0:
        return number(pick(d.fifos).object.count);
      case 1:
        return end(pick(d.fifos));
      case 2:
        return number(pick(d.fifos).repeat);
      case 3:
        return d.links.empty() ? spoil(d) : link(pick(d.links));
      case 4:
        return d.buffers.empty() ? spoil(d) : number(pick(d.buffers).object.count);
      case 5:
        return d.chains.empty() ? spoil(d) : chain(pick(d.chains));
      case 6:
        return d.cores.empty() ? spoil(d) : number(pick(d.cores).stack_bytes);
      case 7:
        return d.cores.empty() ? spoil(d) : statement(pick(pick(d.cores).body));
      case 8:
        return number(pick(d.hosts).object.count);
      case 9:
        return task(pick(d.tasks));
      case 10:
        return d.locks.empty() ? spoil(d) : number(pick(d.locks).initial);
      default:
        std::swap(pick(d.sequence), pick(d.sequence));
    }
  }

 private:
  template <typename T>
  T& pick(std::vector<T>& list) {
    return list[random_() % list.size()];
  }
  template <typename T>
  void number(T& value) {
    constexpr std::int64_t kLimits[] = {-1,  0,   1,    2,    3,    16,   17,    63,     64,
                                        255, 256, 1023, 1024, 4096, 8193, 16384, 131072, INT_MAX};
    const std::int64_t other[] = {std::int64_t{value} + 1, std::int64_t{value} - 1,
                                  std::int64_t{value} * 2, kLimits[random_() % std::size(kLimits)]};
    value = static_cast<T>(other[random_() % 4]);
  }
  void number(std::optional<int>& value) {
    if (value) return number(*value);
    value = static_cast<int>(random_() % 7);
  }
  void layout(Layout& dims, std::int64_t count) {
    if (dims.empty()) dims = {{count, 1}};
    if (random_() % 3 == 0) dims.insert(dims.begin(), Dim{2, static_cast<int>(random_() % 64)});
    Dim& dim = pick(dims);
    number(random_() % 2 == 0 ? dim.size : dim.stride);
  }
  void end(Fifo& fifo) {
    FifoEnd& at = fifo.producer && random_() % 2 == 0 ? *fifo.producer : pick(fifo.consumers);
    switch (random_() % 4) {
      case 0:
        return number(at.depth);
      case 1:
        return number(at.bank);
      case 2:
        return number(at.channel);
      default:
        return layout(at.layout, fifo.object.count);
    }
  }
  void link(Link& link) {
    switch (random_() % 4) {
      case 0:
        return number(link.depth);
      case 1:
        return number(link.bank);
      case 2:
        return number(link.object.count);
      default:
        return number(pick(link.inputs).offset);
    }
  }
  void chain(Chain& chain) {
    if (chain.bds.empty() || random_() % 3 == 0) return number(chain.runs);
    Bd& bd = pick(chain.bds);
    switch (random_() % 5) {
      case 0:
        return number(bd.offset);
      case 1:
        return number(bd.count);
      case 2:
        return number(bd.run_stride);
      case 3:
        return number(bd.run_wrap);
      default:
        return layout(bd.layout, bd.count);
    }
  }
  void statement(Statement& statement) {
    if (auto* action = std::get_if<Acquire>(&statement.action)) return number(action->count);
    if (auto* action = std::get_if<Release>(&statement.action)) return number(action->count);
    if (auto* action = std::get_if<Loop>(&statement.action)) return number(action->times);
  }
  void task(Task& task) {
    if (task.transfers.empty() || random_() % 4 == 0) return number(task.runs);
    Transfer& transfer = pick(task.transfers);
    switch (random_() % 4) {
      case 0:
        return number(transfer.offset);
      case 1:
        return number(transfer.run_stride);
      case 2:
        return number(transfer.run_wrap);
      default:
        return layout(transfer.layout, 64);
    }
  }

  std::mt19937& random_;
};

}  // namespace sotto::npu::design::testing
