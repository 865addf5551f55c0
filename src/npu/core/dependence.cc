#include "npu/core/dependence.h"

#include <algorithm>
#include <cstdlib>

namespace sotto::npu::core {
namespace {

/// A touch of a register by an operation, in program order.
struct Touch {
  int operation;
  Timing timing;
  Span span;
};

class Builder {
 public:
  explicit Builder(const Loop& loop) : loop_(loop) {}

  std::vector<Edge> run() {
    collect();
    for (size_t reg = 0; reg < loop_.registers.size(); ++reg) {
      if (loop_.registers[reg].storage == Storage::value) {
        add_flow(static_cast<int>(reg));
      } else {
        add_state(static_cast<int>(reg));
      }
    }
    add_memory();
    for (const Order& order : loop_.orders) {
      edges_.push_back({order.from, order.to, order.latency, order.distance});
    }
    return std::move(edges_);
  }

 private:
  void collect() {
    defs_.resize(loop_.registers.size());
    uses_.resize(loop_.registers.size());
    distances_.resize(loop_.registers.size());
    for (int index = 0; index < static_cast<int>(loop_.operations.size()); ++index) {
      const Operation& operation = loop_.operations[static_cast<size_t>(index)];
      const Signature all = signature(operation.opcode, operation.mode);
      for (size_t i = 0; i < operation.uses.size(); ++i) {
        const Operand& use = operation.uses[i];
        uses_[static_cast<size_t>(use.reg)].push_back({index, all.uses[i], span_of(loop_, use)});
        distances_[static_cast<size_t>(use.reg)].push_back(use.distance);
      }
      for (size_t i = 0; i < operation.defs.size(); ++i) {
        const Operand& def = operation.defs[i];
        defs_[static_cast<size_t>(def.reg)].push_back({index, all.defs[i], span_of(loop_, def)});
      }
    }
  }

  void add_flow(int reg) {
    const std::vector<Touch>& uses = uses_[static_cast<size_t>(reg)];
    for (size_t u = 0; u < uses.size(); ++u) {
      for (const Touch& def : defs_[static_cast<size_t>(reg)]) {
        if (!def.span.meets(uses[u].span)) continue;
        edges_.push_back({def.operation, uses[u].operation,
                          flow_latency(def.timing, uses[u].timing),
                          distances_[static_cast<size_t>(reg)][u]});
      }
    }
  }

  /// All pairs of touches of which one writes, in this iteration and across to the next.
  void add_state(int reg) {
    const std::vector<Touch>& defs = defs_[static_cast<size_t>(reg)];
    const std::vector<Touch>& uses = uses_[static_cast<size_t>(reg)];
    for (const Touch& def : defs) {
      for (const Touch& use : uses) {
        if (!use.span.meets(def.span)) continue;
        const int flow = flow_latency(def.timing, use.timing);
        const int anti = anti_latency(use.timing, def.timing);
        if (use.operation > def.operation) {
          edges_.push_back({def.operation, use.operation, flow, 0});
          edges_.push_back({use.operation, def.operation, anti, 1});
        } else {
          edges_.push_back({def.operation, use.operation, flow, 1});
          if (use.operation < def.operation) {
            edges_.push_back({use.operation, def.operation, anti, 0});
          }
        }
      }
      for (const Touch& other : defs) {
        if (other.operation <= def.operation || !other.span.meets(def.span)) continue;
        edges_.push_back(
            {def.operation, other.operation, output_latency(def.timing, other.timing), 0});
        edges_.push_back(
            {other.operation, def.operation, output_latency(other.timing, def.timing), 1});
      }
    }
  }

  void add_memory() {
    for (int a = 0; a < static_cast<int>(loop_.operations.size()); ++a) {
      for (int b = a; b < static_cast<int>(loop_.operations.size()); ++b) add_memory(a, b);
    }
  }

  void add_memory(int a, int b) {
    const std::optional<Access>& first = loop_.operations[static_cast<size_t>(a)].access;
    const std::optional<Access>& second = loop_.operations[static_cast<size_t>(b)].access;
    if (!first || !second || (!writes(a) && !writes(b))) return;
    const bool same_object = first->object == second->object && first->object != kAnyObject;
    if (!same_object && first->object != kAnyObject && second->object != kAnyObject) return;
    if (!same_object || first->stride != second->stride || first->stride == 0) {
      const bool overlap = !same_object || first->stride != second->stride ||
                           (first->offset < second->offset + second->bytes &&
                            second->offset < first->offset + first->bytes);
      if (overlap) {
        if (a != b) edges_.push_back({a, b, memory_latency(a, b), 0});
        edges_.push_back({b, a, memory_latency(b, a), 1});
      }
      return;
    }
    add_strided(a, b, *first, *second);
  }

  /// Both move by the same stride: b meets what a touched `distance` iterations before when
  /// −b.bytes < b.offset − a.offset + stride · distance < a.bytes.
  void add_strided(int a, int b, const Access& first, const Access& second) {
    const int64_t gap = second.offset - first.offset;
    const int64_t reach = (std::abs(gap) + first.bytes + second.bytes) / std::abs(first.stride) + 1;
    const auto meets = [&](int64_t distance) {
      const int64_t shift = gap + first.stride * distance;
      return shift > -second.bytes && shift < first.bytes;
    };
    for (int64_t d = a == b ? 1 : 0; d <= reach; ++d) {
      if (!meets(d)) continue;
      edges_.push_back({a, b, memory_latency(a, b), static_cast<int>(d)});
      break;
    }
    for (int64_t d = 1; d <= reach; ++d) {
      if (!meets(-d)) continue;
      edges_.push_back({b, a, memory_latency(b, a), static_cast<int>(d)});
      break;
    }
  }

  const OpcodeInfo& row(int operation) const {
    return info(choices(loop_.operations[static_cast<size_t>(operation)].opcode)[0]);
  }
  bool writes(int operation) const { return row(operation).memory != MemoryUse::load; }
  /// The later access comes in a later cycle. A part-word store reads 6 cycles before it writes.
  int memory_latency(int from, int to) const {
    const bool part_word = row(to).memory == MemoryUse::load_store;
    return row(from).memory_cycle - row(to).memory_cycle + (part_word ? 6 : 0) + 1;
  }

  const Loop& loop_;
  std::vector<std::vector<Touch>> defs_, uses_;  ///< by register
  std::vector<std::vector<int>> distances_;      ///< of uses_
  std::vector<Edge> edges_;
};

}  // namespace

std::vector<Edge> dependences(const Loop& loop) {
  return Builder(loop).run();
}

Distances::Distances(int operations, const std::vector<Edge>& edges, int ii)
    : count_(operations), longest_(static_cast<size_t>(operations * operations), kNone) {
  const auto at = [&](int from, int to) -> int& {
    return longest_[static_cast<size_t>(from * count_ + to)];
  };
  for (const Edge& edge : edges) {
    at(edge.from, edge.to) = std::max(at(edge.from, edge.to), edge.latency - ii * edge.distance);
  }
  for (int via = 0; via < count_; ++via) {
    for (int from = 0; from < count_; ++from) {
      const int head = at(from, via);
      if (head == kNone) continue;
      for (int to = 0; to < count_; ++to) {
        const int tail = at(via, to);
        if (tail != kNone) at(from, to) = std::max(at(from, to), head + tail);
      }
    }
  }
  for (int i = 0; i < count_; ++i) feasible_ = feasible_ && at(i, i) <= 0;
}

}  // namespace sotto::npu::core
