#include "npu/sim/core_run.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/error.h"

namespace sotto::npu::sim {

using design::CoreOperation;
using design::KernelCall;
using Kind = CoreStep::Kind;

void spend_cycles(Cycle cycles) {
  if (auto* run = dynamic_cast<CoreRun*>(host::core().ports)) run->spend(cycles);
}

void spend_cycles_of(const std::string& symbol, const CallArguments& arguments) {
  if (auto* run = dynamic_cast<CoreRun*>(host::core().ports)) run->spend(symbol, arguments);
}

CoreRun::CoreRun(Array& array, const design::ProgramCore& core, const KernelLibrary& library,
                 const Costs& costs, bool with_data)
    : host::LockPorts("simulator: the cores simulated so far"),
      array_(array),
      program_(core),
      library_(library),
      costs_(costs),
      with_data_(with_data),
      turns_(core.rings.size(), 0) {
  state_.ports = this;
  bool waits = false;
  for (const CoreOperation& operation : core.operations) {
    if (const auto* acquire = std::get_if<design::LockAcquire>(&operation)) {
      waits = true;
      lock(acquire->lock);
    } else if (const auto* release = std::get_if<design::LockRelease>(&operation)) {
      given_.push_back(lock(release->lock));
    } else if (const auto* call = std::get_if<KernelCall>(&operation)) {
      const KernelEntry& entry = library.at(call->symbol);
      if (entry.owns_locks) start_program(*call, entry);
    }
  }
  if (!waits && !owns_locks()) {
    fail(ErrorKind::usage, "simulator: ", to_string(core.tile),
         " never waits for a lock and would run for ever");
  }
}

int CoreRun::lock(int id) const {
  const int found = array_.core_lock(program_.tile, id);
  if (found < 0) {
    fail(ErrorKind::usage, "simulator: ", to_string(program_.tile), " sees no lock ", id);
  }
  return found;
}

void CoreRun::start_program(const KernelCall& call, const KernelEntry& entry) {
  if (!with_data_ || !entry.host.run) {
    fail(ErrorKind::usage, "simulator: '", call.symbol, "' at ", to_string(program_.tile),
         " owns its locks: what it does depends on its data, which this mode does not move");
  }
  for (const auto& argument : call.arguments) {
    const auto* number = std::get_if<design::Immediate>(&argument);
    // Which of its numbers are locks, only the program knows; those that the array places are.
    if (number == nullptr || number->value < 0) continue;
    const int id = array_.core_lock(program_.tile, number->value);
    if (id >= 0 && !array_.locks()[static_cast<std::size_t>(id)].name.empty()) given_.push_back(id);
  }
  symbol_ = call.symbol;
  fiber_ =
      std::make_unique<host::Fiber>([this, &call, &entry] { entry.host.run(arguments(call)); });
}

CoreStep CoreRun::resume() {
  asked_ = {Kind::ended};
  if (!fiber_->done()) {
    const host::CoreScope scope(state_);
    fiber_->resume();
  }
  if (spent_ > 0 && asked_.kind != Kind::ended) {
    // What it computed comes before what it asks for.
    return {Kind::spend, -1, 0, std::exchange(spent_, 0)};
  }
  return std::exchange(asked_, {Kind::ended});
}

CoreStep CoreRun::next() {
  if (owns_locks()) {
    if (asked_.kind != Kind::ended) return std::exchange(asked_, {Kind::ended});
    return resume();
  }
  for (;;) {
    if (at_ == program_.operations.size()) {
      at_ = 0;
      return {Kind::spend, -1, 0, costs_.jump};
    }
    const CoreOperation& operation = program_.operations[at_++];
    if (const auto* acquire = std::get_if<design::LockAcquire>(&operation)) {
      return {Kind::acquire, lock(acquire->lock), acquire->value, 0};
    }
    if (const auto* release = std::get_if<design::LockRelease>(&operation)) {
      return {Kind::release, lock(release->lock), release->value, 0};
    }
    if (const auto* turn = std::get_if<design::RingTurn>(&operation)) {
      const std::size_t ring = static_cast<std::size_t>(turn->ring);
      turns_[ring] =
          (turns_[ring] + static_cast<std::size_t>(turn->steps)) % program_.rings[ring].size();
      return {Kind::spend, -1, 0, costs_.ring_turn};
    }
    if (const auto* begin = std::get_if<design::LoopBegin>(&operation)) {
      loops_.emplace_back(at_, begin->times);
      continue;
    }
    if (std::holds_alternative<design::LoopEnd>(operation)) {
      if (--loops_.back().second > 0) {
        at_ = loops_.back().first;
        return {Kind::spend, -1, 0, costs_.jump};
      }
      loops_.pop_back();
      continue;
    }
    return call(std::get<KernelCall>(operation));
  }
}

CallArguments CoreRun::arguments(const KernelCall& call) {
  CallArguments result;
  const auto pointer = [&](std::uint32_t address) {
    CallArgument argument{true, 0, address, nullptr};
    if (with_data_) argument.memory = array_.at(array_.core_place(program_.tile, address));
    return argument;
  };
  for (const auto& argument : call.arguments) {
    if (const auto* number = std::get_if<design::Immediate>(&argument)) {
      result.push_back({false, number->value, 0, nullptr});
    } else if (const auto* fixed = std::get_if<design::Address>(&argument)) {
      result.push_back(pointer(fixed->address));
    } else if (const auto* held = std::get_if<design::RingAddress>(&argument)) {
      const std::size_t ring = static_cast<std::size_t>(held->ring);
      const auto& buffers = program_.rings[ring];
      result.push_back(pointer(
          buffers[(turns_[ring] + static_cast<std::size_t>(held->which)) % buffers.size()]));
    } else {
      const auto& word = std::get<design::LoadedWord>(argument);
      const std::uint32_t loaded = array_.load(array_.core_place(program_.tile, word.address));
      result.push_back({false, static_cast<std::int32_t>(loaded), 0, nullptr});
    }
  }
  return result;
}

void CoreRun::note_uses(const CallArguments& arguments, const KernelEntry& entry,
                        const Cost& cost) {
  uses_.clear();
  banks_.clear();
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (!arguments[i].is_pointer) continue;
    const Place place = array_.core_place(program_.tile, arguments[i].address);
    const bool writes = i < entry.host.writes.size() && entry.host.writes[i];
    uses_.push_back({place, array_.bytes_from(place), writes});
    const Cycle cycles = i < cost.bank_cycles.size() ? cost.bank_cycles[i] : 0;
    if (cycles == 0) continue;
    const int bank = static_cast<int>(place.byte / kCoreMemory.bank_bytes());
    const auto same = std::find_if(banks_.begin(), banks_.end(), [&](const BankUse& use) {
      return use.memory == place.memory && use.bank == bank;
    });
    if (same == banks_.end()) {
      banks_.push_back({place.memory, bank, cycles});
    } else {
      same->cycles += cycles;
    }
  }
  for (BankUse& use : banks_) use.cycles = std::min(use.cycles, cost.cycles);
}

