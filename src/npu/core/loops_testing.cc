#include "npu/core/loops_testing.h"

#include <random>

#include "base/error.h"

namespace sotto::npu::core {
namespace {

/// [p], #32 of an array that moves by `stride` an iteration.
Operation load(Opcode opcode, Operand to, int pointer, int object, int64_t offset, int64_t stride) {
  return {.opcode = opcode,
          .mode = AddressMode::increment,
          .immediate = 32,
          .defs = {to, whole(pointer)},
          .uses = {whole(pointer)},
          .access = Access{.object = object, .offset = offset, .stride = stride}};
}

Operation store(Opcode opcode, Operand from, int pointer, int object, int64_t offset,
                int64_t stride) {
  return {.opcode = opcode,
          .mode = AddressMode::increment,
          .immediate = 32,
          .defs = {whole(pointer)},
          .uses = {from, whole(pointer)},
          .access = Access{.object = object, .offset = offset, .stride = stride}};
}

}  // namespace

Loop gemm_loop(int rows, int columns, int64_t trips) {
  Loop loop;
  loop.name = "gemm";
  loop.trips = trips;
  const int config = loop.value(RegisterClass::r, "config");
  std::vector<int> vectors;
  for (int side = 0; side < 2; ++side) {
    const int pointer = loop.state(RegisterClass::p, side == 0 ? "pa" : "pb");
    const int count = side == 0 ? rows : columns;
    for (int i = 0; i < count; ++i) {
      const int vector = loop.value(RegisterClass::x, concat(side == 0 ? "a" : "b", i));
      loop.add(load(Opcode::vld, low(vector), pointer, side, 64 * i, 64 * count));
      loop.add(load(Opcode::vld, high(vector), pointer, side, 64 * i + 32, 64 * count));
      vectors.push_back(vector);
    }
  }
  for (int i = 0; i < rows; ++i) {
    for (int j = 0; j < columns; ++j) {
      const int sum = loop.value(RegisterClass::bm, concat("c", i, j));
      loop.registers.back().live_out = true;
      loop.add({.opcode = Opcode::vmac_f,
                .defs = {whole(sum)},
                .uses = {whole(sum, 1), whole(vectors[static_cast<size_t>(i)]),
                         whole(vectors[static_cast<size_t>(rows + j)]), whole(config)}});
    }
  }
  return loop;
}

Loop increment_loop(int64_t trips) {
  Loop loop;
  loop.name = "increment";
  loop.trips = trips;
  const int in = loop.state(RegisterClass::p, "in"), out = loop.state(RegisterClass::p, "out");
  const int one = loop.value(RegisterClass::x, "one");
  const int x = loop.value(RegisterClass::x, "x"), y = loop.value(RegisterClass::x, "y");
  loop.add(load(Opcode::vld, low(x), in, 0, 0, 64));
  loop.add(load(Opcode::vld, high(x), in, 0, 32, 64));
  loop.add({.opcode = Opcode::vadd,
            .suffix = ".32",
            .defs = {whole(y)},
            .uses = {whole(x), whole(one)}});
  loop.add(store(Opcode::vst, low(y), out, 1, 0, 64));
  loop.add(store(Opcode::vst, high(y), out, 1, 32, 64));
  return loop;
}

Loop convert_loop(int64_t trips) {
  Loop loop;
  loop.name = "convert";
  loop.trips = trips;
  const int in = loop.state(RegisterClass::p, "in"), out = loop.state(RegisterClass::p, "out");
  const int sum = loop.value(RegisterClass::bm, "sum");
  loop.add(load(Opcode::vlda_am, low(sum), in, 0, 0, 64));
  loop.add(load(Opcode::vlda_am, high(sum), in, 0, 32, 64));
  loop.add(store(Opcode::vst_conv, whole(sum), out, 1, 0, 32));
  loop.operations.back().suffix = ".bf16.fp32";
  return loop;
}

Loop chain_loop(int length, int64_t trips) {
  Loop loop;
  loop.name = "chain";
  loop.trips = trips;
  const int config = loop.value(RegisterClass::r, "config");
  const int x = loop.value(RegisterClass::x, "x");
  std::vector<int> sums;
  for (int i = 0; i < length; ++i) sums.push_back(loop.value(RegisterClass::bm, concat("s", i)));
  for (int i = 0; i < length; ++i) {
    const Operand before = i == 0 ? whole(sums.back(), 1) : whole(sums[static_cast<size_t>(i - 1)]);
    loop.add({.opcode = Opcode::vmac_f,
              .defs = {whole(sums[static_cast<size_t>(i)])},
              .uses = {before, whole(x), whole(x), whole(config)}});
  }
  loop.registers[static_cast<size_t>(sums.back())].live_out = true;
  return loop;
}

namespace {

class RandomLoop {
 public:
  RandomLoop(uint32_t seed, bool carried) : random_(seed), carried_(carried) {
    loop_.name = concat("random ", seed);
    loop_.trips = 1 + below(14);
    config_ = loop_.value(RegisterClass::r, "config");
    shift_ = loop_.value(RegisterClass::s, "shift");
    for (int i = 0; i < 3; ++i) pointers_.push_back(loop_.state(RegisterClass::p, concat("p", i)));
    vectors_.push_back(loop_.value(RegisterClass::x, "constant"));
    sums_.push_back(loop_.value(RegisterClass::bm, "bias"));
    scalars_.push_back(loop_.value(RegisterClass::r, "n"));
  }

