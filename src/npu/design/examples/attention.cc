#include "npu/design/examples/attention.h"

#include "base/error.h"
#include "npu/design/build.h"

namespace sotto::npu::design {
namespace {

constexpr int kHeads = 4, kRows = 4;                     // columns and rows of cores
constexpr int kTile = 64 * 64, kStrip = 16 * 64;         // elements
constexpr int kStrips = kTile / kStrip, kRowSums = 256;  // 16 blocks of 4 x 4 sums

class AttentionDesign {
 public:
  explicit AttentionDesign(AttentionShape shape) : shape_(shape) {}

  Design run() {
    const int tiles = kHeads * kRows * shape_.passes() * kTile;
    const auto queries = b_.host<bf16>("queries", tiles);
    const auto keys_values = b_.host<bf16>("keys_values", kHeads * 2 * shape_.key_tiles() * kTile);
    const auto results = b_.host<bf16>("results", tiles);
    std::vector<TaskRef> tasks;
    for (int head = 0; head < kHeads; ++head) {
      const Head streams = draw(head);
      const int of_queries = kRows * shape_.passes() * kTile;
      const int of_keys = 2 * shape_.key_tiles() * kTile;
      // Strip after strip come out, each of four cores; the host wants tile after tile.
      tasks.push_back(b_.drain(streams.out, results,
                               {.offset = std::int64_t{head} * of_queries,
                                .layout = {{kStrips, kStrip}, {kRows, kTile}, {kStrip, 1}},
                                .runs = shape_.passes(),
                                .run_stride = kRows * kTile}));
      tasks.push_back(
          b_.fill(streams.queries, queries,
                  {.offset = std::int64_t{head} * of_queries, .layout = {{of_queries, 1}}}));
      // For every pass all keys and values again.
      tasks.push_back(b_.fill(streams.keys_values, keys_values,
                              {.offset = std::int64_t{head} * of_keys,
                               .layout = {{of_keys, 1}},
                               .runs = shape_.passes()}));
    }
    for (const TaskRef task : tasks) b_.wait(task);
    return b_.design();
  }

 private:
  /// What a head's shim fills and drains.
  struct Head {
    FifoOf<bf16> queries, keys_values, out;
  };

  Head draw(int head) {
    const std::string n = std::to_string(head);
    const ShimTile shim = b_.shim(head);
    const MemoryTile memory = b_.memory(head);
    std::vector<CoreTile> cores;
    std::vector<FifoEnd> column;
    for (int row = 0; row < kRows; ++row) {
      cores.push_back(b_.core(head, 2 + row));
      column.push_back({.tile = cores.back(), .bank = 2});
    }
    const auto queries = b_.fifo<bf16>("queries" + n, kRows * kTile, {{shim}}, {{memory}});
    const auto keys_values = b_.fifo<bf16>("keys_values" + n, kTile, {{shim}}, {{memory}});
    const auto kv = b_.fifo<bf16>("kv" + n, kTile, {{memory}}, column);
    const auto out = b_.fifo<bf16>("out" + n, kRows * kStrip, {{memory}}, {{shim}});
    std::vector<FifoOf<bf16>> q, strips;
    for (int row = 0; row < kRows; ++row) {
      const std::string which = n + std::to_string(row);
      q.push_back(b_.fifo<bf16>("q" + which, kTile, {{memory}},
                                {{.tile = cores[row], .depth = 1, .bank = 1}}));
      strips.push_back(
          b_.fifo<bf16>("strip" + which, kStrip, {{.tile = cores[row], .bank = 0}}, {{memory}}));
      program(cores[row], which, q[row].consumer(), kv.consumer(row), strips[row].producer());
    }
    b_.distribute(memory, queries, q);
    b_.via(memory, keys_values, kv);
    b_.join(memory, strips, out);
    return {queries, keys_values, out};
  }

