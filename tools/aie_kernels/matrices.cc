// Matrix kernels: mm in its tiled layouts, mv, and the scalar products that pass sums on in a
// cascade.
#include <deque>

#include "kernel.h"

namespace sotto::aie_kernels {
namespace {

constexpr int kM = 64, kK = 64, kN = 64;

/// Where element (row, column) of a matrix lies that is stored as tiles of `r` x `s`, both levels
/// row-major, or both column-major.
int tiled(int row, int column, int rows, int columns, int r, int s, bool by_columns) {
  if (by_columns) {
    return (column / s * (rows / r) + row / r) * r * s + column % s * r + row % r;
  }
  return (row / r * (columns / s) + column / s) * r * s + row % r * s + column % s;
}

struct Shape {
  int r, s, t;
};

struct Layout {
  bool b_by_columns = false;
  bool c_by_columns = false;
};

template <typename T>
Buffer<T> operand(int size, unsigned seed) {
  return std::is_integral_v<T> ? random_integers<T>(size, -20, 20, seed)
                               : random_numbers<T>(size, -1, 1, seed);
}

/// C += A B for one pair of types, tiled and (where the kernel has it) plain.
template <typename In, typename Out>
void check_mm(Kernel& kernel, Result& result, const std::string& types, Shape shape,
              Layout layout) {
  auto a = operand<In>(kM * kK, 1);
  auto b = operand<In>(kK * kN, 2);
  const auto start = [](std::size_t i) { return static_cast<Out>(static_cast<int>(i % 5)); };
  const auto check = [&](const std::string& symbol, auto a_at, auto b_at, auto c_at,
                         double per_term) {
    Buffer<Out> c(kM * kN, start);
    kernel.get<void(In*, In*, Out*)>(symbol)(a.data(), b.data(), c.data());
    for (int row = 0; row < kM; ++row) {
      for (int column = 0; column < kN; ++column) {
        const int at = c_at(row, column);
        double sum = start(static_cast<std::size_t>(at));
        double magnitude = std::abs(sum);
        for (int k = 0; k < kK; ++k) {
          const double product = static_cast<double>(a[a_at(row, k)]) * b[b_at(k, column)];
          sum += product;
          magnitude += std::abs(product);
        }
        if constexpr (std::is_integral_v<Out>) {
          // No kernel sets the saturation: what does not fit wraps.
          result.compare(c[at], static_cast<Out>(static_cast<std::int64_t>(sum)), 0, symbol);
        } else {
          result.compare(c[at], sum, per_term * magnitude, symbol);
        }
      }
    }
  };
  const bool narrow = std::is_same_v<Out, bfloat16>;
  const auto plain = [](int rows, int columns, bool by_columns) {
    return [=](int row, int column) {
      return by_columns ? row + column * rows : row * columns + column;
    };
  };
  check(
      "matmul_" + types,
      [&](int row, int k) { return tiled(row, k, kM, kK, shape.r, shape.s, false); },
      [&](int k, int column) {
        // A column-major B is a row-major transpose.
        return tiled(k, column, kK, kN, shape.s, shape.t, layout.b_by_columns);
      },
      [&](int row, int column) {
        return tiled(row, column, kM, kN, shape.r, shape.t, layout.c_by_columns);
      },
      narrow ? 1.0 / 128 : 1e-6);
  if (kernel.has("matmul_scalar_" + types)) {
    // A bfloat16 running sum loses up to a place at each of its 64 additions.
    check("matmul_scalar_" + types, plain(kM, kK, false), plain(kK, kN, layout.b_by_columns),
          plain(kM, kN, layout.c_by_columns), narrow ? 64.0 / 128 : 1e-5);
  }
  const std::string zero = "zero_" + types.substr(types.find('_') + 1);
  Buffer<Out> c(kM * kN, start);
  kernel.get<void(Out*)>(zero)(c.data());
  for (int i = 0; i < kM * kN; ++i) result.compare(c[i], 0, 0, zero);
}

using MmCheck = void (*)(Kernel&, Result&, Layout);
const std::map<std::string, MmCheck> kMm = {
    {"i8_i8",
     [](Kernel& k, Result& r, Layout l) {
       check_mm<std::int8_t, std::int8_t>(k, r, "i8_i8", {4, 8, 8}, l);
     }},
    {"i8_i16",
     [](Kernel& k, Result& r, Layout l) {
       check_mm<std::int8_t, std::int16_t>(k, r, "i8_i16", {4, 8, 8}, l);
     }},
    {"i8_i32",
     [](Kernel& k, Result& r, Layout l) {
       check_mm<std::int8_t, std::int32_t>(k, r, "i8_i32", {4, 8, 8}, l);
     }},
    {"i16_i16",
     [](Kernel& k, Result& r, Layout l) {
       check_mm<std::int16_t, std::int16_t>(k, r, "i16_i16", {4, 4, 4}, l);
     }},
    {"i16_i32",
     [](Kernel& k, Result& r, Layout l) {
       check_mm<std::int16_t, std::int32_t>(k, r, "i16_i32", {4, 4, 4}, l);
     }},
    {"bf16_bf16",
     [](Kernel& k, Result& r, Layout l) {
       check_mm<bfloat16, bfloat16>(k, r, "bf16_bf16", {4, 8, 4}, l);
     }},
    {"bf16_f32",
     [](Kernel& k, Result& r, Layout l) {
       check_mm<bfloat16, float>(k, r, "bf16_f32", {4, 8, 4}, l);
     }},
};

/// The types that mm.cc makes when none is chosen.
Check default_mm(Layout layout) {
  return [=](Kernel& kernel, Result& result) {
    for (const char* types : {"i8_i8", "i16_i16", "i16_i32", "bf16_bf16", "bf16_f32"}) {
      kMm.at(types)(kernel, result, layout);
    }
  };
}

void check_mv(Kernel& kernel, Result& result) {
  constexpr int kRows = 32, kColumns = 32;
  auto a = operand<std::int16_t>(kRows * kColumns, 3);
  auto b = operand<std::int16_t>(kColumns, 4);
  const auto run = [&](const std::string& symbol, auto a_at) {
    Buffer<std::int32_t> c(kRows, [](std::size_t i) { return static_cast<std::int32_t>(i); });
    kernel.get<void(std::int16_t*, std::int16_t*, std::int32_t*)>(symbol)(a.data(), b.data(),
                                                                          c.data());
    for (int row = 0; row < kRows; ++row) {
      double sum = row;
      for (int k = 0; k < kColumns; ++k) sum += double{1} * a[a_at(row, k)] * b[k];
      result.compare(c[row], sum, 0, symbol);
    }
  };
  run("matvec_scalar_i16_i32", [](int row, int k) { return row * kColumns + k; });
  // Transposed in units of 32 bits, that is of two columns.
  run("matvec_vectorized_i16_i32",
      [](int row, int k) { return (k / 2 * kRows + row) * 2 + k % 2; });
}

/// A cascade that leads back to the core.
class Loop : public npu::host::CorePorts {
 public:
  npu::host::CascadeWord read_cascade() override {
    if (queue_.empty())
      fail(ErrorKind::unsupported, "the kernel reads a cascade word that nobody wrote");
    const npu::host::CascadeWord word = queue_.front();
    queue_.pop_front();
    return word;
  }
  void write_cascade(const npu::host::CascadeWord& word) override { queue_.push_back(word); }
  std::size_t size() const { return queue_.size(); }

