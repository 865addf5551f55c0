#include "npu/design/examples/layer_norm.h"

#include "base/error.h"
#include "npu/design/build.h"

namespace sotto::npu::design {

Design layer_norm(int rows, int width) {
  constexpr int kRows = 4;  // of an object
  if (rows < kRows || rows % kRows != 0 || width < 16 || width % 16 != 0) {
    fail(ErrorKind::usage, "layer_norm: ", rows, " rows of ", width,
         ": rows must be a multiple of 4, their width of 16");
  }

  Builder b(npu1(1), "layer_norm");
  const ShimTile shim = b.shim(0);
  const CoreTile core = b.core(0, 2);

  const auto in = b.fifo<bf16>("in", kRows * width, {{shim}}, {{.tile = core, .bank = 1}});
  const auto out = b.fifo<bf16>("out", kRows * width, {{.tile = core, .bank = 2}}, {{shim}});
  const auto affine = b.fifo<bf16>("gamma_beta", width, {{shim}}, {{.tile = core, .bank = 3}});
  const auto gamma = affine.consumer().held(0), beta = affine.consumer().held(1);

  const auto norm = b.kernel<Out<bf16>, In<bf16>, In<bf16>, In<bf16>, Number, Number>(
      "layer_norm_bf16", {.program_bytes = 4352, .stack_bytes = 384},
      {kRows * width, kRows * width, width, width});
  b.program(core, {
                      acquire(affine.consumer(), 2),
                      loop(rows / kRows,
                           {
                               acquire(in.consumer()),
                               acquire(out.producer()),
                               call(norm(out.producer(), in.consumer(), gamma, beta, kRows, width)),
                               release(in.consumer()),
                               release(out.producer()),
                           }),
                      release(affine.consumer(), 2),
                  });

  const auto input = b.host<bf16>("input", rows * width);
  const auto both = b.host<bf16>("gamma_beta", 2 * width);
  const auto output = b.host<bf16>("output", rows * width);
  const TaskRef drained = b.drain(out, output);
  const TaskRef prepared = b.fill(affine, both);
  const TaskRef filled = b.fill(in, input);
  for (const TaskRef task : {drained, prepared, filled}) b.wait(task);
  return b.design();
}

}  // namespace sotto::npu::design
