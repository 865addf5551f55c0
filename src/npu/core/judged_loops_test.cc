// Loops of a compiler's tests, as facts: which operations, on what, how far apart. Peano's
// intervals are those that its tests expect: llvm-aie,
// llvm/test/CodeGen/AIE/aie2/schedule/postpipeliner, gemm-1.mir of 14c1c581 and conv2d_bf16-1.mir
// of 0f7b86b9. All of them: docs/npu/judges.md.
#include <gtest/gtest.h>

#include <cstdio>
#include <vector>

#include "npu/core/pipeline.h"
#include "npu/core/replay.h"

namespace sotto::npu::core {
namespace {

class JudgedLoop {
 public:
  explicit JudgedLoop(const char* name) {
    loop_.name = name;
    loop_.trips = 64;
  }

 protected:
  int invariant(RegisterClass cls) { return loop_.value(cls); }
  int pointer() { return loop_.state(RegisterClass::p); }

  /// Half of a vector from [pointer, #bytes].
  void load(Operand to, Operand pointer, int bytes, Opcode opcode = Opcode::vld) {
    loop_.add({.opcode = opcode,
               .mode = AddressMode::offset,
               .immediate = bytes,
               .defs = {to},
               .uses = {pointer},
               .access = Access{.object = 0}});
  }
  /// From [pointer], which then moves on by `bytes`.
  void load_and_go(Operand to, int pointer, int bytes, Opcode opcode = Opcode::vld) {
    loop_.add({.opcode = opcode,
               .mode = AddressMode::increment,
               .immediate = bytes,
               .defs = {to, whole(pointer)},
               .uses = {whole(pointer)},
               .access = Access{.object = 0}});
  }
  void load_and_go_by(Operand to, int pointer, int increment) {
    loop_.add({.opcode = Opcode::vld,
               .mode = AddressMode::increment_m,
               .defs = {to, whole(pointer)},
               .uses = {whole(pointer), whole(increment)},
               .access = Access{.object = 0}});
  }
  void load_3d(Operand to, int pointer, int modifier) {
    loop_.add({.opcode = Opcode::vld,
               .mode = AddressMode::increment_3d,
               .defs = {to, whole(pointer), part(modifier, 3, 1), part(modifier, 7, 1)},
               .uses = {whole(pointer), whole(modifier)},
               .access = Access{.object = 0}});
  }
  int vector() { return loop_.value(RegisterClass::x); }
  int shuffled(int a, int b, int mode) {
    const int made = vector();
    loop_.add({.opcode = Opcode::vshuffle,
               .defs = {whole(made)},
               .uses = {whole(a), whole(b), whole(mode)}});
    return made;
  }
  /// Each of `a` times each of `b`, added to a sum of its own.
  void multiply(const std::vector<int>& a, const std::vector<int>& b) {
    const int config = invariant(RegisterClass::r);
    for (const int right : b) {
      for (const int left : a) {
        const int sum = loop_.value(RegisterClass::bm);
        loop_.registers.back().live_out = true;
        loop_.add({.opcode = Opcode::vmac_f,
                   .defs = {whole(sum)},
                   .uses = {whole(sum, 1), whole(left), whole(right), whole(config)}});
      }
    }
  }

