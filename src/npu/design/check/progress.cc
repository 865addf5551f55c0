// Plays two dispatches with locks and word counts but without data or time: whatever can move
// moves. Streams hold nothing here, so whatever finishes here finishes on the array, in any timing:
// cores, chains and locks are deterministic, and more room never stops anyone.
#include <algorithm>
#include <deque>
#include <tuple>

#include "npu/design/check/steps.h"

namespace sotto::npu::design {
namespace {

struct CoreStep {
  enum class Kind : std::uint8_t { acquire, release, begin, end } kind;
  EndRef end;
  int count = 0;  ///< objects; begin: times; end: index of begin
};

void flatten(const std::vector<Statement>& body, std::vector<CoreStep>& steps) {
  using Kind = CoreStep::Kind;
  for (const Statement& statement : body) {
    if (const auto* action = std::get_if<Acquire>(&statement.action)) {
      steps.push_back({Kind::acquire, action->end, action->count});
    } else if (const auto* action = std::get_if<Release>(&statement.action)) {
      steps.push_back({Kind::release, action->end, action->count});
    } else if (const auto* loop = std::get_if<Loop>(&statement.action)) {
      const int begin = static_cast<int>(steps.size());
      steps.push_back({Kind::begin, {}, loop->times});
      flatten(loop->body, steps);
      if (static_cast<int>(steps.size()) == begin + 1) {
        steps.pop_back();  // it moves no objects
        continue;
      }
      steps.push_back({Kind::end, {}, begin});
    }
  }
}

/// A core's program, or for one that owns its locks the objects that it still moves.
struct PlayedCore {
  std::vector<CoreStep> steps;
  std::size_t at = 0;
  std::vector<int> loops;                 ///< rounds left of open loops
  std::map<EndRef, std::int64_t> shares;  ///< left in this dispatch
};

struct PlayedChain {
  std::size_t bd = 0;
  bool moving = false;    ///< it has its lock and words to move
  std::int64_t left = 0;  ///< words of this descriptor, or of the task
  int runs_left = 0;
  bool done = false;
  std::deque<TaskRef> tasks;  ///< of a shim
};

class Play {
 public:
  explicit Play(Checking& c) : c_(c), network_(c.plan.network), over_(c.design.tasks.size()) {
    for (const Lock& lock : network_.locks) locks_.push_back(lock.initial);
    chains_.resize(network_.chains.size());
    for (std::size_t i = 0; i < chains_.size(); ++i) chains_[i].runs_left = network_.chains[i].runs;
    cores_.resize(c.design.cores.size());
    for (std::size_t i = 0; i < cores_.size(); ++i) {
      if (!c.design.cores[i].owns_locks) flatten(c.design.cores[i].body, cores_[i].steps);
    }
  }

  void run() {
    settle();
    const State rest = state();
    for (int dispatch = 0; dispatch < 2; ++dispatch) {
      begin_dispatch();
      settle();
      if (at_ < c_.design.sequence.size()) return report_stuck(dispatch);
      if (state() != rest) return report_leftover();
    }
  }

 private:
  /// What is at rest, but for which buffer of a ring comes next.
  struct State {
    std::vector<int> locks;
    std::vector<std::tuple<std::size_t, std::vector<int>>> cores;
    std::vector<std::tuple<bool, std::int64_t, bool, std::size_t>> chains;
    friend bool operator==(const State&, const State&) = default;
  };
  State state() const {
    State state{locks_, {}, {}};
    for (const PlayedCore& core : cores_) state.cores.push_back({core.at, core.loops});
    for (const PlayedChain& chain : chains_) {
      state.chains.push_back({chain.moving, chain.left, chain.done, chain.tasks.size()});
    }
    return state;
  }

  void begin_dispatch() {
    at_ = 0;
    std::fill(over_.begin(), over_.end(), false);
    for (std::size_t i = 0; i < cores_.size(); ++i) {
      for (const Core::Share& share : c_.design.cores[i].shares) {
        cores_[i].shares[share.end] += share.objects;
      }
    }
  }

