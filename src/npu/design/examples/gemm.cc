#include "npu/design/examples/gemm.h"

#include <deque>

#include "base/error.h"
#include "npu/design/build.h"

namespace sotto::npu::design {
namespace {

constexpr int kGrid = 4;   // rows and columns of cores
constexpr int kTile = 64;  // rows and columns of a tile
constexpr int kCount = kTile * kTile;
constexpr int kPass = kGrid * kTile;  // rows and columns of C that the array makes at a time

// Layouts of a row-major tile in memory, in the order in which its blocks are sent.
const Layout kBlocksOfA = {{16, 4 * kTile}, {8, 8}, {4, kTile}, {8, 1}};  // [m4][k8] of 4 x 8
const Layout kBlocksOfB = {{8, 8 * kTile}, {16, 4}, {8, kTile}, {4, 1}};  // [k8][n4] of 8 x 4
// [m4][n4] blocks of 4 x 4 in memory, sent as rows.
const Layout kRowsOfC = {{16, 4 * kTile}, {4, 4}, {16, 16}, {4, 1}};

struct Column {
  FifoOf<bf16> a, b;  ///< from the host; A is that of the row with this number
  FifoOf<f32> c;
};

std::string numbered(const char* name, int i) {
  return name + std::to_string(i);
}

class GemmDesign {
 public:
  explicit GemmDesign(GemmShape shape) : shape_(shape) {}

  Design run() {
    for (int i = 0; i < kGrid; ++i) {
      shims_.push_back(b_.shim(i));
      memories_.push_back(b_.memory(i));
    }
    for (int row = 0; row < kGrid; ++row) {
      cores_.emplace_back();
      for (int column = 0; column < kGrid; ++column) {
        cores_.back().push_back(b_.core(column, 2 + row));
      }
    }
    draw_operands();
    draw_results();
    program_cores();
    write_sequence();
    return b_.design();
  }

 private:
  void draw_operands() {
    for (int i = 0; i < kGrid; ++i) {
      std::vector<FifoEnd> row, column;
      for (int j = 0; j < kGrid; ++j) {
        row.push_back({.tile = cores_[i][j], .bank = 1});
        column.push_back({.tile = cores_[j][i], .bank = 2});
      }
      const auto a = b_.fifo<bf16>(numbered("a", i), kCount, {{shims_[i]}}, {{memories_[i]}});
      const auto a_row = b_.fifo<bf16>(numbered("a_row", i), kCount,
                                       {{.tile = memories_[i], .layout = kBlocksOfA}}, row);
      b_.via(memories_[i], a, a_row);
      const auto b = b_.fifo<bf16>(numbered("b", i), kCount, {{shims_[i]}}, {{memories_[i]}});
      const auto b_column = b_.fifo<bf16>(numbered("b_column", i), kCount,
                                          {{.tile = memories_[i], .layout = kBlocksOfB}}, column);
      b_.via(memories_[i], b, b_column);
      a_rows_.push_back(a_row);
      b_columns_.push_back(b_column);
      columns_.push_back({a, b, {}});
    }
  }

  void draw_results() {
    c_tiles_.resize(kGrid);
    for (int column = 0; column < kGrid; ++column) {
      for (int row = 0; row < kGrid; ++row) {
        c_tiles_[column].push_back(b_.fifo<f32>(
            "c" + std::to_string(column) + std::to_string(row), kCount,
            {{.tile = cores_[row][column], .depth = 1, .bank = 3}}, {{memories_[column]}}));
      }
      columns_[column].c =
          b_.fifo<f32>(numbered("c", column), kGrid * kCount,
                       {{.tile = memories_[column], .layout = kRowsOfC}}, {{shims_[column]}});
      b_.join(memories_[column], c_tiles_[column], columns_[column].c);
    }
  }

  void program_cores() {
    const auto zero = b_.kernel<Out<f32>>("zero_sums", {.program_bytes = 256}, {kCount});
    const auto multiply = b_.kernel<InOut<f32>, In<bf16>, In<bf16>, Number>(
        "gemm_bf16", {.program_bytes = 2048, .stack_bytes = 256}, {kCount, kCount, kCount});
    for (int row = 0; row < kGrid; ++row) {
      for (int column = 0; column < kGrid; ++column) {
        const auto a = a_rows_[row].consumer(column);
        const auto b = b_columns_[column].consumer(row);
        const auto c = c_tiles_[column][row].producer();
        b_.program(cores_[row][column], {
                                            acquire(c),
                                            call(zero(c)),
                                            loop(shape_.k / kTile,
                                                 {
                                                     acquire(a),
                                                     acquire(b),
                                                     call(multiply(c, a, b, kTile / 8)),
                                                     release(a),
                                                     release(b),
                                                 }),
                                            release(c),
                                        });
      }
    }
  }

  /// One band of 256 rows of C after the other. Within a band every task runs once for each 256
  /// columns: A again, B and C further to the right.
  void write_sequence() {
    const auto a = b_.host<bf16>("a", shape_.m * shape_.k);
    const auto b = b_.host<bf16>("b", shape_.k * shape_.n);
    const auto c = b_.host<f32>("c", shape_.m * shape_.n);
    const int runs = shape_.n / kPass;
    std::vector<TaskRef> before;
    for (int band = 0; band < shape_.m; band += kPass) {
      std::vector<TaskRef> tasks;
      for (int i = 0; i < kGrid; ++i) {
        const std::int64_t row = band + i * kTile;
        tasks.push_back(b_.drain(columns_[i].c, c,
                                 {.offset = std::int64_t{band} * shape_.n + i * kTile,
                                  .layout = {{kPass, shape_.n}, {kTile, 1}},
                                  .runs = runs,
                                  .run_stride = kPass}));
        tasks.push_back(
            b_.fill(columns_[i].a, a,
                    {.offset = row * shape_.k,
                     .layout = {{shape_.k / kTile, kTile}, {kTile, shape_.k}, {kTile, 1}},
                     .runs = runs}));
        tasks.push_back(b_.fill(columns_[i].b, b,
                                {.offset = i * kTile,
                                 .layout = {{shape_.k, shape_.n}, {kTile, 1}},
                                 .runs = runs,
                                 .run_stride = kPass}));
      }
      // The next band is on its way before this one is awaited.
      for (const TaskRef task : before) b_.wait(task);
      before = tasks;
    }
    for (const TaskRef task : before) b_.wait(task);
  }

  const GemmShape shape_;
  Builder b_{npu1(), "gemm"};
  std::vector<ShimTile> shims_;
  std::vector<MemoryTile> memories_;
  std::vector<std::vector<CoreTile>> cores_;  ///< [row][column]
  std::vector<FifoOf<bf16>> a_rows_, b_columns_;
  std::vector<std::vector<FifoOf<f32>>> c_tiles_;  ///< [column][row]
  std::vector<Column> columns_;
};

}  // namespace

Design gemm(GemmShape shape) {
  const bool fits = shape.m > 0 && shape.m % kPass == 0 && shape.n > 0 && shape.n % kPass == 0 &&
                    shape.k > 0 && shape.k % kTile == 0;
  if (!fits) {
    fail(ErrorKind::usage, "gemm: ", shape.m, " x ", shape.k, " x ", shape.n,
         ": m and n must be multiples of ", kPass, " and k of ", kTile);
  }
  return GemmDesign(shape).run();
}

}  // namespace sotto::npu::design
