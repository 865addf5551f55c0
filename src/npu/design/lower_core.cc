#include "npu/design/lower_core.h"

namespace sotto::npu::design {
namespace {

class CoreLowering {
 public:
  CoreLowering(const Design& design, const Plan& plan, const Core& core)
      : design_(design), plan_(plan), core_(core), here_(tile(core.tile)) {}

  ProgramCore run() {
    program_.tile = here_;
    program_.stack_bytes = core_.stack_bytes;
    program_.where = core_.where;
    add(core_.body);
    return std::move(program_);
  }

 private:
  TileId tile(TileRef ref) const { return Checking::get(design_.tiles, ref.index).id; }
  Window window(TileRef memory) const { return core_window(neighbour(here_, tile(memory))); }
  std::uint32_t address(BufferRef ref) const {
    const Buffer& buffer = Checking::get(plan_.network.buffers, ref.index);
    return window(buffer.tile).address +
           static_cast<std::uint32_t>(Checking::get(plan_.addresses, ref.index));
  }
  int lock(LockRef ref) const {
    return window(Checking::get(plan_.network.locks, ref.index).tile).lock +
           Checking::get(plan_.locks, ref.index);
  }
  /// Consumers acquire the full lock and release the empty one, producers the other way round.
  int lock(EndRef end, bool acquire) const {
    const Ring& ring = plan_.network.rings.at(end);
    return lock((end.side == kProducer) == acquire ? ring.empty : ring.full);
  }
  int ring(EndRef end) {
    const auto found = rings_.find(end);
    if (found != rings_.end()) return found->second;
    std::vector<std::uint32_t> addresses;
    for (const BufferRef buffer : plan_.network.rings.at(end).buffers) {
      addresses.push_back(address(buffer));
    }
    program_.rings.push_back(std::move(addresses));
    return rings_[end] = static_cast<int>(program_.rings.size()) - 1;
  }

  void add(const std::vector<Statement>& body) {
    for (const Statement& statement : body) {
      std::visit([&](const auto& action) { add(action); }, statement.action);
    }
  }
  void add(const Acquire& action) {
    program_.operations.push_back(LockAcquire{lock(action.end, true), action.count});
  }
  void add(const Release& action) {
    program_.operations.push_back(LockRelease{lock(action.end, false), action.count});
    program_.operations.push_back(RingTurn{ring(action.end), action.count});
  }
  void add(const Loop& action) {
    const int begin = static_cast<int>(program_.operations.size());
    program_.operations.push_back(LoopBegin{action.times});
    add(action.body);
    program_.operations.push_back(LoopEnd{begin});
  }
  void add(const Call& action) {
    KernelCall call{Checking::get(design_.kernels, action.kernel.index).symbol, {}};
    for (const Argument& argument : action.arguments) {
      std::visit([&](const auto& value) { call.arguments.push_back(lowered(value)); }, argument);
    }
    program_.operations.push_back(std::move(call));
  }

  using Lowered = std::variant<Immediate, Address, RingAddress, LoadedWord>;
  Lowered lowered(std::int32_t value) { return Immediate{value}; }
  Lowered lowered(const HeldObject& held) { return RingAddress{ring(held.end), held.which}; }
  Lowered lowered(const RingBuffer& fixed) {
    return Address{address(Checking::get(plan_.network.rings.at(fixed.end).buffers, fixed.index))};
  }
  Lowered lowered(const RingLock& fixed) {
    const Ring& ring = plan_.network.rings.at(fixed.end);
    return Immediate{lock(fixed.which == RingLock::Which::empty ? ring.empty : ring.full)};
  }
  Lowered lowered(BufferRef buffer) { return Address{address(buffer)}; }
  Lowered lowered(LockRef ref) { return Immediate{lock(ref)}; }
  Lowered lowered(const ParameterWord& word) {
    return LoadedWord{address(word.buffer) + 4 * static_cast<std::uint32_t>(word.index)};
  }

  const Design& design_;
  const Plan& plan_;
  const Core& core_;
  const TileId here_;
  std::map<EndRef, int> rings_;
  ProgramCore program_;
};

}  // namespace

ProgramCore lower_core(const Design& design, const Plan& plan, const Core& core) {
  return CoreLowering(design, plan, core).run();
}

}  // namespace sotto::npu::design