/// Runs a kernel, and looks at the core's own memory, where a kernel goes astray, before and after.
void CoreRun::run_guarded(const KernelEntry& entry, const CallArguments& arguments) {
  const int index = array_.tile_index(program_.tile);
  const std::span<const std::byte> memory = array_.memory(index);
  before_.assign(memory.begin(), memory.end());
  {
    const host::CoreScope scope(state_);
    entry.host.run(arguments);
  }
  for (const CallUse& use : uses_) {
    if (!use.writes || use.place.memory != index) continue;
    std::copy_n(memory.begin() + use.place.byte, use.bytes, before_.begin() + use.place.byte);
  }
  stray_.reset();
  if (std::memcmp(before_.data(), memory.data(), memory.size()) == 0) return;
  const auto first = std::mismatch(before_.begin(), before_.end(), memory.begin()).first;
  stray_ = Place{index, static_cast<std::uint32_t>(first - before_.begin())};
}

CoreStep CoreRun::call(const KernelCall& call) {
  const KernelEntry& entry = library_.at(call.symbol);
  const CallArguments values = arguments(call);
  symbol_ = call.symbol;
  const Cost cost = entry.cost(values);
  note_uses(values, entry, cost);
  if (with_data_) {
    if (!entry.host.run) {
      fail(ErrorKind::usage, "simulator: the kernel library has only the cost of '", call.symbol,
           "', which a core calls with data");
    }
    run_guarded(entry, values);
  }
  return {Kind::call, -1, 0, std::max<Cycle>(cost.cycles, 0)};
}

// --- the coroutine's side

void CoreRun::wait_for(CoreStep step) {
  asked_ = step;
  host::Fiber::suspend();
}
void CoreRun::spend(Cycle cycles) {
  spent_ += cycles;
}
void CoreRun::spend(const std::string& symbol, const CallArguments& arguments) {
  spent_ += library_.at(symbol).cost(arguments).cycles;
}
void CoreRun::acquire_greater_equal(unsigned id, int value) {
  wait_for({Kind::acquire, lock(static_cast<int>(id)), value, 0});
}
void CoreRun::release(unsigned id, int value) {
  wait_for({Kind::release, lock(static_cast<int>(id)), value, 0});
}

void CoreRun::event(unsigned) {}
std::uint32_t CoreRun::column() {
  return static_cast<std::uint32_t>(program_.tile.column);
}
std::uint32_t CoreRun::row() {
  return static_cast<std::uint32_t>(program_.tile.row);
}

}  // namespace sotto::npu::sim
