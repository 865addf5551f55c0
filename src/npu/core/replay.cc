#include "npu/core/replay.h"

#include <algorithm>
#include <array>
#include <deque>
#include <optional>

#include "base/error.h"
#include "npu/core/banks.h"
#include "npu/core/hardware_loop.h"

namespace sotto::npu::core {
namespace {

constexpr int kHorizon = 32;  // cycles from issue to the last write of any instruction, and more

/// Reservations of the shared units over the next cycles.
class Occupancy {
 public:
  std::string take(const OpcodeInfo& row, int64_t cycle) {
    for (const Reservation& use : row.units) {
      for (int i = 0; i < use.cycles; ++i) {
        Counts& counts = at(cycle + use.cycle + i)[static_cast<size_t>(use.unit)];
        if (counts.holders > 0 || (!use.yields && counts.yields > 0)) {
          return concat(row.mnemonic, " needs unit ", static_cast<int>(use.unit),
                        ", which is taken");
        }
        (use.yields ? counts.yields : counts.holders) += 1;
      }
    }
    return "";
  }
  void clear(int64_t cycle) { at(cycle) = {}; }

 private:
  struct Counts {
    int holders = 0, yields = 0;
  };
  using Row = std::array<Counts, kUnits>;
  Row& at(int64_t cycle) { return rows_[static_cast<size_t>(cycle % kHorizon)]; }
  std::array<Row, kHorizon> rows_{};
};

class Machine {
 public:
  Machine(const Image& image, Tokens registers, Semantics& semantics)
      : image_(image), semantics_(semantics), trips_(image.loops.size(), 0) {
    run_.registers = std::move(registers);
    run_.registers.resize(static_cast<size_t>(register_units()));
    for (size_t bundle = 0; bundle < image.bundles.size(); ++bundle) {
      const int at = static_cast<int>(bundle);
      const auto holds = [&](const Repeat& loop) { return loop.first <= at && at <= loop.last; };
      const auto inner = std::find_if(image.loops.begin(), image.loops.end(), holds);
      const bool is_hardware = inner != image.loops.end() && inner->is_hardware;
      hardware_.push_back(is_hardware ? static_cast<int>(inner - image.loops.begin()) : -1);
    }
  }

  Run run() {
    run_.problem = problem_of(image_);
    const int count = static_cast<int>(image_.bundles.size());
    const auto end = [&] { return run_.left ? count : image_.end(); };
    for (int at = 0; at < end() && run_.problem.empty(); at = after(at)) {
      issue(at);
      if (!run_.problem.empty()) {
        run_.problem = concat("bundle ", at, ": ", run_.problem);
        break;
      }
      ++cycle_;
      step();
    }
    run_.cycles = cycle_;
    for (int i = 0; i < kHorizon && run_.problem.empty(); ++i) {
      ++cycle_;
      step();
    }
    run_.cycles += run_.bank_stalls;
    return std::move(run_);
  }

 private:
  struct Flight {
    const Instruction* made;
    Execution execution;
    Signature timing;
  };
  struct Event {
    size_t flight;
    size_t operand;
  };
  /// What happens in one cycle.
  struct Agenda {
    std::vector<Event> reads, writes;
    std::vector<size_t> addresses, executions;
    std::vector<int> banks;
  };

  /// The bundle that runs after this one.
  int after(int at) {
    if (jump_ && jump_->last == at) {
      run_.left = semantics_.is_taken(flight(jump_->flight).execution.uses[0]);
      jump_.reset();
      if (run_.left) return image_.leave;
    }
    for (size_t i = 0; i < trips_.size(); ++i) {
      if (image_.loops[i].last != at) continue;
      if (++trips_[i] < image_.loops[i].trips) return image_.loops[i].first;
      trips_[i] = 0;
    }
    return at + 1;
  }

  Agenda& agenda(int64_t cycle) { return agendas_[static_cast<size_t>(cycle % kHorizon)]; }

