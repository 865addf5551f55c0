#include "npu/calibrate/product.h"

#include "base/error.h"
#include "npu/design/build.h"

namespace sotto::npu::calibrate {
namespace {

using namespace design;

std::string numbered(const char* name, int i) {
  return name + std::to_string(i);
}

template <Element In, Element Out>
class Drawing {
 public:
  explicit Drawing(const Product& p) : p_(p), column_tiles_(p.n / (p.columns * p.tile_n)) {}

  Design run() {
    for (int i = 0; i < std::max(p_.rows, p_.columns); ++i) {
      shims_.push_back(b_.shim(i));
      memories_.push_back(b_.memory(i));
    }
    for (int row = 0; row < p_.rows; ++row) {
      cores_.emplace_back();
      for (int column = 0; column < p_.columns; ++column) {
        cores_.back().push_back(b_.core(column, 2 + row));
      }
    }
    for (int row = 0; row < p_.rows; ++row) draw_a(row);
    for (int column = 0; column < p_.columns; ++column) draw_b(column);
    for (int column = 0; column < p_.columns; ++column) draw_c(column);
    program_cores();
    write_sequence();
    return b_.design();
  }

 private:
  int a_count() const { return p_.tile_m * p_.tile_k; }
  int b_count() const { return p_.tile_k * p_.tile_n; }
  int c_count() const { return p_.tile_m * p_.tile_n; }
  int row_k() const { return p_.row_k == 0 ? p_.k : p_.row_k; }
  int row_n() const { return p_.row_n == 0 ? p_.n : p_.row_n; }
  int run_k() const { return p_.run_k == 0 ? p_.tile_k : p_.run_k; }
  /// Tiles that a memory tile holds: two of what is read together.
  int depth() const { return 2 * run_k() / p_.tile_k; }
  bool in_blocks() const { return run_k() == p_.tile_k; }

  void draw_a(int row) {
    std::vector<FifoEnd> all;
    for (int column = 0; column < p_.columns; ++column) {
      all.push_back({.tile = cores_[row][column]});
    }
    // Rows to blocks of 4 x 8. Runs longer than a tile would need a descriptor for each tile to be
    // in order; what they cost is the same in any.
    const Layout blocks = {
        {p_.tile_m / 4, 4 * p_.tile_k}, {p_.tile_k / 8, 8}, {4, p_.tile_k}, {8, 1}};
    a_.push_back(b_.fifo<In>(numbered("a", row), a_count(), {{shims_[row]}}, {{memories_[row]}}));
    a_rows_.push_back(
        b_.fifo<In>(numbered("a_row", row), a_count(),
                    {{.tile = memories_[row], .layout = in_blocks() ? blocks : Layout{}}}, all));
    b_.via(memories_[row], a_.back(), a_rows_.back(), {.depth = depth()});
  }

  void draw_b(int column) {
    std::vector<FifoEnd> all;
    for (int row = 0; row < p_.rows; ++row) all.push_back({.tile = cores_[row][column]});
    const int width = bytes_of(In) == 1 ? 8 : 4;
    const Layout blocks = {
        {p_.tile_k / 8, 8 * p_.tile_n}, {p_.tile_n / width, width}, {8, p_.tile_n}, {width, 1}};
    const Layout turned = {{p_.tile_k / 8, 8}, {p_.tile_n, p_.tile_k}, {8, 1}};
    const Layout layout = !in_blocks() ? Layout{} : p_.b_by_columns ? turned : blocks;
    b_fifos_.push_back(
        b_.fifo<In>(numbered("b", column), b_count(), {{shims_[column]}}, {{memories_[column]}}));
    b_columns_.push_back(b_.fifo<In>(numbered("b_column", column), b_count(),
                                     {{.tile = memories_[column], .layout = layout}}, all));
    b_.via(memories_[column], b_fifos_.back(), b_columns_.back(),
           {.depth = p_.b_by_columns ? depth() : 2});
  }

  void draw_c(int column) {
    c_tiles_.emplace_back();
    for (int row = 0; row < p_.rows; ++row) {
      c_tiles_.back().push_back(b_.fifo<Out>(
          "c" + std::to_string(column) + std::to_string(row), c_count(),
          {{.tile = cores_[row][column], .depth = p_.c_buffers}}, {{memories_[column]}}));
    }
    const int width = bytes_of(In) == 1 ? 8 : 4;
    const Layout rows = {
        {p_.tile_m / 4, 4 * p_.tile_n}, {4, width}, {p_.tile_n / width, 4 * width}, {width, 1}};
    const bool joined = p_.rows > 1;
    c_.push_back(b_.fifo<Out>(numbered("c", column), p_.rows * c_count(),
                              {{.tile = memories_[column], .layout = joined ? rows : Layout{}}},
                              {{shims_[column]}}));
    b_.join(memories_[column], c_tiles_.back(), c_.back(), {.depth = p_.joined_buffers});
  }

  void program_cores() {
    const auto zero = b_.kernel<design::Out<Out>>("zero", {.program_bytes = 256}, {c_count()});
    const auto multiply = b_.kernel<InOut<Out>, design::In<In>, design::In<In>>(
        "multiply", {.program_bytes = 4096, .stack_bytes = 1024},
        {c_count(), a_count(), b_count()});
    for (int row = 0; row < p_.rows; ++row) {
      for (int column = 0; column < p_.columns; ++column) {
        const auto a = a_rows_[row].consumer(column);
        const auto b = b_columns_[column].consumer(row);
        const auto c = c_tiles_[column][row].producer();
        b_.program(cores_[row][column],
                   {acquire(c), call(zero(c)),
                    loop(p_.k / p_.tile_k,
                         {acquire(a), acquire(b), call(multiply(c, a, b)), release(a), release(b)}),
                    release(c)},
                   kStack);
      }
    }
  }

