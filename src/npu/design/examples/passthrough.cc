#include "npu/design/examples/passthrough.h"

#include "npu/design/build.h"

namespace sotto::npu::design {

Design passthrough(int words) {
  constexpr int kWords = 1024;  // of an object

  Builder b(npu1(1), "passthrough");
  const ShimTile shim = b.shim(0);
  const CoreTile core = b.core(0, 2);

  const auto in = b.fifo<i32>("in", kWords, {{shim}}, {{core}});
  const auto out = b.fifo<i32>("out", kWords, {{core}}, {{shim}});

  const auto copy = b.kernel<Out<i32>, In<i32>, Number>(
      "passthrough", {.program_bytes = 512, .stack_bytes = 64}, {kWords, kWords});
  b.program(core, {
                      acquire(in.consumer()),
                      acquire(out.producer()),
                      call(copy(out.producer(), in.consumer(), kWords)),
                      release(in.consumer()),
                      release(out.producer()),
                  });

  const auto input = b.host<i32>("input", words);
  const auto output = b.host<i32>("output", words);
  const TaskRef filled = b.fill(in, input);
  const TaskRef drained = b.drain(out, output);
  b.wait(drained);
  b.wait(filled);
  return b.design();
}

}  // namespace sotto::npu::design
