// Descriptors and flows of the network: what a DMA can reach and do, before anything is numbered.
#include <algorithm>

#include "npu/design/check/steps.h"

namespace sotto::npu::design {
namespace {

class ChainCheck {
 public:
  ChainCheck(Checking& c, int index)
      : c_(c),
        chain_(c.plan.network.chains[static_cast<std::size_t>(index)]),
        placed_(c.plan.chains[static_cast<std::size_t>(index)]),
        of_fifo_(index >= static_cast<int>(c.design.chains.size())),
        here_(concat(of_fifo_ ? "fifo '" : "chain '", chain_.name, "' at ",
                     to_string(c.at(chain_.tile).id))) {}

  void run() {
    const bool shim = c_.kind(chain_.tile) == TileKind::shim;
    if (shim != chain_.bds.empty()) {
      c_.findings.add(Category::dma_descriptors, chain_.where, here_,
                      shim ? ": the sequence writes a shim's descriptors, a design does not"
                           : ": no descriptors");
      return;
    }
    if (!chain_.cyclic && (chain_.runs < 1 || chain_.runs > kRunsMax)) {
      c_.findings.add(Category::runs, chain_.where, here_, ": ", chain_.runs, " runs; 1 to ",
                      kRunsMax, " can be had");
    }
    for (const Bd& bd : chain_.bds) check_bd(bd);
  }

 private:
  template <typename... Args>
  void add(Category category, const Bd& bd, const Args&... args) {
    // A FIFO's descriptors differ in their buffer only: one message is enough.
    if (of_fifo_ && &bd != &chain_.bds.front()) return;
    c_.findings.add(category, bd.where, here_, ": ", args...);
  }

  bool reaches(TileRef other) const {
    const Neighbour where = neighbour(c_.at(chain_.tile).id, c_.at(other).id);
    return c_.kind(chain_.tile) == TileKind::memory
               ? c_.kind(other) == TileKind::memory && memory_dma_reaches(where)
               : where == Neighbour::self;
  }

  void check_lock(const Bd& bd, const Bd::Use& use, bool acquires) {
    const Lock& lock = c_.at(use.lock);
    if (!reaches(lock.tile)) {
      add(Category::reach, bd, "lock '", lock.name, "' is in ", to_string(c_.at(lock.tile).id));
    }
    if (use.value > kLockMax || use.value < (acquires ? 1 : 0)) {
      add(Category::lock_value, bd, acquires ? "acquires " : "releases ", use.value, " of lock '",
          lock.name, "'; a lock counts to ", kLockMax);
    }
  }

  void check_bd(const Bd& bd) {
    const Buffer& buffer = c_.at(bd.buffer);
    if (!reaches(buffer.tile)) {
      add(Category::reach, bd, "buffer '", buffer.name, "' is in ",
          to_string(c_.at(buffer.tile).id));
    }
    if (bd.acquire.has_value() != bd.release.has_value()) {
      add(Category::lock_value, bd, "a descriptor uses two locks or none");
    }
    if (bd.acquire) check_lock(bd, *bd.acquire, true);
    if (bd.release) check_lock(bd, *bd.release, false);
    // Of a FIFO's descriptors the first one stands for all.
    Findings ignored;
    Findings& findings = of_fifo_ && &bd != &chain_.bds.front() ? ignored : c_.findings;
    const PatternRequest request{.what = here_,
                                 .kind = c_.kind(chain_.tile),
                                 .direction = chain_.direction,
                                 .element = buffer.object.element,
                                 .offset = bd.offset,
                                 .count = bd.count,
                                 .layout = bd.layout,
                                 .padding = bd.padding,
                                 .where = bd.where};
    placed_.patterns.push_back(make_pattern(request, findings));
    check_iteration(request, bd.run_stride, bd.run_wrap, findings);
    check_inside(bd, buffer);
  }

