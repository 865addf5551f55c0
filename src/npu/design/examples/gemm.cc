#include "npu/design/examples/gemm.h"

#include <algorithm>

#include "base/error.h"
#include "npu/design/build.h"

namespace sotto::npu::design {
namespace {

constexpr int kTile = 64;  // rows and columns of a core's tile of C
constexpr int kCount = kTile * kTile;
constexpr int kTileBytesOfK = 128;  // of a row of A's tile

int up(int value, int unit) {
  return (value + unit - 1) / unit * unit;
}
int down(int value, int unit) {
  return value / unit * unit;
}

/// A tile's side: as large as `whole` allows, small enough that each of `grid` has one, in whole
/// units unless there is less than one.
int side(int whole, int grid, int unit) {
  if (whole < unit) return whole;
  return std::min({kTile, up((whole + grid - 1) / grid, unit), down(whole, unit)});
}

/// Where the tile `index` of pass `pass` begins: the last pass, and in a single one the last tile,
/// end with `whole`.
int first_of(int pass, int index, int grid, int tile, int whole) {
  const int begin = std::max(0, std::min(pass * grid * tile, whole - grid * tile));
  return std::min(begin + index * tile, whole - tile);
}

/// Without dimensions of one round, and dimensions that go on where the next one ends as one. Empty
/// when that is all in order.
Layout simplified(const Layout& layout) {
  Layout result;
  for (auto dim = layout.rbegin(); dim != layout.rend(); ++dim) {
    if (dim->size == 1) continue;
    if (!result.empty() && dim->stride == result.front().size * result.front().stride) {
      result.front().size *= dim->size;
    } else {
      result.insert(result.begin(), *dim);
    }
  }
  if (result.size() == 1 && result[0].stride == 1) result.clear();
  return result;
}

std::string numbered(const char* name, int i) {
  return name + std::to_string(i);
}

/// E: of A and B. S: of C.
template <Element E, Element S>
class GemmDesign {
 public:
  GemmDesign(const Tiling& tiling, const char* symbol)
      : t_(tiling), grid_(tiling.options.grid), symbol_(symbol) {}