  void settle() {
    bool moved = true;
    while (moved && !failed_) {
      moved = advance_sequence();
      for (PlayedCore& core : cores_) moved |= advance_core(core);
      for (std::size_t i = 0; i < chains_.size(); ++i) moved |= start_descriptor(i);
      for (const Flow& flow : network_.flows) moved |= advance_flow(flow);
    }
  }

  // --- the controller
  bool advance_sequence() {
    bool moved = false;
    for (; at_ < c_.design.sequence.size(); ++at_, moved = true) {
      const auto& action = c_.design.sequence[at_].action;
      if (const auto* task = std::get_if<TaskRef>(&action)) {
        chain_of(*task).tasks.push_back(*task);
      } else if (const auto* wait = std::get_if<Wait>(&action)) {
        if (!over_[static_cast<std::size_t>(wait->task.index)]) return moved;
      }
    }
    return moved;
  }
  PlayedChain& chain_of(TaskRef task) {
    const ChainRef chain = Checking::get(c_.plan.tasks, task.index).chain;
    return chains_[static_cast<std::size_t>(chain.index)];
  }

  // --- locks
  int& lock(LockRef ref) { return locks_[static_cast<std::size_t>(ref.index)]; }
  bool take(LockRef ref, int count) {
    if (lock(ref) < count) return false;
    lock(ref) -= count;
    return true;
  }
  void give(LockRef ref, int count) {
    lock(ref) += count;
    if (lock(ref) > kLockMax && !failed_) {
      failed_ = true;
      const Lock& full = c_.at(ref);
      c_.findings.add(Category::lock_value, full.where, "lock '", full.name, "' at ",
                      to_string(c_.at(full.tile).id), " reaches ", lock(ref), "; a lock counts to ",
                      kLockMax);
    }
  }
  LockRef lock_of(EndRef end, bool acquire) const {
    const Ring& ring = network_.rings.at(end);
    return (end.side == kProducer) == acquire ? ring.empty : ring.full;
  }

  // --- cores
  bool advance_core(PlayedCore& core) {
    bool moved = false;
    for (auto& [end, left] : core.shares) {
      while (left > 0 && take(lock_of(end, true), 1)) {
        give(lock_of(end, false), 1);
        --left;
        moved = true;
      }
    }
    // A core without any acquire would run for ever.
    const bool waits = std::any_of(core.steps.begin(), core.steps.end(), [](const CoreStep& step) {
      return step.kind == CoreStep::Kind::acquire;
    });
    while (waits && step(core)) moved = true;
    return moved;
  }
  bool step(PlayedCore& core) {
    const CoreStep& step = core.steps[core.at];
    std::size_t next = core.at + 1;
    switch (step.kind) {
      case CoreStep::Kind::acquire:
        if (!take(lock_of(step.end, true), step.count)) return false;
        break;
      case CoreStep::Kind::release:
        give(lock_of(step.end, false), step.count);
        break;
      case CoreStep::Kind::begin:
        core.loops.push_back(step.count);
        break;
      case CoreStep::Kind::end:
        if (--core.loops.back() > 0) {
          next = static_cast<std::size_t>(step.count) + 1;
        } else {
          core.loops.pop_back();
        }
        break;
    }
    core.at = next == core.steps.size() ? 0 : next;
    return !failed_;
  }