  void check_inside(const Bd& bd, const Buffer& buffer) {
    const std::int64_t last = bd.offset + (bd.layout.empty() ? bd.count - 1 : reach_of(bd.layout)) +
                              std::max<std::int64_t>(product(bd.run_stride, bd.run_wrap - 1), 0);
    if (bd.offset < 0 || last >= buffer.object.count) {
      add(Category::layout, bd, "reaches element ", last, " of buffer '", buffer.name,
          "', which has ", buffer.object.count);
      return;
    }
    // A core's buffer may have more room than an object; pieces of a link lie side by side.
    const bool whole = c_.kind(chain_.tile) == TileKind::core;
    const std::int64_t room = whole ? buffer.object.count : bd.count;
    // What no memory can hold is reported there.
    const bool fits = room <= memory_of(c_.kind(buffer.tile)).bytes;
    if (!of_fifo_ || bd.layout.empty() || !fits) return;
    if (reach_of(bd.layout) >= room || touches_twice(bd.layout, room)) {
      add(Category::layout, bd, "its layout does not move each of ", bd.count,
          " elements once (it reaches element ", reach_of(bd.layout), ")");
    }
  }

  static bool touches_twice(const Layout& layout, std::int64_t count) {
    std::vector<bool> seen(static_cast<std::size_t>(count));
    std::vector<std::int64_t> at(layout.size(), 0);
    for (;;) {
      std::int64_t element = 0;
      for (std::size_t i = 0; i < layout.size(); ++i) element += at[i] * layout[i].stride;
      if (element < 0 || element >= count || seen[static_cast<std::size_t>(element)]) return true;
      seen[static_cast<std::size_t>(element)] = true;
      std::size_t i = layout.size();
      while (i > 0 && ++at[i - 1] >= layout[i - 1].size) at[--i] = 0;
      if (i == 0) return false;
    }
  }

  Checking& c_;
  const Chain& chain_;
  PlacedChain& placed_;
  const bool of_fifo_;
  const std::string here_;
};

/// Words of one object in the stream must be the same wherever it is sent and received.
void check_fifo_lengths(Checking& c) {
  for (const auto& [end, ref] : c.plan.network.end_chains) {
    const Fifo& fifo = c.at(end.fifo);
    if (end.side != kProducer || fifo.padding.empty()) continue;
    const PlacedChain& placed = Checking::get(c.plan.chains, ref.index);
    if (placed.patterns.empty()) continue;
    const std::int64_t sent = placed.patterns.front().length;
    const std::int64_t object = fifo.object.bytes() / kWordBytes;
    if (sent != object) {
      c.findings.add(Category::type_mismatch, fifo.where, "fifo '", fifo.name,
                     "': with its zeros an object has ", sent, " words; its consumers expect ",
                     object);
    }
  }
}

void check_flows(Checking& c) {
  const Network& network = c.plan.network;
  std::vector<int> uses(network.chains.size(), 0);
  for (const Flow& flow : network.flows) {
    ++uses[static_cast<std::size_t>(flow.from.index)];
    if (c.at(flow.from).direction != Direction::mm2s) {
      c.findings.add(Category::no_producer, flow.where, "flow '", flow.name, "' starts at chain '",
                     c.at(flow.from).name, "', which receives");
    }
    if (flow.to.empty()) {
      c.findings.add(Category::no_consumer, flow.where, "flow '", flow.name, "' ends nowhere");
    }
    for (const ChainRef to : flow.to) {
      ++uses[static_cast<std::size_t>(to.index)];
      if (c.at(to).direction != Direction::s2mm) {
        c.findings.add(Category::no_consumer, flow.where, "flow '", flow.name, "' ends at chain '",
                       c.at(to).name, "', which sends");
      }
    }
  }
  for (std::size_t i = 0; i < c.design.chains.size(); ++i) {
    if (uses[i] == 1) continue;
    const Chain& chain = network.chains[i];
    const bool sends = chain.direction == Direction::mm2s;
    c.findings.add(sends ? Category::no_consumer : Category::no_producer, chain.where, "chain '",
                   chain.name, "' at ", to_string(c.at(chain.tile).id), " is in ", uses[i],
                   " flows");
  }
}

}  // namespace

void check_chains(Checking& c) {
  c.plan.chains.resize(c.plan.network.chains.size());
  for (int i = 0; i < static_cast<int>(c.plan.network.chains.size()); ++i) ChainCheck(c, i).run();
  check_fifo_lengths(c);
  check_flows(c);
}

}  // namespace sotto::npu::design
