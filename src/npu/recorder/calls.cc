#include "npu/recorder/calls.h"

#include <type_traits>
#include <utility>

#include "base/error.h"
#include "npu/kernels/kernels.h"

namespace sotto::npu::kernels {
namespace {

using recorder::Call;
using recorder::CallBuffer;
using recorder::Fill;
using recorder::Sizes;

constexpr int64_t kBf16 = 2, kFloat = 4;
constexpr int64_t kTileElements = kTile * kTile;
constexpr int64_t kRowBlocks = kTileBlocks * kOperand;  // elements of `rows`, `columns`, …
constexpr int64_t kRowSums = kTileBlocks * kSum;

// Buffers lie where the designs (npu/design/examples) have them: those of kernels that the
// encoder's cores call, and of products and attention, which have the same places, as
constexpr int kWork = 0, kA = 1, kB = 2, kC = 3;  // phase.h; the stack is in kWork
// and those of kernels on rows:
constexpr int kIn = 1, kOut = 2, kAffine = 3;

CallBuffer bf16(std::string name, int64_t elements, int bank, Fill fill = Fill::bfloat16s) {
  return {std::move(name), elements * kBf16, bank, fill};
}
CallBuffer f32(std::string name, int64_t elements, int bank, Fill fill = Fill::floats) {
  return {std::move(name), elements * kFloat, bank, fill};
}

/// Hands out the buffers of a call in order.
class Arguments {
 public:
  explicit Arguments(std::span<std::byte* const> buffers) : buffers_(buffers) {}
  template <typename T>
  T* next() {
    return reinterpret_cast<T*>(buffers_[at_++]);
  }
  bfloat16* bf16() { return next<bfloat16>(); }
  float* f32() { return next<float>(); }

