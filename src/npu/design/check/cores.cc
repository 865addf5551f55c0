#include <algorithm>
#include <set>

#include "npu/design/check/steps.h"

namespace sotto::npu::design {
namespace {

/// What a linked program holds besides its kernels: start-up code and the loop round the body, as
/// measured on IRON designs (github.com/jdominick05/ignite-xdna).
constexpr int kProgramOverheadBytes = 880;

class CoreCheck {
 public:
  CoreCheck(Checking& c, const Core& core)
      : c_(c), core_(core), here_(to_string(c.at(core.tile).id)) {}

  void run() {
    if (c_.kind(core_.tile) != TileKind::core) {
      c_.findings.add(Category::core_program, core_.where, "a program for ", here_,
                      ", which is no core");
      return;
    }
    if (core_.body.empty()) add(Category::core_program, core_.where, "the program is empty");
    if (core_.owns_locks) {
      check_owner();
    } else {
      walk(core_.body);
      for (const auto& [end, count] : held_) {
        if (count != 0) {
          add(Category::held_objects, core_.where, "a round ends with ", count, " objects of ",
              describe(c_.design, end), " not released");
        }
      }
    }
    check_sizes();
  }

 private:
  template <typename... Args>
  void add(Category category, const Where& where, const Args&... args) {
    c_.findings.add(category, where, here_, ": ", args...);
  }

  /// A core that owns its locks: one call, and a share for every end that it uses.
  void check_owner() {
    const auto* call = core_.body.size() == 1 ? std::get_if<Call>(&core_.body[0].action) : nullptr;
    if (call == nullptr) {
      add(Category::core_program, core_.where, "a core that owns its locks runs one call");
      return;
    }
    check_call(*call, core_.body[0].where);
    for (const Argument& argument : call->arguments) {
      const auto* ring = std::get_if<RingBuffer>(&argument);
      if (ring == nullptr) continue;
      const bool shared = std::any_of(core_.shares.begin(), core_.shares.end(),
                                      [&](const Core::Share& s) { return s.end == ring->end; });
      if (!shared) {
        add(Category::core_program, core_.where, "how many objects of ",
            describe(c_.design, ring->end),
            " does a dispatch take? The program's shares do not say");
      }
    }
  }

  bool is_here(EndRef end, const Where& where) {
    if (c_.end(end).tile == core_.tile) return true;
    add(Category::core_program, where, describe(c_.design, end), " is not at this core");
    return false;
  }

  void walk(const std::vector<Statement>& body) {
    for (const Statement& statement : body) {
      std::visit([&](const auto& action) { step(action, statement.where); }, statement.action);
    }
  }
  void step(const Acquire& action, const Where& where) {
    if (!is_here(action.end, where)) return;
    std::int64_t& held = held_[action.end];
    held += action.count;
    const Fifo& fifo = c_.at(action.end.fifo);
    const int depth =
        fifo.shared && fifo.producer ? fifo.producer->depth : c_.end(action.end).depth;
    if (action.count < 1 || held > std::max(depth, 1)) {
      add(Category::held_objects, where, "holding ", held, " objects of ",
          describe(c_.design, action.end), ", which has ", depth);
      held = std::min<std::int64_t>(held, std::max(depth, 1));
    }
  }
  void step(const Release& action, const Where& where) {
    if (!is_here(action.end, where)) return;
    std::int64_t& held = held_[action.end];
    held -= action.count;
    if (action.count < 1 || held < 0) {
      add(Category::held_objects, where, "releases ", action.count, " objects of ",
          describe(c_.design, action.end), ", holding ", held + action.count);
      held = std::max<std::int64_t>(held, 0);
    }
  }
  void step(const Call& action, const Where& where) { check_call(action, where); }
  void step(const Loop& action, const Where& where) {
    if (action.times < 1) {
      add(Category::core_program, where, "a loop of ", action.times, " rounds");
    }
    std::erase_if(held_, [](const auto& entry) { return entry.second == 0; });
    const std::map<EndRef, std::int64_t> before = held_;
    walk(action.body);
    std::erase_if(held_, [](const auto& entry) { return entry.second == 0; });
    if (action.times > 1 && held_ != before) {
      add(Category::held_objects, where, "a loop whose rounds do not release what they acquire");
    }
  }

  void check_call(const Call& call, const Where& where) {
    const Kernel& kernel = c_.at(call.kernel);
    kernels_.insert(call.kernel);
    if (call.arguments.size() != kernel.parameters.size()) {
      add(Category::type_mismatch, where, kernel.symbol, " takes ", kernel.parameters.size(),
          " arguments, not ", call.arguments.size());
      return;
    }
    for (std::size_t i = 0; i < call.arguments.size(); ++i) {
      std::visit([&](const auto& value) { check_argument(kernel, i, value, where); },
                 call.arguments[i]);
    }
  }

  void check_object(const Kernel& kernel, std::size_t i, const Object& object,
                    const std::string& what, const Where& where) {
    const Parameter& parameter = kernel.parameters[i];
    const bool pointer = parameter.access == Access::in || parameter.access == Access::out ||
                         parameter.access == Access::in_out;
    if (!pointer || parameter.element != object.element ||
        (parameter.count != 0 && parameter.count != object.count)) {
      add(Category::type_mismatch, where, "argument ", i, " of ", kernel.symbol, " is ", what,
          " of ", object.count, " elements (", bytes_of(object.element),
          " bytes each); wanted are ",
          pointer ? concat(parameter.count, " (", bytes_of(parameter.element), " bytes each)")
                  : std::string("a number"));
    }
  }
  void check_number(const Kernel& kernel, std::size_t i, Access wanted, const Where& where) {
    if (kernel.parameters[i].access != wanted) {
      add(Category::type_mismatch, where, "argument ", i, " of ", kernel.symbol,
          " is of another kind");
    }
  }

