#include "npu/design/examples/all_cores.h"

#include "base/error.h"
#include "npu/design/build.h"

namespace sotto::npu::design {
namespace {

constexpr int kColumns = 4, kHalves = 2, kCores = 2;  // cores of half a column

}  // namespace

Design on_all_cores(const std::string& name, const RowKernel& kernel, int rows, int width) {
  constexpr int kStreams = kColumns * kHalves;
  if (rows < 1 || rows % (kStreams * kCores) != 0 || width < 1) {
    fail(ErrorKind::usage, name, ": ", rows, " rows of ", width,
         ": rows must be a multiple of the 16 cores");
  }
  const int room = (width + kernel.vector - 1) / kernel.vector * kernel.vector;
  const int share = rows / kStreams * width;  // elements of a stream

  Builder b(npu1(), name);
  const auto compute = b.kernel<Out<bf16>, In<bf16>, Number>(
      kernel.symbol, {.program_bytes = kernel.program_bytes, .stack_bytes = kernel.stack_bytes},
      {room, room});
  const auto input = b.host<bf16>("input", rows * width);
  const auto output = b.host<bf16>("output", rows * width);
  std::vector<TaskRef> tasks;
  for (int column = 0; column < kColumns; ++column) {
    const ShimTile shim = b.shim(column);
    const MemoryTile memory = b.memory(column);
    for (int half = 0; half < kHalves; ++half) {
      const std::string stream = std::to_string(column) + std::to_string(half);
      const auto in = b.fifo<bf16>("in" + stream, kCores * width, {{shim}}, {{memory}});
      const auto out = b.fifo<bf16>("out" + stream, kCores * width, {{memory}}, {{shim}});
      std::vector<FifoOf<bf16>> to_cores, from_cores;
      for (int i = 0; i < kCores; ++i) {
        const CoreTile core = b.core(column, 2 + half * kCores + i);
        const std::string which = stream + std::to_string(i);
        const auto row = b.fifo<bf16>("row" + which, width, {{memory}},
                                      {{.tile = core, .bank = 1, .room = room}});
        const auto result = b.fifo<bf16>("result" + which, width,
                                         {{.tile = core, .bank = 2, .room = room}}, {{memory}});
        b.program(core,
                  {
                      acquire(row.consumer()),
                      acquire(result.producer()),
                      call(compute(result.producer(), row.consumer(), width)),
                      release(row.consumer()),
                      release(result.producer()),
                  },
                  1024 + kernel.stack_bytes);
        to_cores.push_back(row);
        from_cores.push_back(result);
      }
      b.distribute(memory, in, to_cores);
      b.join(memory, from_cores, out);

      const Slice slice{.offset = std::int64_t{column * kHalves + half} * share,
                        .layout = {{share, 1}}};
      tasks.push_back(b.drain(out, output, slice));
      tasks.push_back(b.fill(in, input, slice));
    }
  }
  for (const TaskRef task : tasks) b.wait(task);
  return b.design();
}

}  // namespace sotto::npu::design