 private:
  std::span<std::byte* const> buffers_;
  size_t at_ = 0;
};

template <typename Run>
void add(std::vector<Call>& all, std::string name, std::string size,
         std::vector<CallBuffer> buffers, Run run) {
  all.push_back({std::move(name), std::move(size), std::move(buffers),
                 [run](std::span<std::byte* const> pointers) -> std::optional<int64_t> {
                   Arguments arguments(pointers);
                   if constexpr (std::is_void_v<decltype(run(arguments))>) {
                     run(arguments);
                     return std::nullopt;
                   } else {
                     return run(arguments);
                   }
                 }});
}

void add_bring_up(std::vector<Call>& all) {
  add(all, "passthrough", "2048 words",
      {{"out", 8192, kA, Fill::zeros}, {"in", 8192, kB, Fill::bytes}}, [](Arguments& next) {
        auto* const out = next.next<int32>();
        passthrough(out, next.next<int32>(), 2048);
      });
  add(all, "scale_bf16", "1024", {bf16("out", 1024, kOut, Fill::zeros), bf16("in", 1024, kIn)},
      [](Arguments& next) {
        constexpr bfloat16 kFactor = 1.5f;
        auto* const out = next.bf16();
        scale_bf16(out, next.bf16(), kFactor, 1024);
      });
}

void add_products(std::vector<Call>& all, const Sizes& sizes) {
  add(all, "zero_sums", "64 x 64", {f32("c", kTileElements, kC)},
      [](Arguments& next) { zero_sums(next.f32()); });
  add(all, "zero_blocks", "32 of 4 x 4", {f32("blocks", 2 * kRowSums, kWork)},
      [](Arguments& next) { zero_blocks(next.f32(), 32); });
  for (const bool is_short : {false, true}) {
    const int kb = is_short ? 3 : sizes.k_blocks;
    add(all, is_short ? "gemm_bf16_short" : "gemm_bf16", concat("64 x ", 8 * kb, " x 64"),
        {f32("c", kTileElements, kC), bf16("a", kTile * 8 * kb, kA), bf16("b", kTile * 8 * kb, kB)},
        [kb](Arguments& next) {
          auto* const c = next.f32();
          auto* const a = next.bf16();
          gemm_bf16(c, a, next.bf16(), kb);
        });
  }
  add(all, "gemm_bf16_tile", "64 x 64 x 64",
      {f32("c", kTileElements, kC), bf16("a", kTileElements, kA), bf16("b", kTileElements, kB)},
      [](Arguments& next) {
        auto* const c = next.f32();
        auto* const a = next.bf16();
        gemm_bf16_tile(c, a, next.bf16());
      });
  for (const bool is_short : {false, true}) {
    // As many bytes of operands as bf16 has.
    const int kb = is_short ? 3 : 2 * sizes.k_blocks;
    add(all, is_short ? "gemm_int8_short" : "gemm_int8", concat("64 x ", 8 * kb, " x 64"),
        {{"c", 4 * kTileElements, kC, Fill::bytes},
         {"a", kTile * 8 * kb, kA, Fill::bytes},
         {"b", kTile * 8 * kb, kB, Fill::bytes}},
        [kb](Arguments& next) {
          auto* const c = next.next<int32>();
          auto* const a = next.next<int8>();
          gemm_int8(c, a, next.next<int8>(), kb);
        });
  }
}

void add_rows(std::vector<Call>& all, const Sizes& sizes) {
  const int elements = sizes.elements;
  add(all, "gelu_bf16", std::to_string(elements),
      {bf16("out", elements, kOut, Fill::zeros), bf16("in", elements, kIn)},
      [elements](Arguments& next) {
        auto* const out = next.bf16();
        gelu_bf16(out, next.bf16(), elements);
      });
  add(all, "gelu_bf16_tail", "109", {bf16("out", 128, kOut), bf16("in", 128, kIn)},
      [](Arguments& next) {
        auto* const out = next.bf16();
        gelu_bf16(out, next.bf16(), 109);
      });
  const int row = sizes.row, row_end = (row + 31) / 32 * 32;
  add(all, "softmax_bf16", std::to_string(row),
      {bf16("out", row_end, kOut, Fill::zeros), bf16("in", row_end, kIn)}, [row](Arguments& next) {
        auto* const out = next.bf16();
        softmax_bf16(out, next.bf16(), row);
      });
  const int rows = sizes.rows, width = sizes.width;
  add(all, "layer_norm_bf16", concat(rows, " x ", width),
      {bf16("out", rows * width, kOut, Fill::zeros), bf16("in", rows * width, kIn),
       bf16("gamma", width, kAffine), bf16("beta", width, kAffine)},
      [rows, width](Arguments& next) {
        auto* const out = next.bf16();
        auto* const in = next.bf16();
        auto* const gamma = next.bf16();
        layer_norm_bf16(out, in, gamma, next.bf16(), rows, width);
      });
}

void add_statistics(std::vector<Call>& all) {
  add(all, "row_statistics", "64 x 64",
      {f32("sums", kRowSums, kWork), f32("squares", kRowSums, kWork), bf16("a", kTileElements, kA)},
      [](Arguments& next) {
        auto* const sums = next.f32();
        auto* const squares = next.f32();
        row_statistics(sums, squares, next.bf16());
      });
  add(all, "finish_statistics", "64 rows",
      {bf16("rows", kRowBlocks, kWork, Fill::zeros),
       bf16("inverse_sigmas", kRowBlocks, kWork, Fill::zeros), f32("sums", kRowSums, kWork),
       f32("squares", kRowSums, kWork, Fill::positive_floats)},
      [](Arguments& next) {
        auto* const rows = next.bf16();
        auto* const inverse_sigmas = next.bf16();
        auto* const sums = next.f32();
        finish_statistics(rows, inverse_sigmas, sums, next.f32(), 0x1p-9f);
      });
}

void add_epilogues(std::vector<Call>& all) {
  const CallBuffer out = bf16("out", kStrip, kWork, Fill::zeros),
                   low = bf16("low", kStrip, kWork, Fill::zeros), c = f32("c", kTileElements, kC),
                   rows = bf16("rows", kRowBlocks, kWork),
                   columns = bf16("columns", kRowBlocks, kWork),
                   sigmas = bf16("inverse_sigmas", kRowBlocks, kWork);
  add(all, "bias_sums", "64 x 64", {c, columns}, [](Arguments& next) {
    auto* const sums = next.f32();
    bias_sums(sums, next.bf16());
  });
  add(all, "add_plane", "64 x 64", {c, bf16("plane", kTileElements, kA)}, [](Arguments& next) {
    auto* const sums = next.f32();
    add_plane(sums, next.bf16());
  });
  add(all, "normalise_sums", "64 x 64", {c, rows, columns, sigmas}, [](Arguments& next) {
    auto* const sums = next.f32();
    auto* const left = next.bf16();
    auto* const right = next.bf16();
    normalise_sums(sums, left, right, next.bf16());
  });
  add(all, "gelu_sums", "64 x 64", {c}, [](Arguments& next) { gelu_sums(next.f32()); });
  add(all, "clear_sums", "64 x 64", {c}, [](Arguments& next) { clear_sums(next.f32(), 3, 61); });
  using Round = void (*)(bfloat16*, const float*);
  for (const auto& [name, round] :
       {std::pair<const char*, Round>("round_strip_a", round_strip_a),
        std::pair<const char*, Round>("round_strip_k", round_strip_k),
        std::pair<const char*, Round>("round_strip_v", round_strip_v)}) {
    add(all, name, "16 x 64", {out, c}, [round = round](Arguments& next) {
      auto* const to = next.bf16();
      round(to, next.f32() + kStripSums);
    });
  }
  add(all, "round_parts", "16 x 64", {out, low, c}, [](Arguments& next) {
    auto* const high = next.bf16();
    auto* const rest = next.bf16();
    round_parts(high, rest, next.f32() + kStripSums);
  });
}

void add_attention(std::vector<Call>& all, const Sizes& sizes) {
  const int valid = sizes.valid;
  const CallBuffer q = bf16("q", kTileElements, kA, Fill::small_bfloat16s),
                   k = bf16("k", kTileElements, kB), o = f32("o", kTileElements, kC),
                   row_sums = f32("row_sums", kRowSums, kWork, Fill::positive_floats),
                   offsets = f32("offsets", kRowSums, kWork);
  add(all, "attention_weights", concat("64 x ", valid, " keys"),
      {bf16("p", kTileElements, kA, Fill::zeros), f32("sums", kRowSums, kWork),
       f32("before", kRowSums, kWork, Fill::positive_floats), q, k, offsets},
      [valid](Arguments& next) {
        auto* const p = next.bf16();
        auto* const sums = next.f32();
        auto* const before = next.f32();
        auto* const queries = next.bf16();
        auto* const keys = next.bf16();
        return attention_weights(p, sums, before, queries, keys, next.f32(), valid);
      });
  add(all, "attention_largest", concat("64 x ", valid, " keys"),
      {f32("minus_largest", kRowSums, kWork), q, k, offsets}, [valid](Arguments& next) {
        auto* const minus_largest = next.f32();
        auto* const queries = next.bf16();
        auto* const keys = next.bf16();
        attention_largest(minus_largest, queries, keys, next.f32(), valid);
      });
  add(all, "attention_raise", "64 queries",
      {o, row_sums, offsets, f32("minus_largest", kRowSums, kWork)}, [](Arguments& next) {
        constexpr float kLeast = 1;
        auto* const values = next.f32();
        auto* const sums = next.f32();
        auto* const to = next.f32();
        attention_raise(values, sums, to, next.f32(), kLeast);
      });
  add(all, "attention_finish", "16 x 64", {bf16("out", kStrip, kWork, Fill::zeros), o, row_sums},
      [](Arguments& next) {
        auto* const out = next.bf16();
        auto* const values = next.f32();
        attention_finish(out, values, next.f32(), 2);
      });
  add(all, "invert_sums", "64 rows", {bf16("inverse", kRowBlocks, kWork, Fill::zeros), row_sums},
      [](Arguments& next) {
        auto* const inverse = next.bf16();
        invert_sums(inverse, next.f32());
      });
}

}  // namespace

std::vector<Call> calls(const Sizes& sizes) {
  std::vector<Call> all;
  add_bring_up(all);
  add_products(all, sizes);
  add_rows(all, sizes);
  add_statistics(all);
  add_epilogues(all);
  add_attention(all, sizes);
  return all;
}

}  // namespace sotto::npu::kernels
