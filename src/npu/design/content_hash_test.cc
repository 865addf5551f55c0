#include "npu/design/content_hash.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "npu/design/check/check_testing.h"
#include "npu/design/examples/passthrough.h"

namespace sotto::npu::design {
namespace {

using namespace testing;

TEST(ContentHash, Sha256) {
  // The examples of FIPS 180 and of its validation suite.
  EXPECT_EQ(to_hex(sha256("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(to_hex(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(to_hex(sha256(std::string(1000000, 'a'))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(ContentHash, LinesDoNotCount) {
  const Chain1 here;
  const Chain1 there;
  Design moved = Chain1(here).design();
  moved.fifos[0].where = Where::current();
  EXPECT_EQ(content_hash(moved), content_hash(Chain1(there).design()));
}

TEST(ContentHash, IsTheSameOnEveryMachine) {
  // Changes with what a design says and with how it is written down, and with nothing else.
  EXPECT_EQ(to_hex(content_hash(passthrough(4096))),
            "e74469c9648e7846b9adb33644580f9f0f8478225d1f43fc538b77ca862c6f73");
}

/// A design with something in every list.
Design everything() {
  Chain1 d;
  const MemoryTile memory = d.b.memory(0);
  const auto loop_in = d.b.fifo<i32>("loop_in", 16, {{d.shim}}, {{memory}});
  const auto loop_out =
      d.b.fifo<i32>("loop_out", 24, {{.tile = memory, .layout = {{4, 4}, {4, 1}}, .channel = 2}},
                    {{d.shim}}, {.repeat = 2, .padding = {{0, 0}, {1, 1}}});
  d.b.via(memory, loop_in, loop_out, {.bank = 1});
  const auto words = d.b.parameters("words", d.core, 4);
  d.b.buffer<i32>("table", d.core, 16, {.bank = 1, .initial = {1, 2, 3}});
  const LockHandle lock = d.b.lock("lock", d.core, 1);
  d.b.chain({.name = "chain",
             .tile = memory,
             .direction = Direction::mm2s,
             .bds = {{.buffer = words,
                      .count = 4,
                      .layout = {{4, 1}},
                      .acquire = Bd::Use{lock, 1},
                      .release = Bd::Use{lock, 1}}}});
  d.b.flow("flow", {0}, {{0}});
  d.b.write(words[1], 7);
  d.design().cores[0].shares = {{d.in.consumer(), 1}};
  d.design().cores[0].body.push_back(loop(2, {acquire(d.in.consumer())}));
  return d.design();
}

const std::vector<std::function<void(Design&)>> kChanges = {
    [](Design& d) { d.name += "x"; },
    [](Design& d) { d.device.columns = 2; },
    [](Design& d) { d.device.generation = Device::Generation::npu2; },
    [](Design& d) { d.tiles[1].id.row = 3; },
    [](Design& d) { d.fifos[0].name += "x"; },
    [](Design& d) { d.fifos[0].object.count = 8; },
    [](Design& d) { d.fifos[0].object.element = Element::f32; },
    [](Design& d) { d.fifos[0].producer.reset(); },
    [](Design& d) { d.fifos[0].consumers[0].depth = 3; },
    [](Design& d) {
      d.fifos[0].consumers[0].layout = {{2, 8}, {8, 1}};
    },
    [](Design& d) { d.fifos[0].consumers[0].bank = 0; },
    [](Design& d) { d.fifos[0].consumers[0].channel = 0; },
    [](Design& d) { d.fifos[0].consumers[0].room = 300; },
    [](Design& d) { d.fifos[0].consumers[0].tile = {0}; },
    [](Design& d) { d.fifos[3].repeat = 1; },
    [](Design& d) { d.fifos[3].padding[1].after = 2; },
    [](Design& d) { d.fifos[0].shared = true; },
    [](Design& d) { d.links[0].depth = 3; },
    [](Design& d) { d.links[0].bank = 2; },
    [](Design& d) { d.links[0].object.count = 17; },
    [](Design& d) { d.links[0].outputs[0].offset = 1; },
    [](Design& d) { d.buffers[1].initial[2] = 4; },
    [](Design& d) { d.buffers[1].bank.reset(); },
    [](Design& d) { d.buffers[0].parameters = false; },
    [](Design& d) { d.locks[0].initial = 2; },
    [](Design& d) { d.chains[0].cyclic = false; },
    [](Design& d) { d.chains[0].runs = 2; },
    [](Design& d) { d.chains[0].direction = Direction::s2mm; },
    [](Design& d) { d.chains[0].channel = 1; },
    [](Design& d) { d.chains[0].bds[0].offset = 1; },
    [](Design& d) { d.chains[0].bds[0].count = 3; },
    [](Design& d) { d.chains[0].bds[0].acquire->value = 2; },
    [](Design& d) { d.chains[0].bds[0].release.reset(); },
    [](Design& d) { d.chains[0].bds[0].run_stride = 4; },
    [](Design& d) { d.chains[0].bds[0].run_wrap = 4; },
    [](Design& d) { d.flows[0].to.clear(); },
    [](Design& d) { d.kernels[0].symbol += "x"; },
    [](Design& d) { d.kernels[0].program_bytes = 1; },
    [](Design& d) { d.kernels[0].stack_bytes = 1; },
    [](Design& d) { d.kernels[0].static_bytes = 1; },
    [](Design& d) { d.kernels[0].parameters[0].count = 1; },
    [](Design& d) { d.kernels[0].parameters[0].access = Access::in_out; },
    [](Design& d) { d.cores[0].stack_bytes = 2048; },
    [](Design& d) { d.cores[0].owns_locks = true; },
    [](Design& d) { d.cores[0].shares[0].objects = 2; },
    [](Design& d) { std::swap(d.cores[0].body[0], d.cores[0].body[1]); },
    [](Design& d) { std::get<Loop>(d.cores[0].body[5].action).times = 3; },
    [](Design& d) { std::get<Acquire>(d.cores[0].body[0].action).count = 2; },
    [](Design& d) {
      std::get<HeldObject>(std::get<Call>(d.cores[0].body[2].action).arguments[0]).which = 1;
    },
    [](Design& d) { d.hosts[0].object.count = 1; },
    [](Design& d) { d.tasks[0].runs = 2; },
    [](Design& d) { d.tasks[0].burst_bytes = 64; },
    [](Design& d) { d.tasks[0].transfers[0].offset = 4; },
    [](Design& d) { d.tasks[0].transfers[0].run_stride = 4; },
    [](Design& d) { d.tasks[0].transfers[0].run_wrap = 4; },
    [](Design& d) { d.tasks[0].transfers[0].host = {1}; },
    [](Design& d) { d.tasks[0].transfers[0].layout[0].size = 4; },
    [](Design& d) { d.tasks[0].transfers[0].layout[0].stride = 4; },
    [](Design& d) { std::swap(d.sequence[2], d.sequence[3]); },
    [](Design& d) { std::get<WriteParameter>(d.sequence[4].action).value = 8; },
    [](Design& d) { std::get<WriteParameter>(d.sequence[4].action).index = 2; },
};

TEST(ContentHash, EveryFieldCounts) {
  std::set<ContentHash> seen = {content_hash(everything())};
  for (std::size_t i = 0; i < kChanges.size(); ++i) {
    Design changed = everything();
    kChanges[i](changed);
    EXPECT_TRUE(seen.insert(content_hash(changed)).second) << "change " << i;
  }
}

}  // namespace
}  // namespace sotto::npu::design
