// Who waits for whom, from the controller to the end of the chain.
#include <algorithm>
#include <set>

#include "npu/sim/machine.h"

namespace sotto::npu::sim {
namespace {

using State = Situation::Channel::State;

class Explanation {
 public:
  Explanation(const Machine& machine, const Situation& situation)
      : m_(machine), array_(machine.array), now_(situation) {}

  std::vector<std::string> run() {
    say(m_.controller.where(), "the sequence waits for a token of ", awaited_name());
    if (m_.controller.awaited() >= 0) channel(m_.controller.awaited());
    return std::move(lines_);
  }

 private:
  template <typename... Args>
  void say(const Where& where, const Args&... args) {
    const std::string line = to_string(where);
    lines_.push_back(concat(args..., line.empty() ? "" : "  [" + line + "]"));
  }
  std::string awaited_name() const {
    const int channel = m_.controller.awaited();
    return channel < 0 ? "a channel that does not exist" : name(channel);
  }
  const Channel& at(int channel) const {
    return array_.channels()[static_cast<std::size_t>(channel)];
  }
  std::string name(int channel) const { return to_string(at(channel)); }

  /// False if it has been told already.
  bool first_time(const std::string& who) {
    if (told_.insert(who).second) return true;
    lines_.push_back(concat(who, ": told above, so they wait for each other"));
    return false;
  }

  void channel(int i) {
    if (!first_time(name(i))) return;
    const Situation::Channel& state = now_.channels[static_cast<std::size_t>(i)];
    if (state.state == State::idle) {
      say(at(i).where, name(i), " has no task left: it sends no token and moves no word");
      return;
    }
    if (state.state == State::wants_lock) {
      const design::DescriptorFields& fields = m_.fields(i);
      return lock(name(i), m_.acquired_lock(i), -fields.acquire.value, at(i).where);
    }
    const auto progress = concat(m_.fields(i).length - state.left, " of ", m_.fields(i).length);
    if (at(i).direction == Direction::s2mm) return starved(i, progress);
    blocked(i, progress);
  }

  /// A receiving channel without words.
  void starved(int i, const std::string& progress) {
    if (at(i).flow < 0) {
      say(at(i).where, name(i), " has received ", progress, " words; no stream leads to it");
      return;
    }
    const Flow& flow = array_.flows()[static_cast<std::size_t>(at(i).flow)];
    say(at(i).where, name(i), " has received ", progress, " words and waits for ",
        name(flow.source));
    sender(flow, i);
  }
  /// Why a stream brings nothing to `sink`: its source, or another of its sinks.
  void sender(const Flow& flow, int sink) {
    const Situation::Stream& stream = now_.flows[static_cast<std::size_t>(at(sink).flow)];
    if (stream.read > 0) return full_sink(flow, stream);
    channel(flow.source);
  }
  void blocked(int i, const std::string& progress) {
    const Flow& flow = array_.flows()[static_cast<std::size_t>(at(i).flow)];
    if (flow.sinks.empty()) {
      say(at(i).where, name(i), " has sent ", progress, " words; its stream leads nowhere");
      return;
    }
    say(at(i).where, name(i), " has read ", progress, " words and cannot send more");
    full_sink(flow, now_.flows[static_cast<std::size_t>(at(i).flow)]);
  }
  void full_sink(const Flow& flow, const Situation::Stream& stream) {
    for (std::size_t s = 0; s < flow.sinks.size(); ++s) {
      if (stream.ahead[s] < flow.sinks[s].capacity) continue;
      say(flow.where, "stream '", flow.name, "' is full: ", stream.ahead[s], " words wait before ",
          name(flow.sinks[s].channel));
      channel(flow.sinks[s].channel);
      return;
    }
  }

  void lock(const std::string& who, int index, int wanted, const Where& where) {
    const Lock& lock = array_.locks()[static_cast<std::size_t>(index)];
    say(where, who, " waits for ", wanted, " of lock '", lock.name, "' of ", to_string(lock.tile),
        " (it is ", lock.value, ")");
    if (!first_time(concat("lock '", lock.name, "' of ", to_string(lock.tile)))) return;
    bool given = false;
    for (std::size_t i = 0; i < m_.cores.size(); ++i) {
      const auto& gives = m_.cores[i]->given_locks();
      const std::string giver = to_string(m_.cores[i]->program().tile);
      if (giver == who || std::find(gives.begin(), gives.end(), index) == gives.end()) continue;
      given = true;
      core(static_cast<int>(i));
    }
    for (std::size_t i = 0; i < array_.channels().size(); ++i) {
      if (name(static_cast<int>(i)) == who || !gives(static_cast<int>(i), index)) continue;
      given = true;
      channel(static_cast<int>(i));
    }
    if (!given) say(lock.where, "nobody else ever gives that lock");
  }
  bool gives(int i, int lock) const {
    if (at(i).kind() == TileKind::shim) return false;
    Channel walker = at(i);
    if (!walker.running) return false;
    std::set<std::uint32_t> seen;
    while (seen.insert(walker.descriptor).second) {
      const design::DescriptorFields& fields = array_.descriptor(walker);
      if (fields.acquires && array_.dma_lock(walker.tile, fields.release.id) == lock) return true;
      if (!fields.has_next) break;
      walker.descriptor = fields.next;
    }
    return false;
  }

  void core(int i) {
    const Situation::Core& state = now_.cores[static_cast<std::size_t>(i)];
    const design::ProgramCore& program = m_.cores[static_cast<std::size_t>(i)]->program();
    const std::string who = to_string(program.tile);
    if (!first_time(who)) return;
    if (state.ended) {
      say(program.where, who, ": its program has ended");
    } else if (state.lock >= 0) {
      lock(who, state.lock, state.value, program.where);
    }
  }

  const Machine& m_;
  const Array& array_;
  const Situation& now_;
  std::vector<std::string> lines_;
  std::set<std::string> told_;
};

}  // namespace

std::vector<std::string> explain(const Machine& machine, const Situation& situation) {
  return Explanation(machine, situation).run();
}

}  // namespace sotto::npu::sim
