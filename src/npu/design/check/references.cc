#include "npu/design/check/steps.h"

namespace sotto::npu::design {
namespace {

class References {
 public:
  References(const Design& design, Findings& findings) : design_(design), findings_(findings) {}

  void run() {
    for (const Fifo& fifo : design_.fifos) {
      where_ = fifo.where;
      if (fifo.producer) see(fifo.producer->tile);
      for (const FifoEnd& end : fifo.consumers) see(end.tile);
    }
    for (const Link& link : design_.links) {
      where_ = link.where;
      see(link.tile);
      for (const Link::Piece& piece : link.inputs) see(piece.fifo);
      for (const Link::Piece& piece : link.outputs) see(piece.fifo);
    }
    for (const Buffer& buffer : design_.buffers) see_at(buffer.tile, buffer.where);
    for (const Lock& lock : design_.locks) see_at(lock.tile, lock.where);
    for (const Chain& chain : design_.chains) see_chain(chain);
    for (const Flow& flow : design_.flows) {
      see_at(flow.from, flow.where);
      for (const ChainRef to : flow.to) see(to);
    }
    for (const Core& core : design_.cores) {
      see_at(core.tile, core.where);
      for (const Core::Share& share : core.shares) see(share.end);
      for (const Statement& statement : core.body) see(statement);
    }
    see_sequence();
  }

 private:
  template <typename Ref>
  void see_at(Ref ref, const Where& where) {
    where_ = where;
    see(ref);
  }
  void in(int index, std::size_t count, const char* what) {
    if (index < 0 || static_cast<std::size_t>(index) >= count) {
      findings_.add(Category::reference, where_, what, " ", index, " of ", count);
    }
  }
  void see(TileRef ref) { in(ref.index, design_.tiles.size(), "tile"); }
  void see(FifoRef ref) { in(ref.index, design_.fifos.size(), "fifo"); }
  void see(BufferRef ref) { in(ref.index, design_.buffers.size(), "buffer"); }
  void see(LockRef ref) { in(ref.index, design_.locks.size(), "lock"); }
  void see(ChainRef ref) { in(ref.index, design_.chains.size(), "chain"); }
  void see(KernelRef ref) { in(ref.index, design_.kernels.size(), "kernel"); }
  void see(HostRef ref) { in(ref.index, design_.hosts.size(), "host buffer"); }
  void see(TaskRef ref) { in(ref.index, design_.tasks.size(), "task"); }
  void see(EndRef end) {
    const std::size_t before = findings_.count();
    see(end.fifo);
    if (findings_.count() != before) return;
    const Fifo& fifo = Checking::get(design_.fifos, end.fifo.index);
    if (end.side == kProducer) {
      if (!fifo.producer) {
        findings_.add(Category::reference, where_, "fifo '", fifo.name, "' has no producer");
      }
    } else if (end.side < 0 || static_cast<std::size_t>(end.side) >= fifo.consumers.size()) {
      findings_.add(Category::reference, where_, "consumer ", end.side, " of fifo '", fifo.name,
                    "', which has ", fifo.consumers.size());
    }
  }
  void see(const HeldObject& argument) { see(argument.end); }
  void see(const RingBuffer& argument) { see(argument.end); }
  void see(const RingLock& argument) { see(argument.end); }
  void see(const ParameterWord& argument) { see(argument.buffer); }
  void see(std::int32_t) {}
  void see(const Acquire& action) { see(action.end); }
  void see(const Release& action) { see(action.end); }
  void see(const Call& action) {
    see(action.kernel);
    for (const Argument& argument : action.arguments) {
      std::visit([&](const auto& value) { see(value); }, argument);
    }
  }
  void see(const Loop& action) {
    for (const Statement& statement : action.body) see(statement);
  }
  void see(const Statement& statement) {
    where_ = statement.where;
    std::visit([&](const auto& action) { see(action); }, statement.action);
  }
  void see_chain(const Chain& chain) {
    see_at(chain.tile, chain.where);
    for (const Bd& bd : chain.bds) {
      see_at(bd.buffer, bd.where);
      if (bd.acquire) see(bd.acquire->lock);
      if (bd.release) see(bd.release->lock);
    }
  }
  void see(const Wait& action) { see(action.task); }
  void see(const WriteParameter& action) { see(action.buffer); }
  void see_sequence() {
    where_ = design_.where;
    for (const Task& task : design_.tasks) {
      std::visit([&](const auto& through) { see(through); }, task.through);
      for (const Transfer& transfer : task.transfers) see(transfer.host);
    }
    for (const Step& step : design_.sequence) {
      where_ = step.where;
      std::visit([&](const auto& action) { see(action); }, step.action);
    }
  }

  const Design& design_;
  Findings& findings_;
  Where where_;
};

}  // namespace

void check_references(const Design& design, Findings& findings) {
  References(design, findings).run();
}

}  // namespace sotto::npu::design
