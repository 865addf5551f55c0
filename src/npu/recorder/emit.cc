#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "base/error.h"
#include "npu/core/banks.h"
#include "npu/core/hardware_loop.h"
#include "npu/recorder/conflicts.h"
#include "npu/recorder/regions.h"
#include "npu/recorder/walk.h"

namespace sotto::npu::recorder {
namespace {

using core::AddressMode;
using core::Operand;
using core::Operation;

Operand operand_of(const Part& part, int reg, int units, int distance) {
  const bool is_whole = part.first == 0 && part.units >= units;
  return {reg, static_cast<int8_t>(part.first), static_cast<int8_t>(is_whole ? 0 : part.units),
          distance};
}

/// Values that an outer loop's iterations hand on become cells of their own.
class OuterCarries {
 public:
  explicit OuterCarries(Trace& trace) : trace_(trace) {}

  struct Cells {
    std::vector<Carry> enters, carries;
  };

  Cells run(LoopNode& loop) {
    Cells cells;
    std::map<std::pair<int, int>, int> before;  // cell by value and distance
    std::sort(loop.carried.begin(), loop.carried.end(), [](const Carried& a, const Carried& b) {
      return std::pair(a.value, -a.distance) < std::pair(b.value, -b.distance);
    });
    for (const Carried& carried : loop.carried) {
      const int cell = trace_.add_value(trace_.class_of(carried.value));
      before[{carried.value, carried.distance}] = cell;
      if (carried.initial.part.value >= 0) cells.enters.push_back({cell, carried.initial.part});
    }
    // The oldest first: each takes what the next younger one holds.
    for (const Carried& carried : loop.carried) {
      const int younger =
          carried.distance == 1 ? carried.value : before.at({carried.value, carried.distance - 1});
      cells.carries.push_back(
          {before.at({carried.value, carried.distance}), {younger, 0, trace_.units_of(younger)}});
    }
    for_each_use(loop.body, [&](Use& use) {
      const auto found = before.find({use.part.value, use.distance});
      if (found == before.end()) return;
      use.part.value = found->second;
      use.distance = 0;
    });
    return cells;
  }

 private:
  Trace& trace_;
};

class PieceMaker {
 public:
  PieceMaker(Trace& trace, std::string name, int64_t trips, int64_t min_trips) : trace_(trace) {
    piece_.graph.name = std::move(name);
    piece_.graph.trips = trips;
    piece_.graph.min_trips = std::max<int64_t>(1, min_trips);
    states_.insert(trace.states.begin(), trace.states.end());
  }

  void add(const Step& step) {
    Operation operation;
    operation.opcode = step.opcode;
    operation.suffix = step.suffix;
    operation.mode = step.mode;
    operation.immediate = step.immediates[0];
    operation.comment = step.comment;
    for (const Part& def : step.defs) operation.defs.push_back(written(def));
    for (const Use& use : step.uses) operation.uses.push_back(read(use));
    add_address(step, operation);
    if (step.is_memory()) add_access(step, operation);
    if (step.opcode == Opcode::movx_cr || step.comment == kReturned) {
      piece_.graph.registers[static_cast<size_t>(operation.defs[0].reg)].fixed =
          core::parse_register(step.comment);
    }
    const int index = piece_.graph.add(std::move(operation));
    piece_.effects.push_back(step.effect);
    if (step.is_memory()) {
      touches_.push_back({index, &step.addresses, step.bytes, step.is_store});
    }
    order(step, index);
  }

