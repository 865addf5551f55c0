// Rules about the sequence of a dispatch: bounds, queues, tokens, balance, progress.
#include "npu/design/check/check_testing.h"

namespace sotto::npu::design {
namespace {

using namespace testing;

/// A chain whose sequence is the test's.
struct Open : Chain1 {
  explicit Open(Sizes sizes = {}) : Chain1(sizes, nullptr) { program(); }
  /// Tasks of one object each, from the same place.
  std::vector<TaskRef> fill_objects(int n) {
    std::vector<TaskRef> tasks;
    for (int i = 0; i < n; ++i) tasks.push_back(b.fill(in, input, {.layout = {{256, 1}}}));
    return tasks;
  }
  void drain_objects(int n) { b.wait(b.drain(out, output, {.layout = {{256, 1}}, .runs = n})); }
};

TEST(Sequence, TasksStayInsideTheirBuffers) {
  for (const int offset : {768, 769}) {
    Open d;
    const TaskRef filled = d.b.fill(d.in, d.input, {.offset = offset, .layout = {{256, 1}}});
    d.drain_objects(1);
    d.b.wait(filled);
    if (offset == 768) {
      expect_accepted(d.design());
    } else {
      expect_only(d.design(), Category::host_bounds,
                  "elements 769 to 1024 of 'input', which has 1024");
    }
  }
}

TEST(Sequence, RunsStayInsideTheirBuffers) {
  for (const int stride : {256, 257}) {
    Open d;
    const TaskRef filled =
        d.b.fill(d.in, d.input, {.layout = {{256, 1}}, .runs = 4, .run_stride = stride});
    d.drain_objects(4);
    d.b.wait(filled);
    if (stride == 256) {
      expect_accepted(d.design());
    } else {
      expect_only(d.design(), Category::host_bounds, "elements 0 to 1026");
    }
  }
}

TEST(Sequence, Runs) {
  for (const int runs : {256, 257}) {
    Open d;
    const TaskRef filled = d.b.fill(d.in, d.input, {.layout = {{256, 1}}, .runs = runs});
    d.drain_objects(runs);
    d.b.wait(filled);
    if (runs == 256) {
      expect_accepted(d.design());
    } else {
      expect_only(d.design(), Category::runs, "257 runs; 1 to 256 can be had");
    }
  }
}

TEST(Sequence, RunsThatMoveOn) {
  for (const int runs : {64, 65}) {
    Open d;
    const TaskRef filled =
        d.b.fill(d.in, d.input, {.layout = {{256, 1}}, .runs = runs, .run_stride = 4});
    d.drain_objects(runs);
    d.b.wait(filled);
    if (runs == 64) {
      expect_accepted(d.design());
    } else {
      expect_only(d.design(), Category::runs, "starts 65 times further on; 1 to 64");
    }
  }
}

TEST(Sequence, Bursts) {
  for (const int bytes : {0, 64, 256, 512, 96}) {
    Open d;
    const TaskRef filled = d.b.fill(d.in, d.input, {.layout = {{256, 1}}, .burst_bytes = bytes});
    d.drain_objects(1);
    d.b.wait(filled);
    if (bytes <= 64 || bytes == 256) {
      expect_accepted(d.design());
      continue;
    }
    expect_only(d.design(), Category::burst, concat("bursts of ", bytes, " bytes"));
    d.design().device = npu2(1);
    if (bytes == 512) expect_accepted(d.design());
  }
}

TEST(Sequence, ElementsOfHostAndFifoAgree) {
  Chain1 d;
  d.design().hosts[0].object.element = Element::f32;
  expect_only(d.design(), Category::type_mismatch,
              "host buffer 'input' has other elements than the fifo");
}

TEST(Sequence, QueueOfFourTasks) {
  for (const int n : {4, 5}) {
    Open d;
    const TaskRef last = d.fill_objects(n).back();
    d.drain_objects(n);
    d.b.wait(last);
    if (n == 4) {
      expect_accepted(d.design());
    } else {
      expect_only(d.design(), Category::queue_depth,
                  "task 4 is number 5 of 'in' at shim (0,0) that may be outstanding");
    }
  }
  Open d;
  const TaskRef last = d.fill_objects(40).back();
  d.drain_objects(40);
  d.b.wait(last);
  EXPECT_EQ(findings_of(d.design()).size(), 1u);  // one for the channel, not for each task
}

TEST(Sequence, TasksAreAtShims) {
  Open d;
  d.b.wait(d.b.fill(d.out, d.output));  // which begins in a core
  d.drain_objects(1);
  const std::vector<Finding> findings = findings_of(d.design());
  ASSERT_EQ(findings.size(), 2u) << joined(findings);  // not that nothing awaits it, too
  EXPECT_EQ(findings[0].category, Category::no_producer);
  EXPECT_EQ(findings[1].category, Category::sequence);
}

TEST(Sequence, AWaitEmptiesTheQueueUpToItsTask) {
  for (const std::size_t awaited : {2u, 1u}) {  // frees 3 places, or 2
    Open d;
    const std::vector<TaskRef> tasks = d.fill_objects(4);
    d.drain_objects(4);
    d.b.wait(tasks[awaited]);
    const TaskRef last = d.fill_objects(3).back();
    d.drain_objects(3);
    d.b.wait(last);
    if (awaited == 2) {
      expect_accepted(d.design());
    } else {
      expect_only(d.design(), Category::queue_depth, "task 7 is number 5");
    }
  }
}

TEST(Sequence, TheDrainOfAnotherChannelProvesNothing) {
  Open d;
  d.fill_objects(4);
  d.drain_objects(4);  // all has been read, as we know; the sequence does not say so
  const TaskRef last = d.fill_objects(1).back();
  d.drain_objects(1);
  d.b.wait(last);
  expect_only(d.design(), Category::queue_depth, "is number 5 of 'in'");
}

TEST(Sequence, TheLastTaskIsAwaited) {
  Open d;
  d.fill_objects(1);
  d.drain_objects(1);
  expect_only(d.design(), Category::waits, "the last task of 'in' at shim (0,0) is not awaited");
}

TEST(Sequence, WaitsAreInOrder) {
  for (const bool in_order : {true, false}) {
    Open d;
    const std::vector<TaskRef> tasks = d.fill_objects(2);
    d.drain_objects(2);
    d.b.wait(tasks[in_order ? 0 : 1]);
    d.b.wait(tasks[in_order ? 1 : 0]);
    if (in_order) {
      expect_accepted(d.design());
    } else {
      expect_only(d.design(), Category::waits, "this takes the token of task 0");
    }
  }
}

TEST(Sequence, ATaskIsAwaitedOnce) {
  Chain1 d;
  d.b.wait(d.filled);
  expect_only(d.design(), Category::waits, "task 0 has been awaited already");
}

TEST(Sequence, DescriptorsOfAShim) {
  for (const int transfers : {15, 16}) {  // and one for the drain
    Open d;
    Task task;
    task.through = EndRef{d.in, kProducer};
    task.transfers.assign(static_cast<std::size_t>(transfers),
                          Transfer{d.input, 0, {{256, 1}}, 0, 1});
    const TaskRef filled = d.b.task(task);
    d.drain_objects(transfers);
    d.b.wait(filled);
    if (transfers == 15) {
      expect_accepted(d.design());
    } else {
      expect_only(d.design(), Category::shim_descriptors,
                  "needs 1 descriptors; tasks that may be outstanding hold 16 of 16");
    }
  }
}

TEST(Sequence, ParametersAreWrittenWhereTheyAre) {
  for (const int index : {3, 4}) {
    Chain1 d;
    const Parameters words = d.b.parameters("words", d.core, 4);
    d.b.write(words[index], 17);
    if (index == 3) {
      expect_accepted(d.design());
    } else {
      expect_only(d.design(), Category::sequence, "writes word 4 of 'words', which has 4");
    }
  }
}

TEST(Sequence, EveryTaskIsStarted) {
  Chain1 d;
  d.design().tasks.push_back(d.design().tasks[0]);
  expect_only(d.design(), Category::sequence, "task 2 is never started");
}

TEST(Balance, BothEndsOfADispatchAgree) {
  for (const int drained : {3, 2, 4}) {
    Open d;
    const TaskRef last = d.fill_objects(3).back();
    d.drain_objects(drained);
    d.b.wait(last);
    if (drained == 3) {
      expect_accepted(d.design());
    } else {
      expect_only(d.design(), Category::balance,
                  concat("fifo 'out': in a dispatch shim (0,0) takes ", drained,
                         " objects, but core (0,2) sends 3"));
    }
  }
}

TEST(Balance, WholeObjects) {
  for (const int words : {512, 516}) {
    Open d;
    const TaskRef filled = d.b.fill(d.in, d.input, {.layout = {{words, 1}}});
    d.drain_objects(2);
    d.b.wait(filled);
    if (words == 512) {
      expect_accepted(d.design());
    } else {
      expect_only(d.design(), Category::balance, "move 516 words in a dispatch");
    }
  }
}

TEST(Balance, WholeRounds) {
  for (const int objects : {4, 3}) {
    Chain1 d({}, nullptr);
    d.b.program(d.core, {acquire(d.in.consumer(), 2), acquire(d.out.producer(), 2),
                         release(d.in.consumer(), 2), release(d.out.producer(), 2)});
    const TaskRef filled = d.b.fill(d.in, d.input, {.layout = {{256 * objects, 1}}});
    d.b.wait(d.b.drain(d.out, d.output, {.layout = {{256 * objects, 1}}}));
    d.b.wait(filled);
    if (objects == 4) {
      expect_accepted(d.design());
    } else {
      expect_only(d.design(), Category::balance, "a round takes or gives 2 objects");
    }
  }
}

TEST(Balance, FifosThatNothingCounts) {
  Chain1 d;
  const CoreTile other = d.b.core(0, 3), third = d.b.core(0, 4);
  const auto idle = d.b.fifo<i32>("idle", 16, {{other}}, {{third}});
  d.b.program(other, {acquire(idle.producer()), release(idle.producer())});
  d.b.program(third, {acquire(idle.consumer()), release(idle.consumer())});
  expect_only(d.design(), Category::balance, "fifo 'idle': nothing in the sequence says");
}

TEST(Progress, WaitingForAFillBeforeItsDrainStarts) {
  // The core and its FIFOs take in 4 objects while nobody drains; the fifth stays in the shim.
  for (const int objects : {4, 5}) {
    Open d;
    const TaskRef filled = d.b.fill(d.in, d.input, {.layout = {{256, 1}}, .runs = objects});
    d.b.wait(filled);
    d.drain_objects(objects);
    if (objects == 4) {
      expect_accepted(d.design());
    } else {
      expect_only(d.design(), Category::deadlock,
                  "dispatch 1 waits for ever for task 0 of 'in' at shim (0,0); core (0,2) waits to "
                  "write 1 of fifo 'out' (0 free)");
    }
  }
}

/// The core takes `first` objects of a before any of b, which come through the same stream in
/// turns.
Design interleaved(int depth) {
  Builder b(npu1(1), "interleaved");
  const ShimTile shim = b.shim(0);
  const MemoryTile memory = b.memory(0);
  const CoreTile core = b.core(0, 2);
  const auto in = b.fifo<i32>("in", 64, {{shim}}, {{memory}});
  const auto a = b.fifo<i32>("a", 32, {{memory}}, {{.tile = core, .depth = 1}});
  const auto c = b.fifo<i32>("c", 32, {{memory}}, {{.tile = core, .depth = 1}});
  b.distribute(memory, in, {a, c}, {.depth = depth});
  const auto take = [](const auto& end) {
    return std::vector<Statement>{acquire(end), release(end)};
  };
  b.program(core, {loop(4, take(a.consumer())), loop(4, take(c.consumer()))});
  const auto host = b.host<i32>("host", 256);
  const TaskRef filled = b.fill(in, host);
  b.wait(filled);
  return b.design();
}

TEST(Progress, ABranchThatIsTakenTooLate) {
  // Before the fourth half of a come three halves of c, which nobody reads yet: one finds room in
  // the core, the others need a buffer each in the memory tile.
  expect_accepted(interleaved(2));
  expect_only(interleaved(1), Category::deadlock,
              "core (0,2) waits to read 1 of fifo 'a' (0 full)");
}

/// A DMA that counts the objects that it has brought, up to 63 + `more`.
Design counting(int more) {
  Chain1 d;
  const MemoryTile memory = d.b.memory(0);
  const auto source = d.b.buffer<i32>("source", memory, 16);
  const auto sink = d.b.buffer<i32>("sink", d.core, 16);
  const LockHandle free = d.b.lock("free", d.core, 63);
  const LockHandle counter = d.b.lock("counter", d.core, more);
  const Bd bring{
      .buffer = sink, .count = 16, .acquire = Bd::Use{free, 1}, .release = Bd::Use{counter, 1}};
  const Bd send{.buffer = source, .count = 16};
  const ChainRef from = d.b.chain({"from", memory, Direction::mm2s, {send}, false, 63});
  const ChainRef to = d.b.chain({"to", d.core, Direction::s2mm, {bring}, false, 63});
  d.b.flow("objects", from, {to});
  return d.design();
}

TEST(Progress, LocksThatOverflow) {
  expect_accepted(counting(0));
  expect_only(counting(1), Category::lock_value, "lock 'counter' at core (0,2) reaches 64");
}

}  // namespace
}  // namespace sotto::npu::design
