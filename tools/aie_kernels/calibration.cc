#include "calibration.h"

#include <utility>

#include "base/error.h"
#include "calibration_kernels.h"

// AMD's functions, one a size (CMakeLists.txt gives them their names).
#define SOTTO_MM(types, in, out, m, k, n) void mm_##types##_##m##_##k##_##n(in* a, in* b, out* c)
extern "C" {
SOTTO_MM(bf16_f32, bfloat16, float, 32, 32, 32);
SOTTO_MM(bf16_f32, bfloat16, float, 32, 64, 32);
SOTTO_MM(bf16_f32, bfloat16, float, 32, 128, 32);
SOTTO_MM(bf16_f32, bfloat16, float, 64, 64, 64);
SOTTO_MM(i8_i32, signed char, int, 32, 32, 32);
SOTTO_MM(i8_i32, signed char, int, 32, 64, 32);
SOTTO_MM(i8_i32, signed char, int, 32, 128, 32);
SOTTO_MM(i8_i32, signed char, int, 64, 64, 64);
SOTTO_MM(bf16_bf16, bfloat16, bfloat16, 64, 64, 64);
void scale_16(short* in, short* out, int* factor, int count);
}

namespace sotto::aie_kernels {
namespace {

using npu::recorder::Call;
using npu::recorder::Fill;

template <typename T>
T* as(std::byte* bytes) {
  return reinterpret_cast<T*>(bytes);
}

template <typename In, typename Out>
std::function<Call()> product(void (*function)(In*, In*, Out*), int m, int k, int n,
                              std::vector<int> banks) {
  return [=] {
    const Fill fill = sizeof(In) == 1 ? Fill::bytes : Fill::bfloat16s;
    const Fill sums = sizeof(Out) == 2  ? Fill::bfloat16s
                      : sizeof(In) == 1 ? Fill::bytes
                                        : Fill::floats;
    const auto bytes = [](int rows, int columns, size_t size) {
      return static_cast<int64_t>(rows) * columns * static_cast<int64_t>(size);
    };
    return Call{"mm",
                concat(m, " x ", k, " x ", n),
                {{"a", bytes(m, k, sizeof(In)), banks[0], fill},
                 {"b", bytes(k, n, sizeof(In)), banks[1], fill},
                 {"c", bytes(m, n, sizeof(Out)), banks[2], sums}},
                [function](std::span<std::byte* const> at) -> std::optional<int64_t> {
                  function(as<In>(at[0]), as<In>(at[1]), as<Out>(at[2]));
                  return std::nullopt;
                }};
  };
}

/// One result and up to two operands of 1,024 numbers.
template <typename Out, typename... In>
std::function<Call()> lanes(void (*function)(Out*, const In*...), Fill fill) {
  return [=] {
    Call call{"lanes", "1024", {{"out", 1024 * sizeof(Out), 1, Fill::zeros}}, {}};
    constexpr int kBanks[] = {0, 2};
    int next = 0;
    ((call.buffers.push_back({concat("in", next), 1024 * sizeof(In), kBanks[next], fill}), ++next),
     ...);
    call.run = [function](std::span<std::byte* const> at) -> std::optional<int64_t> {
      const auto run = [&]<std::size_t... I>(std::index_sequence<I...>) {
        function(as<Out>(at[0]), as<const In>(at[I + 1])...);
      };
      run(std::index_sequence_for<In...>());
      return std::nullopt;
    };
    return call;
  };
}

Call hand_written() {
  return {"product_32",
          "32 x 32 x 32",
          {{"c", 4096, 2, Fill::floats},
           {"a", 2048, 0, Fill::bfloat16s},
           {"b", 2048, 1, Fill::bfloat16s}},
          [](std::span<std::byte* const> at) -> std::optional<int64_t> {
            product_32(as<float>(at[0]), as<bfloat16>(at[1]), as<bfloat16>(at[2]));
            return std::nullopt;
          }};
}

Call scale_16_bits() {
  return {"scale",
          "1024",
          {{"out", 2048, 1, Fill::zeros}, {"in", 2048, 0, Fill::bytes}},
          [](std::span<std::byte* const> at) -> std::optional<int64_t> {
            int factor = 3;
            scale_16(as<short>(at[1]), as<short>(at[0]), &factor, 1024);
            return std::nullopt;
          }};
}

constexpr const char* kTables = "not recorded: it looks up tables";

const char* const kS4 = "S4 mm.cc bf16 to bf16, 64x64x64";

}  // namespace

// Sources. Peano and by hand: ignite-xdna, l1_tile_* (1.8 GHz, slope over up to 1e6 calls). Chess:
// S4 and S4b mlir-aie's programming guide, section 4 (trace); S5 the "Cycle count" of mlir-aie's
// test/Integration/Dialect/TOSA (simulator).
const std::vector<Row>& calibration_rows() {
  using enum Compiler;
  using enum Around;
  const std::vector<int> separate = {0, 1, 2}, large = {3, 2, 1};
  static const std::vector<Row> rows = {
      {"bf16 32x32x32, blocks of 2x4 sums", "Hello XDNA", none, 301.3, loop_and_call, hand_written},
      {"mm.cc bf16 32x32x32", "mm.cc bf16", peano, 898.6, loop_and_call,
       product(mm_bf16_f32_32_32_32, 32, 32, 32, separate)},
      {"mm.cc bf16 32x64x32", "mm.cc bf16", peano, 1418.5, loop_and_call,
       product(mm_bf16_f32_32_64_32, 32, 64, 32, separate)},
      {"mm.cc bf16 32x128x32", "mm.cc bf16", peano, 2482.4, loop_and_call,
       product(mm_bf16_f32_32_128_32, 32, 128, 32, separate)},
      {"mm.cc bf16 64x64x64", "mm.cc bf16", peano, 5427.4, loop_and_call,
       product(mm_bf16_f32_64_64_64, 64, 64, 64, large)},
      {"mm.cc int8 32x32x32", "mm.cc int8", peano, 533.4, loop_and_call,
       product(mm_i8_i32_32_32_32, 32, 32, 32, separate)},
      {"mm.cc int8 32x64x32", "mm.cc int8", peano, 697.1, loop_and_call,
       product(mm_i8_i32_32_64_32, 32, 64, 32, separate)},
      {"mm.cc int8 32x128x32", "mm.cc int8", peano, 1009.4, loop_and_call,
       product(mm_i8_i32_32_128_32, 32, 128, 32, separate)},
      {"mm.cc int8 64x64x64", "mm.cc int8", peano, 2604.8, loop_and_call,
       product(mm_i8_i32_64_64_64, 64, 64, 64, large)},
      {kS4, "mm.cc", chess, 2535, nothing, product(mm_bf16_bf16_64_64_64, 64, 64, 64, separate)},
      {"S4b scale.cc int16, 1024", "scale.cc", chess, 78, nothing, scale_16_bits},
      {"S4b scale.cc int32, 1024",
       "scale.cc",
       chess,
       339,
       nothing,
       {},
       "not recorded: a product of words is emulated"},
      {"S5 f32 to bf16, 1024", "TOSA tests", chess, 149, call, lanes(narrow_1024, Fill::floats)},
      {"S5 bf16 to f32, 1024", "TOSA tests", chess, 149, call, lanes(widen_1024, Fill::bfloat16s)},
      {"S5 int16 and, 1024", "TOSA tests", chess, 86, call, lanes(and_1024, Fill::bytes)},
      {"S5 int16 shift, 1024", "TOSA tests", chess, 123, call, lanes(shift_1024, Fill::bytes)},
      {"S5 bf16 absolute, 1024",
       "TOSA tests",
       chess,
       89,
       call,
       {},
       "not recorded: the API that is recorded has no abs"},
      {"S5 bf16 tanh, 1024", "TOSA tests", chess, 807, call, {}, kTables},
      {"S5 bf16 sigmoid, 1024", "TOSA tests", chess, 589, call, {}, kTables},
      {"S5 bf16 erf, 1024", "TOSA tests", chess, 1134, call, {}, kTables},
      {"S5 bf16 softmax, 1024", "TOSA tests", chess, 3245, call, {}, kTables},
  };
  return rows;
}

std::vector<std::string> rows_beyond() {
  return {"bf16 32x32x32, blocks of 2x4 sums",
          "mm.cc bf16 32x64x32",
          "mm.cc bf16 32x128x32",
          "mm.cc bf16 64x64x64",
          "mm.cc int8 32x32x32",
          "mm.cc int8 32x64x32",
          "mm.cc int8 32x128x32",
          "mm.cc int8 64x64x64",
          "S5 f32 to bf16, 1024",
          "S5 bf16 to f32, 1024",
          "S5 int16 and, 1024",
          "S5 int16 shift, 1024"};
}

// nod-ai/iree-amd-aie, issues 1198 and 415. The tiles that they used are not known; as many MACs as
// calls of 64 x 64 x 64 have.
const std::vector<TimedRow>& timed_rows() {
  static const std::vector<TimedRow> rows = {
      {"S3c 512x512x512 on one core, 100 times, chess", 152, 100 * 512, kS4},
      {"S3c the same, unrolled and jammed", 172, 100 * 512, kS4},
      {"S3c the same, generated", 227, 100 * 512, kS4},
      {"S3b 2048x4096x2048 on 16 cores, chess", 17.7, 32 * 64 * 32 / 16, kS4},
  };
  return rows;
}

}  // namespace sotto::aie_kernels