  /// A band, as high as all cores together, after the other; the next one is on its way before the
  /// one before is awaited. A comes again for every tile of columns.
  void write_sequence() {
    const auto a = b_.host<In>("a", p_.m * row_k());
    const auto b = b_.host<In>("b", p_.b_by_columns ? row_k() * p_.n : p_.k * row_n());
    const auto c = b_.host<Out>("c", p_.m * row_n());
    const int band_rows = p_.rows * p_.tile_m, step = p_.columns * p_.tile_n;
    std::vector<TaskRef> before;
    for (int band = 0; band < p_.m; band += band_rows) {
      std::vector<TaskRef> tasks;
      for (int i = 0; i < p_.columns; ++i) {
        tasks.push_back(b_.drain(c_[i], c,
                                 {.offset = std::int64_t{band} * row_n() + i * p_.tile_n,
                                  .layout = {{band_rows, row_n()}, {p_.tile_n, 1}},
                                  .runs = column_tiles_,
                                  .run_stride = step}));
      }
      for (int i = 0; i < p_.rows; ++i) {
        tasks.push_back(
            b_.fill(a_[i], a,
                    {.offset = std::int64_t{band + i * p_.tile_m} * row_k(),
                     .layout = {{p_.k / run_k(), run_k()}, {p_.tile_m, row_k()}, {run_k(), 1}},
                     .runs = column_tiles_}));
      }
      for (int i = 0; i < p_.columns; ++i) tasks.push_back(fill_b(i, b, step));
      for (const TaskRef task : before) b_.wait(task);
      before = tasks;
    }
    for (const TaskRef task : before) b_.wait(task);
  }

  TaskRef fill_b(int i, HostOf<In> b, int step) {
    if (!p_.b_by_columns) {
      return b_.fill(b_fifos_[i], b,
                     {.offset = i * p_.tile_n,
                      .layout = {{p_.k, row_n()}, {p_.tile_n, 1}},
                      .runs = column_tiles_,
                      .run_stride = step});
    }
    return b_.fill(b_fifos_[i], b,
                   {.offset = std::int64_t{i} * p_.tile_n * row_k(),
                    .layout = {{p_.k / run_k(), run_k()}, {p_.tile_n, row_k()}, {run_k(), 1}},
                    .runs = column_tiles_,
                    .run_stride = std::int64_t{step} * row_k()});
  }

  static constexpr int kStack = 3328;  // as those products were built with [SI]
  const Product& p_;
  const int column_tiles_;  ///< of each core in a band
  Builder b_{npu1(), "product"};
  std::vector<ShimTile> shims_;
  std::vector<MemoryTile> memories_;
  std::vector<std::vector<CoreTile>> cores_;  ///< [row][column]
  std::vector<FifoOf<In>> a_, a_rows_, b_fifos_, b_columns_;
  std::vector<std::vector<FifoOf<Out>>> c_tiles_;  ///< [column][row]
  std::vector<FifoOf<Out>> c_;
};

int operand_bytes(Numbers numbers) {
  return numbers == Numbers::bf16_to_f32 || numbers == Numbers::bf16_to_bf16 ? 2 : 1;
}
int sum_bytes(Numbers numbers) {
  return numbers == Numbers::int8_to_int8 ? 1 : numbers == Numbers::bf16_to_bf16 ? 2 : 4;
}

}  // namespace

std::int64_t Product::calls_per_core() const {
  return std::int64_t{m / tile_m} * (n / tile_n) * (k / tile_k) / (rows * columns);
}

design::Design draw(const Product& p) {
  const int run = p.run_k == 0 ? p.tile_k : p.run_k;
  if (p.m % (p.rows * p.tile_m) != 0 || p.n % (p.columns * p.tile_n) != 0 || p.k % p.tile_k != 0 ||
      p.k % run != 0 || run % p.tile_k != 0) {
    fail(ErrorKind::usage, "a product of ", p.m, " x ", p.k, " x ", p.n, " has no whole tiles of ",
         p.tile_m, " x ", p.tile_k, " x ", p.tile_n, " on ", p.rows, " x ", p.columns, " cores");
  }
  switch (p.numbers) {
    case Numbers::bf16_to_f32:
      return Drawing<bf16, f32>(p).run();
    case Numbers::bf16_to_bf16:
      return Drawing<bf16, bf16>(p).run();
    case Numbers::int8_to_int32:
      return Drawing<i8, i32>(p).run();
    case Numbers::int8_to_int8:
      return Drawing<i8, i8>(p).run();
  }
  return {};
}

sim::KernelLibrary library_of(const Product& p, const ProductCost& cost) {
  // Accesses of 256 bits: A and B once for each 16 x 16 block of C, C in and out once.
  const std::int64_t blocks = p.tile_m / 16 * (p.tile_n / 16);
  const std::int64_t operand = blocks * 16 * p.tile_k * operand_bytes(p.numbers) / 32;
  const std::int64_t sums = p.tile_m * p.tile_n * sum_bytes(p.numbers) / 32;
  sim::KernelLibrary library;
  library.add("multiply", {}, [=](const sim::CallArguments&) {
    return sim::Cost{cost.multiply, {2 * sums, operand, operand}};
  });
  library.add("zero", {}, [=](const sim::CallArguments&) { return sim::Cost{cost.zero, {sums}}; });
  return library;
}

}  // namespace sotto::npu::calibrate