  /// Carried values begin so; `outside` tells which values others read.
  Piece finish(const std::vector<Carried>& carried, const std::set<int>& read_elsewhere) {
    separate_stored_objects();
    for (const core::Order& order : conflicts(piece_.graph, touches_)) {
      piece_.graph.orders.push_back(order);
    }
    for (const Carried& entry : carried) {
      const auto reg = registers_.find(entry.value);
      if (reg == registers_.end() || entry.initial.part.value < 0) continue;
      piece_.entries.push_back({reg->second, entry.distance, entry.initial.part});
    }
    for (size_t reg = 0; reg < piece_.cells.size(); ++reg) {
      const int cell = piece_.cells[reg];
      const bool is_written = written_.contains(cell);
      if (!is_written || states_.contains(cell)) {
        piece_.entries.push_back({static_cast<int>(reg), 0, {cell, 0, trace_.units_of(cell)}});
      }
      piece_.graph.registers[reg].live_out =
          is_written && (read_elsewhere.contains(cell) || states_.contains(cell));
    }
    return std::move(piece_);
  }

 private:
  int register_of(int value) {
    const auto [known, is_new] = registers_.try_emplace(value, 0);
    if (is_new) {
      const RegisterClass cls = trace_.class_of(value);
      known->second = states_.contains(value) ? piece_.graph.state(cls) : piece_.graph.value(cls);
      core::VirtualRegister& reg = piece_.graph.registers.back();
      reg.name = concat(core::register_file(cls).name, '_', value);
      reg.padded = std::binary_search(trace_.padded.begin(), trace_.padded.end(), value);
      piece_.cells.push_back(value);
    }
    return known->second;
  }
  Operand written(const Part& def) {
    written_.insert(def.value);
    return operand_of(def, register_of(def.value), trace_.units_of(def.value), 0);
  }
  Operand read(const Use& use) {
    if (use.part.value < 0) {
      fail(ErrorKind::unsupported, piece_.graph.name, ": reads a register that nobody wrote");
    }
    return operand_of(use.part, register_of(use.part.value), trace_.units_of(use.part.value),
                      use.distance);
  }

  void add_address(const Step& step, Operation& operation) {
    if (step.pointer < 0) return;
    const Part pointer = {step.pointer, 0, 1};
    const Part modifier = {step.modifier, 0,
                           step.modifier < 0 ? 0 : trace_.units_of(step.modifier)};
    const core::Signature signature = core::signature(step.opcode, step.mode);
    int counter = 3;  // the unit of dc in a modifier, and that of the second one
    for (size_t i = operation.defs.size(); i < signature.defs.size(); ++i) {
      const RegisterClass cls = signature.defs[i].cls;
      if (cls == RegisterClass::dc) {
        operation.defs.push_back(written({step.modifier, counter, 1}));
        counter += 4;
      } else {
        operation.defs.push_back(written(cls == RegisterClass::p ? pointer : modifier));
      }
    }
    operation.uses.push_back(read({pointer, RegisterClass::p, 0}));
    if (step.modifier >= 0) operation.uses.push_back(read({modifier, {}, 0}));
  }

  void add_access(const Step& step, Operation& operation) {
    core::Access access;
    const int64_t first = step.addresses[0];
    for (size_t i = 0; i < trace_.objects.size(); ++i) {
      const Object& object = trace_.objects[i];
      if (first < object.address || first >= object.address + object.bytes) continue;
      access.object = static_cast<int>(i);
      access.offset = first - object.address;
      access.bank = object.bank;
    }
    access.bytes = step.bytes;
    const bool is_even = piece_.graph.trips > 1 && moves_evenly(step.addresses);
    if (is_even) access.stride = step.addresses[1] - first;
    if (step.is_store) stored_.insert(access.object);
    operation.access = access;
  }
  bool moves_evenly(const std::vector<int64_t>& addresses) const {
    for (size_t i = 1; i < addresses.size(); ++i) {
      if (static_cast<int64_t>(i) % piece_.graph.trips != 0 &&
          addresses[i] - addresses[i - 1] != addresses[1] - addresses[0]) {
        return false;
      }
    }
    return true;
  }

  /// Where the bytes of stores follow no line, or where it begins changes, the orders that
  /// conflicts() finds say all there is: every access gets an object of its own.
  void separate_stored_objects() {
    int next = static_cast<int>(trace_.objects.size());
    for (Operation& operation : piece_.graph.operations) {
      if (!operation.access || !stored_.contains(operation.access->object)) continue;
      operation.access->object = next++;
    }
  }

