// Rules about the programs of cores.
#include "npu/design/check/check_testing.h"

namespace sotto::npu::design {
namespace {

using namespace testing;

TEST(Cores, ArgumentsFitTheKernel) {
  Chain1 d;
  d.design().kernels[0].parameters[0].count = 256;
  expect_accepted(d.design());
  d.design().kernels[0].parameters[0].count = 255;
  expect_only(d.design(), Category::type_mismatch,
              "argument 0 of copy is an object of fifo 'out' at core (0,2) of 256 elements");
}

TEST(Cores, KernelsDoNotWriteIntoInputs) {
  Chain1 d;
  auto& call = std::get<Call>(d.design().cores[0].body[2].action);
  std::swap(call.arguments[0], call.arguments[1]);
  expect_only(d.design(), Category::type_mismatch, "copy would write into fifo 'in'");
}

TEST(Cores, LoopsRun) {
  for (const int times : {1, 0}) {
    Chain1 d({}, nullptr);
    d.b.program(d.core, {loop(times, {acquire(d.in.consumer()), acquire(d.out.producer()),
                                      release(d.in.consumer()), release(d.out.producer())})});
    d.fill_and_drain();
    if (times == 1) {
      expect_accepted(d.design());
    } else {
      expect_only(d.design(), Category::core_program, "core (0,2): a loop of 0 rounds");
    }
  }
}

TEST(Cores, OneProgramEach) {
  Chain1 d;
  d.program();
  expect_only(d.design(), Category::core_program, "core (0,2) has a program already");
}

TEST(Cores, NoMoreIsHeldThanThereIs) {
  for (const int count : {2, 3}) {
    Chain1 d({}, nullptr);
    d.b.program(d.core, {acquire(d.in.consumer(), count), acquire(d.out.producer(), count),
                         release(d.in.consumer(), count), release(d.out.producer(), count)});
    d.fill_and_drain();
    if (count == 2) {
      expect_accepted(d.design());
    } else {
      expect_only(d.design(), Category::held_objects,
                  "holding 3 objects of fifo 'in' at core (0,2), which has 2");
    }
  }
}

TEST(Cores, WhatIsUsedIsHeld) {
  Chain1 d({}, nullptr);
  d.b.program(d.core, {acquire(d.in.consumer()), acquire(d.out.producer()),
                       call(d.copy(d.out.producer(), d.in.consumer().held(1))),
                       release(d.in.consumer()), release(d.out.producer())});
  d.fill_and_drain();
  expect_only(d.design(), Category::held_objects,
              "copy uses object 1 of fifo 'in' at core (0,2), holding 1");
}

TEST(Cores, WhatIsTakenIsGivenBack) {
  Chain1 d({}, nullptr);
  d.b.program(d.core, {acquire(d.in.consumer(), 2), acquire(d.out.producer()),
                       release(d.in.consumer()), release(d.out.producer())});
  d.fill_and_drain();
  expect_only(d.design(), Category::held_objects, "a round ends with 1 objects");
}

TEST(Cores, ProgramBytes) {
  Chain1 d;
  d.design().kernels[0].program_bytes = 16384 - 880;
  expect_accepted(d.design());
  ++d.design().kernels[0].program_bytes;
  expect_only(d.design(), Category::program_bytes, "are 16385 bytes of program; there are 16384");
}

TEST(Cores, StackBytes) {
  Chain1 d;
  d.design().kernels[0].stack_bytes = 1024;
  expect_accepted(d.design());
  ++d.design().kernels[0].stack_bytes;
  expect_only(d.design(), Category::stack_bytes, "a stack of 1024 bytes; its kernels need 1025");
}

TEST(Cores, BuffersOfOthersMustBeReachable) {
  for (const int row : {3, 4}) {
    Chain1 d({}, nullptr);
    const CoreTile other = d.b.core(0, row);
    const auto table = d.b.buffer<i32>("table", other, 256);
    d.b.program(d.core, {acquire(d.in.consumer()), acquire(d.out.producer()),
                         call(d.copy(d.out.producer(), table)), release(d.in.consumer()),
                         release(d.out.producer())});
    d.fill_and_drain();
    if (row == 3) {
      expect_accepted(d.design());
    } else {
      expect_only(d.design(), Category::reach, "buffer 'table' is in core (0,4)");
    }
  }
}

/// A core that owns its locks, as npu/kernels/encoder_core.cc: buffers and locks are arguments.
struct Owner : Chain1 {
  explicit Owner(int shares) : Chain1({}, nullptr) {
    const auto own =
        b.kernel<In<i32>, In<i32>, Out<i32>, Out<i32>, LockId, LockId, LockId, LockId, Number>(
            "own", {.program_bytes = 4096});
    const auto i = in.consumer();
    const auto o = out.producer();
    std::vector<Core::Share> all = {{i, 4}, {o, 4}};
    all.resize(static_cast<std::size_t>(shares));
    b.program_with_locks(core,
                         own(i.buffer(0), i.buffer(1), o.buffer(0), o.buffer(1), i.empty(),
                             i.full(), o.empty(), o.full(), 7),
                         all);
    fill_and_drain();
  }
};

TEST(Cores, OwnersOfLocksSayWhatTheyTake) {
  expect_accepted(Owner(2).design());
  expect_only(Owner(1).design(), Category::core_program,
              "how many objects of fifo 'out' at core (0,2) does a dispatch take?");
}

TEST(Cores, OwnersOfLocksUseBuffersThatExist) {
  Owner d(2);
  auto& call = std::get<Call>(d.design().cores[0].body[0].action);
  std::get<RingBuffer>(call.arguments[1]).index = 2;
  expect_only(d.design(), Category::held_objects,
              "buffer 2 of fifo 'in' at core (0,2), which has 2");
}

}  // namespace
}  // namespace sotto::npu::design
