// The sequence of a dispatch, proven from its text alone: a task is known to be over when someone
// waited for it or for a later one of its channel, and not before.
#include <algorithm>
#include <deque>
#include <set>

#include "npu/design/check/steps.h"

namespace sotto::npu::design {
namespace {

class SequenceCheck {
 public:
  explicit SequenceCheck(Checking& c) : c_(c) {
    c.plan.tasks.resize(c.design.tasks.size());
    for (const Step& step : c.design.sequence) {
      if (const auto* wait = std::get_if<Wait>(&step.action)) {
        c.plan.tasks[static_cast<std::size_t>(wait->task.index)].token = true;
      }
    }
  }

  void run() {
    for (const Step& step : c_.design.sequence) {
      where_ = &step.where;
      std::visit([&](const auto& action) { take(action); }, step.action);
    }
    where_ = &c_.design.where;
    for (std::size_t i = 0; i < c_.design.tasks.size(); ++i) {
      if (!started_.contains({static_cast<int>(i)})) {
        add(Category::sequence, "task ", i, " is never started");
      }
    }
    for (const auto& [chain, queue] : outstanding_) {
      if (queue.empty()) continue;
      where_ = &places_.at(queue.back());
      add(Category::waits, "the last task of '", c_.at(chain).name, "' at ",
          to_string(c_.at(c_.at(chain).tile).id),
          " is not awaited, so the next dispatch could meet it");
    }
  }

 private:
  template <typename... Args>
  void add(Category category, const Args&... args) {
    c_.findings.add(category, *where_, args...);
  }
  PlacedTask& placed(TaskRef ref) { return c_.plan.tasks[static_cast<std::size_t>(ref.index)]; }

  void take(TaskRef ref) {
    if (!started_.insert(ref).second) {
      add(Category::sequence, "task ", ref.index, " is started twice");
      return;
    }
    places_[ref] = *where_;
    const std::optional<ChainRef> chain = chain_of(c_.at(ref));
    if (!chain) return;
    placed(ref).chain = *chain;
    check_task(ref, c_.at(*chain));
    push(ref, *chain);
  }

  /// The shim's channel that the task is for.
  std::optional<ChainRef> chain_of(const Task& task) {
    std::optional<ChainRef> chain;
    std::string what;
    if (const auto* end = std::get_if<EndRef>(&task.through)) {
      const auto found = c_.plan.network.end_chains.find(*end);
      if (found != c_.plan.network.end_chains.end()) chain = found->second;
      what = describe(c_.design, *end);
    } else {
      chain = std::get<ChainRef>(task.through);
      what = "chain '" + c_.at(*chain).name + "'";
    }
    if (!chain || c_.kind(c_.at(*chain).tile) != TileKind::shim) {
      add(Category::sequence, what, ": a task needs an end in a shim");
      return std::nullopt;
    }
    return chain;
  }

  void check_task(TaskRef ref, const Chain& chain) {
    const Task& task = c_.at(ref);
    const std::string here =
        concat("task ", ref.index, " of '", chain.name, "' at ", to_string(c_.at(chain.tile).id));
    if (task.transfers.empty()) add(Category::sequence, here, " moves nothing");
    if (task.runs < 1 || task.runs > kRunsMax) {
      add(Category::runs, here, ": ", task.runs, " runs; 1 to ", kRunsMax, " can be had");
    }
    check_burst(task, here);
    for (const Transfer& transfer : task.transfers) {
      check_element(task, transfer, here);
      check_bounds(task, transfer, here);
      const Object& host = c_.at(transfer.host).object;
      const PatternRequest request{
          .what = here,
          .kind = TileKind::shim,
          .direction = chain.direction,
          .element = host.element,
          .offset = transfer.offset,
          .layout = transfer.layout.empty() ? Layout{{0, 1}} : transfer.layout,
          .where = *where_};
      placed(ref).patterns.push_back(make_pattern(request, c_.findings));
      check_iteration(request, transfer.run_stride, transfer.run_wrap, c_.findings);
      placed(ref).run_words += placed(ref).patterns.back().length;
    }
  }