  Loop make(int operations) {
    while (static_cast<int>(loop_.operations.size()) < operations) add();
    if (carried_) close_cycles();
    for (const std::vector<int>* kind : {&vectors_, &sums_, &scalars_}) {
      for (const int reg : *kind) {
        if (below(6) == 0) loop_.registers[static_cast<size_t>(reg)].live_out = true;
      }
    }
    return std::move(loop_);
  }

 private:
  int below(int limit) { return static_cast<int>(random_() % static_cast<uint32_t>(limit)); }
  int any(const std::vector<int>& of) {
    return of[static_cast<size_t>(below(static_cast<int>(of.size())))];
  }
  /// Recent values more often, so that lifetimes fit into the registers.
  int recent(const std::vector<int>& of) {
    const int back = std::min(below(6), static_cast<int>(of.size()) - 1);
    return of[of.size() - 1 - static_cast<size_t>(back)];
  }
  Operand vector() { return whole(recent(vectors_)); }
  Operand sum() { return whole(recent(sums_)); }

  void add() {
    switch (below(10)) {
      case 0:
      case 1:
        return add_load();
      case 2:
        return add_store();
      case 3:
      case 4:
        return add_lanes();
      case 5:
        return add_product();
      case 6:
        return add_accumulator_load();
      case 7:
        return add_conversion();
      default:
        return add_scalar();
    }
  }

  void add_load() {
    const int made = loop_.value(RegisterClass::x);
    const int pointer = any(pointers_);
    const int object = below(2);
    const int64_t offset = 32 * below(4);
    loop_.add(load(Opcode::vld, low(made), pointer, object, offset, 64));
    loop_.add(load(Opcode::vld, high(made), pointer, object, offset + 32, 64));
    vectors_.push_back(made);
  }

  void add_store() {
    const Operand from = vector();
    loop_.add(store(Opcode::vst, below(2) ? low(from.reg) : high(from.reg), any(pointers_),
                    below(3), 32 * below(4), 64));
  }

  void add_lanes() {
    const Operand a = vector(), b = vector();
    const int made = loop_.value(RegisterClass::x);
    if (below(2)) {
      loop_.add({.opcode = Opcode::vadd, .suffix = ".16", .defs = {whole(made)}, .uses = {a, b}});
    } else {
      loop_.add(
          {.opcode = Opcode::vshuffle, .defs = {whole(made)}, .uses = {a, b, whole(config_)}});
    }
    vectors_.push_back(made);
  }

  /// Sometimes onto its own value of the iteration before.
  void add_product() {
    const int made = loop_.value(RegisterClass::bm);
    const Operand onto = carried_ && below(2) ? whole(made, 1 + below(2)) : sum();
    loop_.add({.opcode = Opcode::vmac_f,
               .defs = {whole(made)},
               .uses = {onto, vector(), vector(), whole(config_)}});
    sums_.push_back(made);
  }

  void add_accumulator_load() {
    const int made = loop_.value(RegisterClass::bm);
    const int pointer = any(pointers_);
    loop_.add(load(Opcode::vlda_am, low(made), pointer, 1, 0, 64));
    loop_.add(load(Opcode::vlda_am, high(made), pointer, 1, 32, 64));
    sums_.push_back(made);
  }

  void add_conversion() {
    const Operand from = sum();
    if (below(2)) {
      loop_.add(store(Opcode::vst_conv, from, any(pointers_), 2, 32 * below(3), 32));
      return;
    }
    const int made = loop_.value(RegisterClass::x);
    loop_.add({.opcode = Opcode::vconv_bf16_fp32, .defs = {low(made)}, .uses = {from}});
    loop_.add({.opcode = Opcode::vsrs_bm_w,
               .suffix = ".s16.s32",
               .defs = {high(made)},
               .uses = {sum(), whole(shift_)}});
    vectors_.push_back(made);
  }

  void add_scalar() {
    const int made = loop_.value(RegisterClass::r);
    const Operand a = !carried_ || below(3) ? whole(recent(scalars_)) : whole(made, 1);
    loop_.add({.opcode = below(3) ? Opcode::add : Opcode::mul,
               .defs = {whole(made)},
               .uses = {a, whole(any(scalars_))}});
    scalars_.push_back(made);
  }

  /// Turns some uses into uses of values of the iteration before.
  void close_cycles() {
    for (Operation& operation : loop_.operations) {
      for (Operand& use : operation.uses) {
        const VirtualRegister& reg = loop_.registers[static_cast<size_t>(use.reg)];
        if (reg.storage == Storage::value && use.distance == 0 && below(12) == 0) use.distance = 1;
      }
    }
  }

  std::mt19937 random_;
  const bool carried_;
  Loop loop_;
  int config_ = 0, shift_ = 0;
  std::vector<int> pointers_, vectors_, sums_, scalars_;
};

}  // namespace

Loop random_loop(uint32_t seed, int operations, bool carried) {
  return RandomLoop(seed, carried).make(operations);
}

}  // namespace sotto::npu::core
