#include "npu/design/examples/seed_layer.h"

#include "npu/design/build.h"

namespace sotto::npu::design {

Design seed_layer() {
  constexpr int kRow = 512;  // of the residual stream

  Builder b(npu1(), "seed_layer");
  const ShimTile shim = b.shim(0);
  const CoreTile norm_1 = b.core(0, 2), query = b.core(0, 3), key = b.core(0, 4);
  const CoreTile value = b.core(1, 2), scores = b.core(1, 3), softmax = b.core(1, 4);
  const CoreTile norm_2 = b.core(2, 2), feed_1 = b.core(2, 3), feed_2 = b.core(2, 4);

  const auto in = b.fifo<bf16>("in", kRow, {{shim}}, {{norm_1}});
  const auto normed = b.fifo<bf16>("normed", kRow, {{norm_1}}, {{query}, {key}, {value}});
  const auto q = b.fifo<bf16>("q", kRow, {{query}}, {{scores}});
  const auto k = b.fifo<bf16>("k", kRow, {{key}}, {{scores}});
  const auto v = b.fifo<bf16>("v", kRow, {{value}}, {{norm_2}});
  const auto weights = b.fifo<bf16>("weights", 1500, {{scores}}, {{softmax}});
  const auto attended = b.fifo<bf16>("attended", 1500, {{softmax}}, {{norm_2}});
  const auto hidden = b.fifo<bf16>("hidden", 2048, {{feed_1}}, {{feed_2}});
  const auto out = b.fifo<bf16>("out", 2048, {{feed_2}}, {{shim}});
  (void)q, (void)k, (void)v, (void)hidden;

  const auto layer_norm = b.kernel<Out<bf16>, In<bf16>>("layernorm_512", {.program_bytes = 2048});
  const auto soft = b.kernel<Out<bf16>, In<bf16>>("softmax_1500", {.program_bytes = 2048});
  const auto gelu =
      b.kernel<Out<bf16>, In<bf16>>("gelu_2048", {.program_bytes = 2048}, {2048, 2048});
  b.program(norm_1, {acquire(in.consumer()), acquire(normed.producer()),
                     call(layer_norm(normed.producer(), in.consumer())), release(in.consumer()),
                     release(normed.producer())});
  b.program(softmax, {acquire(weights.consumer()), acquire(attended.producer()),
                      call(soft(attended.producer(), weights.consumer())),
                      release(weights.consumer()), release(attended.producer())});
  b.program(feed_2, {acquire(hidden.consumer()), acquire(out.producer()),
                     call(gelu(out.producer(), hidden.consumer())), release(hidden.consumer()),
                     release(out.producer())});

  const auto input = b.host<bf16>("input", 1500 * kRow);
  const auto output = b.host<bf16>("output", 1500 * 2048);
  const TaskRef filled = b.fill(in, input);
  const TaskRef drained = b.drain(out, output);
  b.wait(drained);
  b.wait(filled);
  return b.design();
}

}  // namespace sotto::npu::design