  // --- chains and streams
  bool start_descriptor(std::size_t i) {
    PlayedChain& played = chains_[i];
    if (played.moving || played.done) return false;
    const Chain& chain = network_.chains[i];
    if (chain.bds.empty()) {
      if (played.tasks.empty()) return false;
      const TaskRef task = played.tasks.front();
      played.left = Checking::get(c_.plan.tasks, task.index).run_words * c_.at(task).runs;
    } else {
      const Bd& bd = chain.bds[played.bd];
      if (bd.acquire && !take(bd.acquire->lock, bd.acquire->value)) return false;
      played.left = c_.plan.chains[i].patterns[played.bd].length;
    }
    return played.moving = true;
  }
  void finish_descriptor(ChainRef ref) {
    PlayedChain& played = chains_[static_cast<std::size_t>(ref.index)];
    const Chain& chain = c_.at(ref);
    played.moving = false;
    if (chain.bds.empty()) {
      over_[static_cast<std::size_t>(played.tasks.front().index)] = true;
      played.tasks.pop_front();
      return;
    }
    const Bd& bd = chain.bds[played.bd];
    if (bd.release) give(bd.release->lock, bd.release->value);
    if (++played.bd < chain.bds.size()) return;
    played.bd = 0;
    played.done = !chain.cyclic && --played.runs_left == 0;
  }
  bool advance_flow(const Flow& flow) {
    const auto played = [&](ChainRef ref) -> PlayedChain& {
      return chains_[static_cast<std::size_t>(ref.index)];
    };
    std::int64_t words = played(flow.from).left;
    bool ready = played(flow.from).moving;
    for (const ChainRef to : flow.to) {
      ready &= played(to).moving;
      words = std::min(words, played(to).left);
    }
    if (!ready) return false;
    const auto advance = [&](ChainRef ref) {
      if ((played(ref).left -= words) == 0) finish_descriptor(ref);
    };
    advance(flow.from);
    for (const ChainRef to : flow.to) advance(to);
    return true;
  }

  // --- what to say
  std::string waiting_core(std::size_t i) const {
    const PlayedCore& core = cores_[i];
    const std::string here = to_string(c_.at(c_.design.cores[i].tile).id);
    for (const auto& [end, left] : core.shares) {
      if (left > 0) return concat(here, " wants ", left, " more objects of ", name(end));
    }
    if (core.steps.empty() || core.steps[core.at].kind != CoreStep::Kind::acquire) return {};
    const CoreStep& step = core.steps[core.at];
    return concat(here, " waits to ", step.end.side == kProducer ? "write " : "read ", step.count,
                  " of ", name(step.end), " (",
                  locks_[static_cast<std::size_t>(lock_of(step.end, true).index)],
                  step.end.side == kProducer ? " free" : " full", ")");
  }
  std::string name(EndRef end) const { return concat("fifo '", c_.at(end.fifo).name, "'"); }

  void report_stuck(int dispatch) {
    if (failed_) return;
    const Step& step = c_.design.sequence[at_];
    const TaskRef task = std::get<Wait>(step.action).task;
    const Chain& chain = c_.at(Checking::get(c_.plan.tasks, task.index).chain);
    std::string why;
    for (std::size_t i = 0; i < cores_.size(); ++i) {
      const std::string waiting = waiting_core(i);
      if (!waiting.empty()) why += "; " + waiting;
    }
    for (const Flow& flow : network_.flows) {
      if (!chains_[static_cast<std::size_t>(flow.from.index)].moving) continue;
      for (const ChainRef to : flow.to) {
        if (chains_[static_cast<std::size_t>(to.index)].moving) continue;
        why += concat("; '", flow.name, "' is held up at ", to_string(c_.at(c_.at(to).tile).id));
      }
    }
    c_.findings.add(Category::deadlock, step.where, "dispatch ", dispatch + 1,
                    " waits for ever for task ", task.index, " of '", chain.name, "' at ",
                    to_string(c_.at(chain.tile).id), why);
  }
  void report_leftover() {
    if (failed_) return;
    std::string what;
    for (std::size_t i = 0; i < locks_.size() && what.size() < 400; ++i) {
      if (locks_[i] != network_.locks[i].initial) {
        what += concat("; lock '", network_.locks[i].name, "' at ",
                       to_string(c_.at(network_.locks[i].tile).id), " is ", locks_[i], ", was ",
                       network_.locks[i].initial);
      }
    }
    c_.findings.add(Category::balance, c_.design.where,
                    "the array is not at rest as before when a dispatch is over", what);
  }

  Checking& c_;
  const Network& network_;
  std::vector<int> locks_;
  std::vector<PlayedChain> chains_;
  std::vector<PlayedCore> cores_;
  std::vector<char> over_;  ///< tasks of this dispatch
  std::size_t at_ = static_cast<std::size_t>(-1);
  bool failed_ = false;
};

}  // namespace

void check_progress(Checking& c) {
  Play(c).run();
}

}  // namespace sotto::npu::design