  Design run() {
    for (int i = 0; i < grid_; ++i) {
      shims_.push_back(b_.shim(i));
      memories_.push_back(b_.memory(i));
    }
    for (int row = 0; row < grid_; ++row) {
      cores_.emplace_back();
      for (int column = 0; column < grid_; ++column) {
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
  struct Column {
    FifoOf<E> a, b;  ///< from the host; A is that of the row with this number
    FifoOf<S> c;
  };

  void draw_operands() {
    const int rows = t_.rows_of_block(), columns = t_.columns_of_block(), kb = t_.k_blocks();
    const int depth = std::min(8, t_.k);  // of a block, as it lies in the memory tile
    // Row-major tiles in memory, in the order in which their blocks are sent: A [m4][k8] of 4 x 8,
    // B [k8][n] of 8 x `block`; and where a core keeps those.
    const Layout blocks_of_a = {{t_.m / rows, rows * t_.k}, {kb, 8}, {rows, t_.k}, {depth, 1}};
    const Layout blocks_of_b = {{kb, 8 * t_.n},
                                {t_.n / columns, columns},
                                {std::min(8, t_.rows_of_b()), t_.n},
                                {columns, 1}};
    const Layout place_of_a = {{t_.m / rows, 32 * kb}, {kb, 32}, {rows, 8}, {8, 1}};
    const Layout place_of_b = {
        {kb, 8 * kTile}, {t_.n / columns, 8 * t_.block}, {8, t_.block}, {columns, 1}};
    FifoOptions pad_a, pad_b;
    if (t_.k < 8) {
      pad_a.padding = {{}, {}, {}, {0, 8 - t_.k}};
      pad_b.padding = {{}, {}, {0, 8 - t_.rows_of_b()}, {}};
    }
    const int room = 8 * kb * kTile;
    for (int i = 0; i < grid_; ++i) {
      std::vector<FifoEnd> row, column;
      for (int j = 0; j < grid_; ++j) {
        row.push_back(
            {.tile = cores_[i][j], .layout = simplified(place_of_a), .bank = 1, .room = room});
        column.push_back(
            {.tile = cores_[j][i], .layout = simplified(place_of_b), .bank = 2, .room = room});
      }
      const auto a = b_.fifo<E>(numbered("a", i), t_.m * t_.k, {{shims_[i]}}, {{memories_[i]}});
      const auto a_row = b_.fifo<E>(numbered("a_row", i), t_.m * 8 * kb,
                                    {{.tile = memories_[i], .layout = blocks_of_a}}, row, pad_a);
      b_.via(memories_[i], a, a_row);
      const auto b =
          b_.fifo<E>(numbered("b", i), t_.rows_of_b() * t_.n, {{shims_[i]}}, {{memories_[i]}});
      const auto b_column =
          b_.fifo<E>(numbered("b_column", i), 8 * kb * t_.n,
                     {{.tile = memories_[i], .layout = blocks_of_b}}, column, pad_b);
      b_.via(memories_[i], b, b_column);
      a_rows_.push_back(a_row);
      b_columns_.push_back(b_column);
      columns_.push_back({a, b, {}});
    }
  }

  void draw_results() {
    const int rows = t_.rows_of_block(), columns = t_.columns_of_block();
    // Of a core's blocks [m4][n] those that count, and these as rows.
    const Layout place = {
        {t_.m / rows, 4 * kTile}, {t_.n / columns, 4 * t_.block}, {rows, t_.block}, {columns, 1}};
    const Layout as_rows = {{t_.m / rows, rows * t_.n},
                            {rows, columns},
                            {t_.n / columns, rows * columns},
                            {columns, 1}};
    for (int column = 0; column < grid_; ++column) {
      c_tiles_.emplace_back();
      for (int row = 0; row < grid_; ++row) {
        c_tiles_[column].push_back(b_.fifo<S>("c" + std::to_string(column) + std::to_string(row),
                                              t_.m * t_.n,
                                              {{.tile = cores_[row][column],
                                                .depth = 1,
                                                .layout = simplified(place),
                                                .bank = 3,
                                                .room = kCount}},
                                              {{memories_[column]}}));
      }
      columns_[column].c =
          b_.fifo<S>(numbered("c", column), grid_ * t_.m * t_.n,
                     {{.tile = memories_[column], .layout = as_rows}}, {{shims_[column]}});
      b_.join(memories_[column], c_tiles_[column], columns_[column].c);
    }
  }

  void program_cores() {
    const int kb = t_.k_blocks();
    // Zeros of int32 are those of float32.
    const auto zero = b_.kernel<Out<S>>("zero_sums", {.program_bytes = 256}, {kCount});
    const auto multiply = b_.kernel<InOut<S>, In<E>, In<E>, Number>(
        symbol_, {.program_bytes = 3712, .stack_bytes = 256},
        {kCount, 8 * kb * kTile, 8 * kb * kTile});
    for (int row = 0; row < grid_; ++row) {
      for (int column = 0; column < grid_; ++column) {
        const auto a = a_rows_[row].consumer(column);
        const auto b = b_columns_[column].consumer(row);
        const auto c = c_tiles_[column][row].producer();
        b_.program(cores_[row][column], {
                                            acquire(c),
                                            call(zero(c)),
                                            loop(t_.k_tiles,
                                                 {
                                                     acquire(a),
                                                     acquire(b),
                                                     call(multiply(c, a, b, kb)),
                                                     release(a),
                                                     release(b),
                                                 }),
                                            release(c),
                                        });
      }
    }
  }

  /// One band of C after the other. Within a band every task runs once for each pass: A again, B
  /// and C further to the right.
  void write_sequence() {
    a_ = b_.host<E>("a", t_.shape.m * t_.pitch_k);
    b_host_ = b_.host<E>("b", t_.shape.k * t_.pitch_n);
    c_ = b_.host<S>("c", t_.shape.m * t_.pitch_n);
    if (t_.zeros() > 0) zeros_ = b_.host<E>("zeros", t_.zeros() * t_.n);
    const int regular = t_.pitch_n / (grid_ * t_.n);  // passes that begin one after the other
    for (int band = 0; band < t_.bands; ++band) {
      for (int pass = 0; pass < t_.passes;) {
        const int runs = std::max(1, std::min(regular - pass, kIterationMax));
        begin_tasks(band, pass, runs);
        pass += runs;
      }
    }
    for (const TaskRef task : before_) b_.wait(task);
  }

  void begin_tasks(int band, int pass, int runs) {
    std::vector<Task> tasks;
    std::size_t most = 0;  // descriptors that a shim needs
    for (int i = 0; i < grid_; ++i) {
      std::size_t here = 0;
      for (const Task& task : {drain_c(band, pass, i), fill_a(band, i), fill_b(pass, i)}) {
        tasks.push_back(task);
        tasks.back().runs = runs;
        here += task.transfers.size();
        for (Transfer& transfer : tasks.back().transfers) {
          if (transfer.run_stride != 0) transfer.run_wrap = runs;
        }
      }
      most = std::max(most, here);
    }
    // These are on their way before the ones before are awaited, if there are descriptors for both.
    const bool both = 2 * most <= static_cast<std::size_t>(kShimDma.buffer_descriptors);
    if (!both) wait_before();
    std::vector<TaskRef> begun;
    for (Task& task : tasks) begun.push_back(b_.task(std::move(task)));
    if (both) wait_before();
    before_ = begun;
  }
  void wait_before() {
    for (const TaskRef task : before_) b_.wait(task);
    before_.clear();
  }

  /// The rows that tiles of A begin with need not be A's all along: see Tiling.
  Task drain_c(int band, int pass, int column) {
    Task task{.through = columns_[column].c.consumer(), .transfers = {}};
    const std::int64_t first = t_.first_column(pass, column);
    for (int row = 0; row < grid_;) {
      const int begin = t_.first_row(band, row);
      int tiles = 1;
      while (row + tiles < grid_ && t_.first_row(band, row + tiles) == begin + tiles * t_.m)
        ++tiles;
      task.transfers.push_back(transfer(c_, std::int64_t{begin} * t_.pitch_n + first,
                                        {{tiles * t_.m, t_.pitch_n}, {t_.n, 1}}, pass_stride()));
      row += tiles;
    }
    return task;
  }

  Task fill_a(int band, int row) {
    Task task{.through = columns_[row].a.producer(), .transfers = {}};
    const std::int64_t begin = std::int64_t{t_.first_row(band, row)} * t_.pitch_k;
    const int regular = t_.pitch_k / t_.k;
    task.transfers.push_back(
        transfer(a_, begin, {{regular, t_.k}, {t_.m, t_.pitch_k}, {t_.k, 1}}, 0));
    if (regular < t_.k_tiles) {
      task.transfers.push_back(
          transfer(a_, begin + t_.pitch_k - t_.k, {{t_.m, t_.pitch_k}, {t_.k, 1}}, 0));
    }
    return task;
  }

  Task fill_b(int pass, int column) {
    Task task{.through = columns_[column].b.producer(), .transfers = {}};
    const std::int64_t first = t_.first_column(pass, column);
    const auto rows = [&](int begin, int count) {
      if (count == 0) return;
      task.transfers.push_back(transfer(b_host_, std::int64_t{begin} * t_.pitch_n + first,
                                        {{count, t_.pitch_n}, {t_.n, 1}}, pass_stride()));
    };
    const auto zeros = [&](int count) {
      if (count == 0) return;
      task.transfers.push_back(transfer(zeros_, 0, {{count * t_.n, 1}}, 0));
    };
    const int before_zeros =
        t_.zeros_before() == 0 ? t_.shape.k : (t_.k_tiles - 1) * t_.k;  // rows of B
    rows(0, before_zeros);
    zeros(t_.zeros_before());
    rows(before_zeros, t_.shape.k - before_zeros);
    zeros(t_.zeros_after());
    return task;
  }

  std::int64_t pass_stride() const { return std::int64_t{grid_} * t_.n; }
  /// Each run of the task `stride` further.
  static Transfer transfer(HostRef host, std::int64_t offset, Layout layout, std::int64_t stride) {
    return {host, offset, std::move(layout), stride};
  }

  const Tiling t_;
  const int grid_;
  const char* symbol_;
  Builder b_{npu1(grid_), "gemm"};
  std::vector<ShimTile> shims_;
  std::vector<MemoryTile> memories_;
  std::vector<std::vector<CoreTile>> cores_;  ///< [row][column]
  std::vector<FifoOf<E>> a_rows_, b_columns_;
  std::vector<std::vector<FifoOf<S>>> c_tiles_;  ///< [column][row]
  std::vector<Column> columns_;
  HostOf<E> a_, b_host_, zeros_;
  HostOf<S> c_;
  std::vector<TaskRef> before_;
};

}  // namespace

Tiling::Tiling(const GemmShape& shape_in, const GemmOptions& options_in)
    : shape(shape_in), options(options_in) {
  const bool is_int8 = options.type == GemmType::int8;
  const int word = is_int8 ? 4 : 2;  // operands of a word
  if (shape.m < 1 || shape.k < 1 || shape.n < 1 ||
      (options.grid != 1 && options.grid != 2 && options.grid != 4)) {
    fail(ErrorKind::usage, "gemm: ", shape.m, " x ", shape.k, " x ", shape.n, " on ", options.grid,
         " x ", options.grid, " cores: sizes are 1 or more, and the grid is 1, 2 or 4");
  }
  block = is_int8 ? 8 : 4;
  pitch_k = up(shape.k, word);
  pitch_n = up(shape.n, word);
  m = side(shape.m, options.grid, 4);
  n = side(pitch_n, options.grid, block);
  k = pitch_k < 8 ? pitch_k
                  : std::min(is_int8 ? kTileBytesOfK : kTileBytesOfK / 2, down(pitch_k, 8));
  k_tiles = up(pitch_k, k) / k;
  bands = up(shape.m, options.grid * m) / (options.grid * m);
  passes = up(pitch_n, options.grid * n) / (options.grid * n);
}

int Tiling::first_row(int band, int row) const {
  return first_of(band, row, options.grid, m, shape.m);
}
int Tiling::first_column(int pass, int column) const {
  return first_of(pass, column, options.grid, n, pitch_n);
}

Design gemm(GemmShape shape, GemmOptions options) {
  const Tiling tiling(shape, options);
  if (options.type == GemmType::int8) return GemmDesign<i8, i32>(tiling, "gemm_int8").run();
  return GemmDesign<bf16, f32>(tiling, "gemm_bf16").run();
}

}  // namespace sotto::npu::design