  void acquire_greater_equal(unsigned, int) override { unused(); }
  void acquire_equal(unsigned, int) override { unused(); }
  void release(unsigned, int) override { unused(); }
  npu::host::StreamWord read_stream() override { unused(); }
  void write_stream(npu::host::StreamWord) override { unused(); }
  bool try_read_stream(npu::host::StreamWord&) override { unused(); }
  bool try_write_stream(npu::host::StreamWord) override { unused(); }
  void event(unsigned) override {}
  std::uint64_t cycles() override { unused(); }
  std::uint32_t column() override { unused(); }
  std::uint32_t row() override { unused(); }

 private:
  [[noreturn]] static void unused() {
    fail(ErrorKind::unsupported, "cascade_mm uses the cascade only");
  }
  std::deque<npu::host::CascadeWord> queue_;
};

/// Three cores in a row: the last one's C grows by three times A B.
void check_cascade(Kernel& kernel, Result& result) {
  Loop loop;
  kernel.core().ports = &loop;
  auto a = operand<std::int16_t>(kM * kK, 5);
  auto b = operand<std::int16_t>(kK * kN, 6);
  Buffer<std::int32_t> c(kM * kN, [](std::size_t i) { return static_cast<std::int32_t>(i); });
  for (const char* part : {"put_only", "put_get", "get_only"}) {
    kernel.get<void(std::int16_t*, std::int16_t*, std::int32_t*)>(
        concat("matmul_scalar_cascade_", part, "_i16_i32"))(a.data(), b.data(), c.data());
  }
  result.compare(static_cast<double>(loop.size()), 0, 0, "words left in the cascade");
  for (int i = 0; i < kM * kN; ++i) {
    double sum = 0;
    for (int k = 0; k < kK; ++k) sum += double{1} * a[i / kN * kK + k] * b[k * kN + i % kN];
    result.compare(c[i], i + 3 * sum, 0, "cascade");
  }
}

}  // namespace

void add_matrices(Checks& checks) {
  for (const auto& [types, check] : kMm) {
    checks["mm-" + types + "_ONLY"] = [check](Kernel& kernel, Result& result) {
      check(kernel, result, {});
    };
  }
  checks["mm"] = default_mm({});
  checks["mm-OPT_PERF_ENABLED"] = default_mm({});
  checks["mm-VECTORIZED_ONLY"] = default_mm({});
  checks["mm-B_COL_MAJ"] = default_mm({.b_by_columns = true});
  checks["mm-C_COL_MAJ"] = default_mm({.c_by_columns = true});
  checks["mm-B_COL_MAJ-C_COL_MAJ"] = default_mm({.b_by_columns = true, .c_by_columns = true});
  checks["mv"] = check_mv;
  checks["cascade_mm"] = check_cascade;
}

}  // namespace sotto::aie_kernels