  void program(CoreTile core, const std::string& which, Consumer<bf16> q, Consumer<bf16> kv,
               Producer<bf16> strip) {
    const auto o = b_.buffer<f32>("o" + which, core, kTile, {.bank = 3});
    const auto p = b_.buffer<bf16>("p" + which, core, kTile, {.bank = 1});
    const auto row_sums = b_.buffer<f32>("row_sums" + which, core, kRowSums, {.bank = 0});
    const auto offsets = b_.buffer<f32>("offsets" + which, core, kRowSums, {.bank = 0});

    // Keys, then their values: weights of a tile, and what they weigh.
    const auto tile = [&](int valid, bool first) {
      std::vector<Statement> body = {acquire(kv)};
      if (first) {
        body.push_back(call(reference_(offsets, row_sums, q, kv, valid)));
        body.push_back(call(zero_(o)));
      }
      for (const Statement& statement : {
               call(keys_(o, row_sums, offsets, p, q, kv, valid)),
               release(kv),
               acquire(kv),
               call(values_(o, p, kv)),
               release(kv),
           }) {
        body.push_back(statement);
      }
      return body;
    };
    const int whole = shape_.keys / 64, tail = shape_.keys % 64;
    std::vector<Statement> body = {acquire(q)};
    const auto add = [&](const std::vector<Statement>& more) {
      body.insert(body.end(), more.begin(), more.end());
    };
    add(tile(whole > 0 ? 64 : tail, true));
    if (whole > 1) add({loop(whole - 1, tile(64, false))});
    if (whole > 0 && tail > 0) add(tile(tail, false));
    add({release(q)});
    for (int i = 0; i < kStrips; ++i) {
      add({acquire(strip), call(finish_(strip, o, row_sums, i)), release(strip)});
    }
    b_.program(core, body, 2048);
  }

  const AttentionShape shape_;
  Builder b_{npu1(), "attention"};
  // Program bytes as npu/cycles compiled them, rounded up; that of keys holds weights, largest
  // scores and raising.
  const KernelOf<Out<f32>, Out<f32>, In<bf16>, In<bf16>, Number> reference_ =
      b_.kernel<Out<f32>, Out<f32>, In<bf16>, In<bf16>, Number>(
          "attention_reference", {.program_bytes = 1152, .stack_bytes = 160},
          {kRowSums, kRowSums, kTile, kTile});
  const KernelOf<Out<f32>> zero_ =
      b_.kernel<Out<f32>>("zero_sums", {.program_bytes = 256}, {kTile});
  const KernelOf<InOut<f32>, InOut<f32>, InOut<f32>, Out<bf16>, In<bf16>, In<bf16>, Number> keys_ =
      b_.kernel<InOut<f32>, InOut<f32>, InOut<f32>, Out<bf16>, In<bf16>, In<bf16>, Number>(
          "attention_keys", {.program_bytes = 3712, .stack_bytes = 1536},
          {kTile, kRowSums, kRowSums, kTile, kTile, kTile});
  const KernelOf<InOut<f32>, In<bf16>, In<bf16>> values_ =
      b_.kernel<InOut<f32>, In<bf16>, In<bf16>>(
          "attention_values", {.program_bytes = 3072, .stack_bytes = 192}, {kTile, kTile, kTile});
  const KernelOf<Out<bf16>, In<f32>, In<f32>, Number> finish_ =
      b_.kernel<Out<bf16>, In<f32>, In<f32>, Number>("attention_finish",
                                                     {.program_bytes = 1280, .stack_bytes = 64},
                                                     {kStrip, kTile, kRowSums});
};

}  // namespace

Design attention(AttentionShape shape) {
  if (shape.queries < 1 || shape.keys < 1 || shape.passes() > kIterationMax) {
    fail(ErrorKind::usage, "attention: ", shape.queries, " queries and ", shape.keys,
         " keys: there must be at least one of each, and no more than 16,384 queries");
  }
  return AttentionDesign(shape).run();
}

}  // namespace sotto::npu::design