  /// Instructions issued in cycle_ read and write from cycle_ + 1 on.
  void issue(int at) {
    const int loop = hardware_[static_cast<size_t>(at)];
    const int64_t iterations = loop < 0 ? 0
                                        : trips_[static_cast<size_t>(loop)] *
                                              image_.loops[static_cast<size_t>(loop)].iterations;
    for (const Instruction& made : image_.bundles[static_cast<size_t>(at)].instructions) {
      const OpcodeInfo& row = info(made.opcode);
      run_.problem = occupancy_.take(row, cycle_);
      if (!run_.problem.empty()) return;
      Flight flight{&made, {}, signature(made.opcode, made.mode)};
      flight.execution = {made.opcode,
                          &made.suffix,
                          made.mode,
                          made.immediate,
                          made.access ? &*made.access : nullptr,
                          made.iteration + iterations,
                          cycle_ + row.memory_cycle,
                          {},
                          {},
                          made.operation,
                          made.piece};
      for (const Register use : made.uses) {
        flight.execution.uses.emplace_back(static_cast<size_t>(use.units()));
      }
      for (const Register def : made.defs) {
        flight.execution.defs.emplace_back(static_cast<size_t>(def.units()));
      }
      flights_.push_back(std::move(flight));
      if (made.opcode == Opcode::jnz_leave) {
        jump_ = Jump{flights_.size() - 1 + retired_, at + kDelaySlots};
      }
      plan(flights_.size() - 1, row);
    }
  }

  void plan(size_t index, const OpcodeInfo& row) {
    const Flight& flight = flights_[index];
    int last = std::max<int>(row.memory_cycle, 1), last_address = 1;
    for (size_t i = 0; i < flight.timing.uses.size(); ++i) {
      const int when = flight.timing.uses[i].cycle;
      agenda(cycle_ + when).reads.push_back({index + retired_, i});
      last = std::max(last, when);
      if (i >= row.uses.size()) last_address = std::max(last_address, when);
    }
    for (size_t i = 0; i < flight.timing.defs.size(); ++i) {
      agenda(cycle_ + flight.timing.defs[i].cycle).writes.push_back({index + retired_, i});
    }
    agenda(cycle_ + last_address).addresses.push_back(index + retired_);
    agenda(cycle_ + last).executions.push_back(index + retired_);
    if (flight.made->access && flight.made->access->bank != kAnyBank) {
      agenda(cycle_ + row.memory_cycle).banks.push_back(flight.made->access->bank);
    }
  }

  Flight& flight(size_t index) { return flights_[index - retired_]; }

  void step() {
    Agenda& now = agenda(cycle_);
    for (const Event& event : now.reads) read(event, now);
    for (const size_t index : now.addresses) semantics_.address(flight(index).execution);
    for (const size_t index : now.executions) semantics_.execute(flight(index).execution);
    write(now);
    std::sort(now.banks.begin(), now.banks.end());
    for (size_t i = 1; i < now.banks.size(); ++i) {
      if (now.banks[i] == now.banks[i - 1]) run_.bank_stalls += kBankConflictCycles;
    }
    now = {};
    occupancy_.clear(cycle_ - 1);
    retire();
  }

  /// The register file as earlier cycles left it, and this cycle's writes through a bypass.
  void read(const Event& event, const Agenda& now) {
    Flight& reader = flight(event.flight);
    const Register reg = reader.made->uses[event.operand];
    const Bypass bypass = reader.timing.uses[event.operand].bypass;
    Tokens& into = reader.execution.uses[event.operand];
    for (int unit = 0; unit < reg.units(); ++unit) {
      const int physical = reg.first_unit() + unit;
      into[static_cast<size_t>(unit)] = run_.registers[static_cast<size_t>(physical)];
      if (bypass == Bypass::none) continue;
      for (const Event& other : now.writes) {
        Flight& writer = flight(other.flight);
        const Register def = writer.made->defs[other.operand];
        const int offset = physical - def.first_unit();
        if (writer.timing.defs[other.operand].bypass != bypass || offset < 0 ||
            offset >= def.units()) {
          continue;
        }
        into[static_cast<size_t>(unit)] =
            writer.execution.defs[other.operand][static_cast<size_t>(offset)];
      }
    }
  }

  void write(const Agenda& now) {
    std::vector<int> written;
    for (const Event& event : now.writes) {
      const Flight& writer = flight(event.flight);
      const Register reg = writer.made->defs[event.operand];
      const Tokens& from = writer.execution.defs[event.operand];
      for (int unit = 0; unit < reg.units(); ++unit) {
        const int physical = reg.first_unit() + unit;
        if (std::find(written.begin(), written.end(), physical) != written.end()) {
          run_.problem = concat("two writes of ", register_name(reg), " in cycle ", cycle_);
        }
        written.push_back(physical);
        run_.registers[static_cast<size_t>(physical)] = from[static_cast<size_t>(unit)];
      }
    }
  }