  Loop loop_;
};

struct Gemm1 : JudgedLoop {
  Gemm1() : JudgedLoop("gemm-1") {}
  Loop make() {
    const int pa = pointer(), pb = pointer();
    const int far = invariant(RegisterClass::m), low_step = invariant(RegisterClass::m),
              high_step = invariant(RegisterClass::m);
    const int da = loop_.state(RegisterClass::d3), db = loop_.state(RegisterClass::d3);
    const int first = invariant(RegisterClass::r), second = invariant(RegisterClass::r),
              alone = invariant(RegisterClass::r);
    const int a[4] = {vector(), vector(), vector(), vector()};
    for (int i = 0; i < 2; ++i) {
      load(low(a[i]), whole(pa), 64 * i);
      load(high(a[i]), whole(pa), 64 * i + 32);
    }
    loop_.add({.opcode = Opcode::padd,
               .mode = AddressMode::increment_m,
               .defs = {whole(pa)},
               .uses = {whole(pa), whole(far)}});
    loop_.add({.opcode = Opcode::padd,
               .mode = AddressMode::increment,
               .immediate = 128,
               .defs = {whole(pa)},
               .uses = {whole(pa)}});
    load_and_go(low(a[2]), pa, 32);
    load_and_go(high(a[2]), pa, 32);
    load_and_go(low(a[3]), pa, 32);
    load_3d(high(a[3]), pa, da);
    std::vector<int> left, right;
    for (int i = 0; i < 2; ++i) {
      left.push_back(shuffled(a[i], a[i + 2], first));
      left.push_back(shuffled(a[i], a[i + 2], second));
    }
    for (int i = 0; i < 4; ++i) {
      const int b = vector();
      load_and_go_by(low(b), pb, low_step);
      if (i < 3) load_and_go_by(high(b), pb, high_step);
      if (i == 3) load_3d(high(b), pb, db);
      right.push_back(shuffled(b, b, alone));
    }
    multiply(left, right);
    return loop_;
  }
};

struct Conv2d1 : JudgedLoop {
  Conv2d1() : JudgedLoop("conv2d_bf16-1") {}
  Loop make() {
    const int in = pointer(), weights = pointer();
    const int step = invariant(RegisterClass::m), shift = invariant(RegisterClass::s);
    const int modifier = loop_.state(RegisterClass::d3);
    const int bits = invariant(RegisterClass::r);
    const int modes[4] = {invariant(RegisterClass::r), invariant(RegisterClass::r),
                          invariant(RegisterClass::r), invariant(RegisterClass::r)};
    // Where the weights begin now, for the next iteration, by way of a second register.
    const int here = loop_.value(RegisterClass::p), before = loop_.value(RegisterClass::p);
    move_pointer(here, weights);
    // How far the input is out of line, for the next iteration.
    const int masked = loop_.value(RegisterClass::r), out_of_line = loop_.value(RegisterClass::r),
              address = loop_.value(RegisterClass::r);
    int lines[4];
    for (int i = 0; i < 4; ++i) {
      const int loaded = vector();
      load(high(loaded), whole(in), 32);
      if (i < 3) load_and_go_by(low(loaded), in, step);
      if (i == 3) load_3d(low(loaded), in, modifier);
      lines[i] = vector();
      loop_.add({.opcode = Opcode::vshift_align,
                 .defs = {whole(lines[i])},
                 .uses = {whole(lines[i], 1), whole(shift), whole(loaded), whole(out_of_line, 1)}});
    }
    const int first = shuffled(lines[0], lines[1], modes[0]),
              third = shuffled(lines[2], lines[3], modes[0]),
              second = shuffled(lines[0], lines[1], modes[1]),
              last = shuffled(lines[2], lines[3], modes[1]),
              upper = shuffled(third, second, modes[2]), lower = shuffled(third, second, modes[3]);
    const int now = vector();
    load(high(now), whole(weights), 32);
    load_and_go(low(now), weights, 256, Opcode::vlda);
    std::vector<int> right = {now};
    for (const int bytes : {384, 320, 448}) {
      right.push_back(vector());
      load(high(right.back()), whole(before, 1), bytes + 32, Opcode::vlda);
      load(low(right.back()), whole(before, 1), bytes, Opcode::vlda);
    }
    multiply({first, upper, lower, last}, right);
    loop_.add({.opcode = Opcode::mov, .defs = {whole(address)}, .uses = {whole(in)}});
    loop_.add(
        {.opcode = Opcode::and_, .defs = {whole(masked)}, .uses = {whole(address), whole(bits)}});
    loop_.add({.opcode = Opcode::add_imm,
               .immediate = 34,
               .defs = {whole(out_of_line)},
               .uses = {whole(masked)}});
    move_pointer(before, here);
    return loop_;
  }
  void move_pointer(int to, int from) {
    loop_.add({.opcode = Opcode::mov_p, .defs = {whole(to)}, .uses = {whole(from)}});
  }
};

struct TwoProducts : JudgedLoop {
  TwoProducts() : JudgedLoop("ld2-mv-mac2-st2") {}
  Loop make() {
    const int in = pointer(), out = pointer();
    const int step = invariant(RegisterClass::m), config = invariant(RegisterClass::r),
              shift = invariant(RegisterClass::s), constant = invariant(RegisterClass::w),
              start = invariant(RegisterClass::cm), other = invariant(RegisterClass::x);
    const int d_in = loop_.state(RegisterClass::d), d_out = loop_.state(RegisterClass::d);
    // One register in place: its halves are written at three places.
    const int x = loop_.state(RegisterClass::x);
    const int sums[2] = {loop_.value(RegisterClass::cm), loop_.value(RegisterClass::cm)};
    const auto multiply_onto_start = [&](int sum) {
      loop_.add({.opcode = Opcode::vmac,
                 .defs = {whole(sum)},
                 .uses = {whole(start), whole(x), whole(other), whole(config)}});
    };
    load_and_go_by(low(x), in, step);
    loop_.add({.opcode = Opcode::vmov_w, .defs = {high(x)}, .uses = {whole(constant)}});
    multiply_onto_start(sums[0]);
    loop_.add({.opcode = Opcode::vld,
               .mode = AddressMode::increment_2d,
               .defs = {low(x), whole(in), part(d_in, 3, 1)},
               .uses = {whole(in), whole(d_in)},
               .access = Access{.object = 0}});
    multiply_onto_start(sums[1]);
    loop_.add({.opcode = Opcode::vst_srs_cm,
               .mode = AddressMode::increment_m,
               .defs = {whole(out)},
               .uses = {whole(sums[0]), whole(shift), whole(out), whole(step)},
               .access = Access{.object = 1}});
    loop_.add({.opcode = Opcode::vst_srs_cm,
               .mode = AddressMode::increment_2d,
               .defs = {whole(out), part(d_out, 3, 1)},
               .uses = {whole(sums[1]), whole(shift), whole(out), whole(d_out)},
               .access = Access{.object = 1}});
    return loop_;
  }
};

struct Round : JudgedLoop {
  Round() : JudgedLoop("round") {}
  Loop make() {
    const int in = pointer(), out = pointer();
    const int outer = invariant(RegisterClass::s), inner = invariant(RegisterClass::s);
    int loaded[2], rounded[2], widened[2];
    for (int& to : loaded) {
      to = loop_.value(RegisterClass::cm);
      loop_.add({.opcode = Opcode::vlda_ups_cm,
                 .mode = AddressMode::increment,
                 .immediate = 32,
                 .defs = {whole(to), whole(in)},
                 .uses = {whole(outer), whole(in)},
                 .access = Access{.object = 0}});
    }
    for (int i = 0; i < 2; ++i) {
      rounded[i] = loop_.value(RegisterClass::w);
      loop_.add({.opcode = Opcode::vsrs_cm_w,
                 .defs = {whole(rounded[i])},
                 .uses = {whole(loaded[i]), whole(inner)}});
    }
    for (int i = 0; i < 2; ++i) {
      widened[i] = loop_.value(RegisterClass::cm);
      loop_.add({.opcode = Opcode::vups_w_cm,
                 .defs = {whole(widened[i])},
                 .uses = {whole(rounded[i]), whole(inner)}});
    }
    for (const int from : widened) {
      loop_.add({.opcode = Opcode::vst_srs_cm,
                 .mode = AddressMode::increment,
                 .immediate = 32,
                 .defs = {whole(out)},
                 .uses = {whole(from), whole(outer), whole(out)},
                 .access = Access{.object = 1}});
    }
    return loop_;
  }
};

/// Ours is never below what no schedule can beat, and at most one above Peano's.
void expect_judged(const Loop& loop, size_t operations, int resources, int recurrences, int peano) {
  SCOPED_TRACE(loop.name);
  ASSERT_EQ(problem_of(loop), "");
  EXPECT_EQ(loop.operations.size(), operations);
  const Pipeline made = pipeline(loop);
  EXPECT_EQ(made.bounds.resources, resources);
  EXPECT_EQ(made.bounds.recurrences, recurrences);
  EXPECT_GE(made.schedule.interval, made.bounds.interval());
  EXPECT_LE(made.schedule.interval, peano + 1);
  EXPECT_EQ(check_against(made.loop, made.allocation, made.program), "");
  std::printf("%s: %d cycles, %d at least, Peano %d\n", loop.name.c_str(), made.schedule.interval,
              made.bounds.interval(), peano);
}

TEST(Judges, Gemm1) {
  expect_judged(Gemm1().make(), 42, 16, 8, 21);
}

TEST(Judges, Conv2dOfBfloat16) {
  expect_judged(Conv2d1().make(), 47, 16, 4, 21);
}

TEST(Judges, TwoLoadsTwoProductsTwoStores) {
  expect_judged(TwoProducts().make(), 7, 2, 2, 2);
}

TEST(Judges, Round) {
  expect_judged(Round().make(), 8, 4, 2, 9);
}

}  // namespace
}  // namespace sotto::npu::core