  void check_argument(const Kernel& kernel, std::size_t i, std::int32_t, const Where& where) {
    check_number(kernel, i, Access::number, where);
  }
  void check_argument(const Kernel& kernel, std::size_t i, const HeldObject& held,
                      const Where& where) {
    if (!is_here(held.end, where)) return;
    const Fifo& fifo = c_.at(held.end.fifo);
    check_object(kernel, i, buffer_object(fifo, c_.end(held.end)),
                 "an object of " + describe(c_.design, held.end), where);
    const Access access = kernel.parameters[i].access;
    if (held.end.side != kProducer && (access == Access::out || access == Access::in_out)) {
      add(Category::type_mismatch, where, kernel.symbol, " would write into ",
          describe(c_.design, held.end), ", which this core only reads");
    }
    if (held_[held.end] <= held.which || held.which < 0) {
      add(Category::held_objects, where, kernel.symbol, " uses object ", held.which, " of ",
          describe(c_.design, held.end), ", holding ", held_[held.end]);
    }
  }
  void check_argument(const Kernel& kernel, std::size_t i, const RingBuffer& ring,
                      const Where& where) {
    if (!is_here(ring.end, where)) return;
    check_object(kernel, i, buffer_object(c_.at(ring.end.fifo), c_.end(ring.end)),
                 "a buffer of " + describe(c_.design, ring.end), where);
    if (ring.index < 0 || ring.index >= c_.end(ring.end).depth) {
      add(Category::held_objects, where, "buffer ", ring.index, " of ",
          describe(c_.design, ring.end), ", which has ", c_.end(ring.end).depth);
    }
  }
  void check_argument(const Kernel& kernel, std::size_t i, const RingLock& ring,
                      const Where& where) {
    if (is_here(ring.end, where)) check_number(kernel, i, Access::lock, where);
  }
  void check_reach(TileRef memory, const std::string& what, const Where& where) {
    const TileId from = c_.at(core_.tile).id, to = c_.at(memory).id;
    if (kind_of(to) != TileKind::core || !core_reaches(neighbour(from, to))) {
      add(Category::reach, where, what, " is in ", to_string(to),
          "; a core reaches its own memory and that to the south, west and north");
    }
  }
  void check_argument(const Kernel& kernel, std::size_t i, BufferRef ref, const Where& where) {
    const Buffer& buffer = Checking::get(c_.design.buffers, ref.index);
    check_reach(buffer.tile, "buffer '" + buffer.name + "'", where);
    check_object(kernel, i, buffer.object, "buffer '" + buffer.name + "'", where);
  }
  void check_argument(const Kernel& kernel, std::size_t i, LockRef ref, const Where& where) {
    const Lock& lock = Checking::get(c_.design.locks, ref.index);
    check_reach(lock.tile, "lock '" + lock.name + "'", where);
    check_number(kernel, i, Access::lock, where);
  }
  void check_argument(const Kernel& kernel, std::size_t i, const ParameterWord& word,
                      const Where& where) {
    const Buffer& buffer = Checking::get(c_.design.buffers, word.buffer.index);
    check_reach(buffer.tile, "buffer '" + buffer.name + "'", where);
    check_number(kernel, i, Access::number, where);
    if (!buffer.parameters || word.index < 0 || word.index >= buffer.object.count) {
      add(Category::type_mismatch, where, "word ", word.index, " of '", buffer.name,
          "', which has ", buffer.parameters ? buffer.object.count : 0, " parameters");
    }
  }

  void check_sizes() {
    std::int64_t program = kProgramOverheadBytes;
    int stack = 0;
    for (const KernelRef ref : kernels_) {
      program += c_.at(ref).program_bytes;
      stack = std::max(stack, c_.at(ref).stack_bytes);
    }
    c_.plan.program_bytes.push_back(program);
    if (program > kProgramBytes) {
      add(Category::program_bytes, core_.where, "its kernels and ", kProgramOverheadBytes,
          " bytes of loop and start-up are ", program, " bytes of program; there are ",
          kProgramBytes);
    }
    if (stack > core_.stack_bytes) {
      add(Category::stack_bytes, core_.where, "a stack of ", core_.stack_bytes,
          " bytes; its kernels need ", stack);
    }
  }

  Checking& c_;
  const Core& core_;
  const std::string here_;
  std::map<EndRef, std::int64_t> held_;
  std::set<KernelRef> kernels_;
};

void add_objects(const std::vector<Statement>& body, std::int64_t times,
                 std::map<EndRef, std::int64_t>& objects) {
  for (const Statement& statement : body) {
    if (const auto* release = std::get_if<Release>(&statement.action)) {
      objects[release->end] += product(times, release->count);
    } else if (const auto* loop = std::get_if<Loop>(&statement.action)) {
      add_objects(loop->body, product(times, loop->times), objects);
    }
  }
}

}  // namespace

std::map<EndRef, std::int64_t> objects_per_round(const Core& core) {
  std::map<EndRef, std::int64_t> objects;
  add_objects(core.body, 1, objects);
  return objects;
}

void check_cores(Checking& c) {
  std::set<TileRef> tiles;
  for (const Core& core : c.design.cores) {
    if (!tiles.insert(core.tile).second) {
      c.findings.add(Category::core_program, core.where, to_string(c.at(core.tile).id),
                     " has a program already");
    }
    CoreCheck(c, core).run();
  }
}

}  // namespace sotto::npu::design