  /// Forgets instructions that have long written.
  void retire() {
    while (flights_.size() > 16 * kHorizon) {
      flights_.pop_front();
      ++retired_;
    }
  }

  /// Out of the call, not decided yet; `last` is its last delay slot.
  struct Jump {
    size_t flight;
    int last;
  };

  const Image& image_;
  Semantics& semantics_;
  std::optional<Jump> jump_;
  std::vector<int64_t> trips_;  ///< by loop: those that are done
  std::vector<int> hardware_;   ///< by bundle: the hardware loop that it lies in, or -1
  Run run_;
  Occupancy occupancy_;
  std::array<Agenda, kHorizon> agendas_{};
  std::deque<Flight> flights_;
  size_t retired_ = 0;
  int64_t cycle_ = 0;
};

/// Where the values that the loop enters with are.
Tokens entry_registers(const Loop& loop, const Allocation& places) {
  Tokens registers(static_cast<size_t>(register_units()), 0);
  const auto put = [&](int reg, int distance) {
    const Tokens tokens = entry_tokens(loop, reg, distance);
    const Register place = places.of(reg, -distance);
    for (int unit = 0; unit < place.units(); ++unit) {
      registers[static_cast<size_t>(place.first_unit() + unit)] = tokens[static_cast<size_t>(unit)];
    }
  };
  std::vector<int> depth(loop.registers.size(), 0);
  std::vector<bool> made(loop.registers.size(), false), used(loop.registers.size(), false);
  for (const Operation& operation : loop.operations) {
    for (const Operand& use : operation.uses) {
      used[static_cast<size_t>(use.reg)] = true;
      int& deepest = depth[static_cast<size_t>(use.reg)];
      deepest = std::max(deepest, use.distance);
    }
    for (const Operand& def : operation.defs) made[static_cast<size_t>(def.reg)] = true;
  }
  for (int reg = 0; reg < static_cast<int>(loop.registers.size()); ++reg) {
    const size_t at = static_cast<size_t>(reg);
    const bool invariant = loop.registers[at].storage == Storage::state || !made[at];
    const bool counts = used[at] || loop.registers[at].live_out ||
                        (loop.registers[at].storage == Storage::state && !loop.is_straight);
    if (invariant && counts) put(reg, 0);
    for (int distance = depth[at]; distance > 0 && !invariant; --distance) put(reg, distance);
  }
  return registers;
}

}  // namespace

Run replay(const Image& image, Tokens registers, Semantics& semantics) {
  return Machine(image, std::move(registers), semantics).run();
}

Run replay(const Program& program, Tokens registers, Semantics& semantics) {
  return replay(image_of(program), std::move(registers), semantics);
}

std::string problem_of(const Program& program) {
  return problem_of(image_of(program));
}

Tokens entry_tokens(const Loop& loop, int reg, int distance) {
  Tokens tokens;
  const int units = register_file(loop.registers[static_cast<size_t>(reg)].cls).units;
  for (int unit = 0; unit < units; ++unit) {
    tokens.push_back(HashSemantics::hash({Token{77}, static_cast<Token>(reg),
                                          static_cast<Token>(unit), static_cast<Token>(distance)}));
  }
  return tokens;
}

std::string check_against(const Loop& loop, const Allocation& places, const Program& program) {
  HashSemantics wanted_memory, memory;
  const InOrder wanted = run_in_order(loop, wanted_memory);
  const Run run = replay(program, entry_registers(loop, places), memory);
  if (!run.problem.empty()) return run.problem;
  for (int reg = 0; reg < static_cast<int>(loop.registers.size()); ++reg) {
    const VirtualRegister& which = loop.registers[static_cast<size_t>(reg)];
    if (!which.live_out && (which.storage == Storage::value || loop.is_straight)) continue;
    const Register place = places.of(reg, loop.trips - 1);
    for (int unit = 0; unit < place.units(); ++unit) {
      if (run.registers[static_cast<size_t>(place.first_unit() + unit)] ==
          wanted.registers[static_cast<size_t>(reg)][static_cast<size_t>(unit)]) {
        continue;
      }
      return concat("leaves ", register_name(place), " with another value of ", which.name);
    }
  }
  return same_memory(wanted_memory, memory) ? "" : "stores other values";
}

}  // namespace sotto::npu::core
