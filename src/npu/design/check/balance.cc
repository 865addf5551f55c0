// How many objects go through every FIFO in a dispatch, from what the tasks move: both ends of a
// FIFO must agree, or the second dispatch meets what the first one left.
#include <algorithm>

#include "npu/design/check/steps.h"

namespace sotto::npu::design {
namespace {

class Balance {
 public:
  explicit Balance(Checking& c)
      : c_(c),
        objects_(c.design.fifos.size(), -1),
        said_(c.design.fifos.size()),
        links_(c.design.links.size(), -1) {
    c.plan.rounds.assign(c.design.cores.size(), -1);
    for (const Core& core : c.design.cores) per_round_.push_back(objects_per_round(core));
  }

  void run() {
    count_tasks();
    for (const Core& core : c_.design.cores) {
      if (!core.owns_locks) continue;
      for (const Core::Share& share : core.shares) say(share.end, share.objects);
    }
    do {
      changed_ = false;
      for (std::size_t i = 0; i < c_.design.cores.size(); ++i) pass_core(i);
      for (std::size_t i = 0; i < c_.design.links.size(); ++i) pass_link(i);
    } while (changed_ && !failed_);
    if (failed_) return;
    for (std::size_t i = 0; i < c_.design.fifos.size(); ++i) {
      if (objects_[i] < 0) {
        c_.findings.add(Category::balance, c_.design.fifos[i].where, "fifo '",
                        c_.design.fifos[i].name,
                        "': nothing in the sequence says how many objects a dispatch moves");
      }
    }
    for (std::int64_t& rounds : c_.plan.rounds) rounds = std::max<std::int64_t>(rounds, 0);
  }

 private:
  void count_tasks() {
    std::map<EndRef, std::int64_t> words;
    for (std::size_t i = 0; i < c_.design.tasks.size(); ++i) {
      const Task& task = c_.design.tasks[i];
      if (const auto* end = std::get_if<EndRef>(&task.through)) {
        words[*end] += c_.plan.tasks[i].run_words * task.runs;
      }
    }
    for (const auto& [end, count] : words) {
      const Fifo& fifo = c_.at(end.fifo);
      const std::int64_t object = fifo.object.bytes() / kWordBytes;
      if (count % object != 0) {
        failed_ = true;
        c_.findings.add(Category::balance, fifo.where, describe(c_.design, end),
                        ": the tasks move ", count,
                        " words in a dispatch, not a multiple of an object's ", object);
        continue;
      }
      say(end, count / object);
    }
  }

  /// An end says how many objects go through its FIFO.
  void say(EndRef end, std::int64_t count) {
    const std::size_t i = static_cast<std::size_t>(end.fifo.index);
    const char* verb = end.side == kProducer ? "sends " : "takes ";
    const std::string said = concat(to_string(c_.at(c_.end(end).tile).id), " ", verb, count);
    if (objects_[i] < 0) {
      objects_[i] = count;
      said_[i] = said;
      changed_ = true;
    } else if (objects_[i] != count && !failed_) {
      failed_ = true;
      c_.findings.add(Category::balance, c_.design.fifos[i].where, "fifo '",
                      c_.design.fifos[i].name, "': in a dispatch ", said_[i], " objects, but ",
                      said);
    }
  }

  void pass_core(std::size_t index) {
    const Core& core = c_.design.cores[index];
    std::int64_t& rounds = c_.plan.rounds[index];
    for (const auto& [end, count] : per_round_[index]) {
      const std::int64_t known = objects_[static_cast<std::size_t>(end.fifo.index)];
      if (rounds < 0 && known >= 0 && count > 0) {
        if (known % count != 0) {
          failed_ = true;
          c_.findings.add(Category::balance, core.where, to_string(c_.at(core.tile).id),
                          ": a round takes or gives ", count, " objects of fifo '",
                          c_.at(end.fifo).name, "', and a dispatch has ", known);
          return;
        }
        rounds = known / count;
        changed_ = true;
      }
    }
    if (rounds < 0) return;
    for (const auto& [end, count] : per_round_[index]) say(end, rounds * count);
  }

  void pass_link(std::size_t index) {
    const Link& link = c_.design.links[index];
    std::int64_t& whole = links_[index];
    const auto known = [&](FifoRef ref) { return objects_[static_cast<std::size_t>(ref.index)]; };
    for (const Link::Piece& piece : link.inputs) {
      if (whole < 0 && known(piece.fifo) >= 0) whole = known(piece.fifo);
    }
    for (const Link::Piece& piece : link.outputs) {
      const int repeat = c_.at(piece.fifo).repeat;
      if (whole < 0 && known(piece.fifo) >= 0) whole = known(piece.fifo) / repeat;
    }
    if (whole < 0) return;
    for (const Link::Piece& piece : link.inputs) {
      for (int i = 0; i < static_cast<int>(c_.at(piece.fifo).consumers.size()); ++i) {
        if (c_.end({piece.fifo, i}).tile == link.tile) say({piece.fifo, i}, whole);
      }
    }
    for (const Link::Piece& piece : link.outputs) {
      say({piece.fifo, kProducer}, whole * c_.at(piece.fifo).repeat);
    }
  }

  Checking& c_;
  std::vector<std::int64_t> objects_;  ///< of each FIFO; -1: not known yet
  std::vector<std::string> said_;      ///< who said so
  std::vector<std::int64_t> links_;
  std::vector<std::map<EndRef, std::int64_t>> per_round_;
  bool changed_ = false, failed_ = false;
};

}  // namespace

void check_balance(Checking& c) {
  Balance(c).run();
}

}  // namespace sotto::npu::design