  void check_burst(const Task& task, const std::string& here) {
    const int bytes = task.burst_bytes;
    const bool known = bytes == 0 || bytes == 64 || bytes == 128 || bytes == 256 || bytes == 512;
    if (!known || bytes > c_.design.device.burst_max()) {
      add(Category::burst, here, ": bursts of ", bytes, " bytes; 64, 128, … ",
          c_.design.device.burst_max(), " can be had");
    }
  }
  void check_element(const Task& task, const Transfer& transfer, const std::string& here) {
    const auto* end = std::get_if<EndRef>(&task.through);
    const HostBuffer& host = c_.at(transfer.host);
    if (end != nullptr && c_.at(end->fifo).object.element != host.object.element) {
      add(Category::type_mismatch, here, ": host buffer '", host.name,
          "' has other elements than the fifo");
    }
  }
  void check_bounds(const Task& task, const Transfer& transfer, const std::string& here) {
    const HostBuffer& host = c_.at(transfer.host);
    const std::int64_t advance =
        product(transfer.run_stride, std::min(task.runs, transfer.run_wrap) - 1);
    const std::int64_t last =
        transfer.offset + reach_of(transfer.layout) + std::max<std::int64_t>(advance, 0);
    if (transfer.offset < 0 || last >= host.object.count) {
      add(Category::host_bounds, here, ": elements ", transfer.offset, " to ", last, " of '",
          host.name, "', which has ", host.object.count);
    }
  }

  /// The queue of the channel, and descriptors until the task is known to be over.
  void push(TaskRef ref, ChainRef chain) {
    std::deque<TaskRef>& queue = outstanding_[chain];
    if (static_cast<int>(queue.size()) >= kTaskQueueDepth) {
      // Of a channel the first one: with many tasks all that follow are too many.
      if (crowded_.insert(chain).second)
        add(Category::queue_depth, "task ", ref.index, " is number ", queue.size() + 1, " of '",
            c_.at(chain).name, "' at ", to_string(c_.at(c_.at(chain).tile).id),
            " that may be outstanding; the queue holds ", kTaskQueueDepth,
            " and drops what comes then: wait for task ", queue.front().index, " before");
      finish(queue.front(), chain);
      queue.pop_front();
    }
    queue.push_back(ref);
    std::set<int>& used = descriptors_[c_.at(chain).tile];
    for (std::size_t i = 0; i < c_.at(ref).transfers.size(); ++i) {
      int descriptor = 0;
      while (used.contains(descriptor)) ++descriptor;
      if (descriptor >= kShimDma.buffer_descriptors) {
        add(Category::shim_descriptors, "task ", ref.index, " of '", c_.at(chain).name, "' at ",
            to_string(c_.at(c_.at(chain).tile).id), " needs ", c_.at(ref).transfers.size(),
            " descriptors; tasks that may be outstanding hold ", used.size(), " of ",
            kShimDma.buffer_descriptors);
        return;
      }
      used.insert(descriptor);
      placed(ref).descriptors.push_back(descriptor);
    }
  }
  void finish(TaskRef ref, ChainRef chain) {
    for (const int descriptor : placed(ref).descriptors) {
      descriptors_[c_.at(chain).tile].erase(descriptor);
    }
  }

  void take(const Wait& wait) {
    const ChainRef chain = placed(wait.task).chain;
    if (chain.index < 0 && started_.contains(wait.task)) return;  // at no shim, as was said
    std::deque<TaskRef>* queue = chain.index < 0 ? nullptr : &outstanding_[chain];
    const bool waiting =
        queue != nullptr && std::find(queue->begin(), queue->end(), wait.task) != queue->end();
    if (!waiting) {
      add(Category::waits, "task ", wait.task.index,
          started_.contains(wait.task) ? " has been awaited already, or one after it"
                                       : " has not been started");
      return;
    }
    while (queue->front() != wait.task) {
      if (placed(queue->front()).token) {
        add(Category::waits, "this takes the token of task ", queue->front().index,
            ", which comes first");
      }
      finish(queue->front(), chain);
      queue->pop_front();
    }
    finish(queue->front(), chain);
    queue->pop_front();
  }

  void take(const WriteParameter& write) {
    const Buffer& buffer = c_.at(write.buffer);
    if (!buffer.parameters || write.index < 0 || write.index >= buffer.object.count) {
      add(Category::sequence, "writes word ", write.index, " of '", buffer.name, "', which has ",
          buffer.parameters ? buffer.object.count : 0, " parameters");
    }
  }

  Checking& c_;
  const Where* where_ = nullptr;
  std::set<TaskRef> started_;
  std::map<TaskRef, Where> places_;
  std::map<ChainRef, std::deque<TaskRef>> outstanding_;
  std::set<ChainRef> crowded_;
  std::map<TileRef, std::set<int>> descriptors_;
};

}  // namespace

void check_sequence(Checking& c) {
  SequenceCheck(c).run();
}

}  // namespace sotto::npu::design