  /// Rounding and saturation are set before what obeys them and after what obeyed the old ones;
  /// a jump comes after the stores before it and its delay slots before those behind it.
  void order(const Step& step, int index) {
    const bool is_control = step.opcode == Opcode::movx_cr;
    const bool is_jump = step.opcode == Opcode::jnz || step.opcode == Opcode::jnz_leave;
    for (const auto& [earlier, kind] : ordered_) {
      if (kind == kControl && step.rounds) piece_.graph.orders.push_back({earlier, index, 1, 0});
      if (kind == kRounds && is_control) piece_.graph.orders.push_back({earlier, index, 0, 0});
      if (kind == kJump && step.has_effects) {
        piece_.graph.orders.push_back({earlier, index, core::kDelaySlots + 1, 0});
      }
      if (kind == kStore && is_jump) piece_.graph.orders.push_back({earlier, index, 0, 0});
    }
    if (is_control) ordered_.emplace_back(index, kControl);
    if (is_jump) ordered_.emplace_back(index, kJump);
    if (step.rounds) ordered_.emplace_back(index, kRounds);
    if (step.is_store) ordered_.emplace_back(index, kStore);
  }

  enum Ordered { kControl, kJump, kRounds, kStore };
  Trace& trace_;
  Piece piece_;
  std::set<int> states_;
  std::map<int, int> registers_;
  std::set<int> written_, stored_;
  std::vector<Touch> touches_;
  std::vector<std::pair<int, Ordered>> ordered_;
};

/// Counts down and jumps back while there are iterations left.
void add_counter(LoopNode& loop, Trace& trace, Items& before) {
  const int counter = trace.add_value(RegisterClass::r);
  trace.states.push_back(counter);
  const Part part = {counter, 0, 1};
  Step set;
  set.opcode = Opcode::set;
  set.immediates = {loop.trips};
  set.defs = {part};
  before.push_back({std::move(set), nullptr});
  Step count;
  count.opcode = Opcode::add_imm;
  count.immediates = {-1};
  count.uses = {{part, RegisterClass::r, 0}};
  count.defs = {part};
  loop.body.push_back({std::move(count), nullptr});
  Step jump;
  jump.opcode = Opcode::jnz;
  jump.uses = {{part, RegisterClass::r, 0}};
  jump.has_effects = true;
  loop.body.push_back({std::move(jump), nullptr});
}

/// Loads the registers of the zero-overhead loop.
void add_loop_registers(const LoopNode& loop, Trace& trace, Items& before) {
  const std::pair<Opcode, RegisterClass> setters[] = {{Opcode::movxm_ls, RegisterClass::ls},
                                                      {Opcode::movxm_le, RegisterClass::le},
                                                      {Opcode::movxm_lc, RegisterClass::lc}};
  for (const auto& [opcode, cls] : setters) {
    Step step;
    step.opcode = opcode;
    step.immediates = {cls == RegisterClass::lc ? loop.trips : 0};
    step.comment = loop.name;
    step.defs = {{trace.add_value(cls), 0, 1}};
    before.push_back({std::move(step), nullptr});
  }
}

void add_loop_control(Items& list, Trace& trace) {
  Items controlled;
  for (Item& item : list) {
    if (item.loop) {
      add_loop_control(item.loop->body, trace);
      if (item.loop->is_innermost()) {
        add_loop_registers(*item.loop, trace, controlled);
      } else {
        add_counter(*item.loop, trace, controlled);
      }
    }
    controlled.push_back(std::move(item));
  }
  list = std::move(controlled);
}

class Emitter {
 public:
  explicit Emitter(Trace& trace) : trace_(trace) {}

  std::vector<Region> emit(Items& list, int64_t runs) {
    std::vector<Region> regions;
    for (size_t i = 0; i < list.size();) {
      if (list[i].loop) {
        regions.push_back(loop_region(*list[i].loop, runs));
        ++i;
        continue;
      }
      Region region;
      region.runs = runs;
      PieceMaker maker(trace_, "straight code", 1, 1);
      for (; i < list.size() && !list[i].loop; ++i) {
        maker.add(list[i].step);
      }
      region.piece = maker.finish({}, read_);
      if (!region.piece.graph.operations.empty()) regions.push_back(std::move(region));
    }
    return regions;
  }

  /// All values that are read are left in their cells when a piece ends, except those that only
  /// their own piece reads.
  void find_readers(Items& items) {
    std::map<int, std::set<const void*>> readers, writers;
    collect(items, &items, readers, writers);
    for (const auto& [value, where] : readers) {
      if (where.size() > 1 || writers[value] != where) read_.insert(value);
    }
  }

  /// Leaves the value in its cell, whoever reads it.
  void leave(int value) { read_.insert(value); }

  /// Gives the values of outer loops their cells, from the outside in.
  void hand_on(Items& items) {
    for (Item& item : items) {
      if (!item.loop || item.loop->is_innermost()) continue;
      OuterCarries::Cells& cells = handed_on_[item.loop.get()];
      cells = OuterCarries(trace_).run(*item.loop);
      for (const auto& list : {cells.enters, cells.carries}) {
        for (const Carry& carry : list) read_.insert(carry.from.value);
      }
      hand_on(item.loop->body);
    }
  }

 private:
  using Places = std::map<int, std::set<const void*>>;

  /// A piece is known by its first item.
  static void collect(Items& items, const void*, Places& readers, Places& writers) {
    const void* piece = nullptr;
    for (Item& item : items) {
      if (item.loop) {
        piece = nullptr;
        for (const Carried& carried : item.loop->carried) {
          readers[carried.initial.part.value].insert(&carried);
        }
        collect(item.loop->body, nullptr, readers, writers);
        continue;
      }
      if (piece == nullptr) piece = &item;
      for (const Use& use : item.step.uses) readers[use.part.value].insert(piece);
      if (item.step.modifier >= 0) readers[item.step.modifier].insert(piece);
      for (const Part& def : item.step.defs) writers[def.value].insert(piece);
    }
  }

  Region loop_region(LoopNode& loop, int64_t runs) {
    Region region;
    region.name = loop.name;
    region.trips = loop.trips;
    region.min_trips = std::max<int64_t>(1, loop.min_trips);
    region.runs = runs;
    if (loop.is_innermost()) {
      region.kind = Region::Kind::inner_loop;
      PieceMaker maker(trace_, loop.name, loop.trips, loop.min_trips);
      for (Item& item : loop.body) maker.add(item.step);
      region.piece = maker.finish(loop.carried, read_);
      return region;
    }
    region.kind = Region::Kind::outer_loop;
    region.enters = std::move(handed_on_[&loop].enters);
    region.carries = std::move(handed_on_[&loop].carries);
    region.body = emit(loop.body, runs * loop.trips);
    return region;
  }

  Trace& trace_;
  std::set<int> read_;
  std::map<const LoopNode*, OuterCarries::Cells> handed_on_;
};

}  // namespace

Kernel emit(std::string name, Trace trace) {
  add_loop_control(trace.items, trace);
  Emitter emitter(trace);
  emitter.hand_on(trace.items);
  std::sort(trace.padded.begin(), trace.padded.end());
  emitter.find_readers(trace.items);
  Kernel kernel;
  kernel.name = std::move(name);
  for_each_step(trace.items, [&](Step& step) {
    if (step.comment == kReturned) emitter.leave(kernel.returned_cell = step.defs[0].value);
  });
  kernel.regions = emitter.emit(trace.items, 1);
  kernel.objects = std::move(trace.objects);
  kernel.cells = static_cast<int>(trace.values.size());
  kernel.classes = std::move(trace.values);
  return kernel;
}

}  // namespace sotto::npu::recorder
