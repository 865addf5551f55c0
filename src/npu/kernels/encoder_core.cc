// The phase loop of a core: takes objects from its streams, calls the kernels, sends strips.
// phase.h says in which order everything comes. Buffers are used in turn through pointers that
// change places: one copy of every call, whatever the depth of a ring. Functions are inlined where
// that takes least of the program memory (tools/program_bytes.py).
#include "npu/kernels/kernels.h"
#include "npu/kernels/phase.h"

namespace sotto::npu::kernels {
namespace {

/// Buffers of a stream, the next one first, and their locks.
struct Ring {
  bfloat16* here;
  bfloat16* next;
  unsigned empty, full;

  void turn() {
    bfloat16* const before = here;
    here = next;
    next = before;
  }
};

inline const bfloat16* take(Ring& input) {
  acquire_greater_equal(input.full, 1);
  return input.here;
}
[[gnu::noinline]] void give_back(Ring& input) {
  release(input.empty, 1);
  input.turn();
}

struct Core {
  Ring a, b, out;
  float* c;
  bfloat16 *queries, *weights;  ///< attention: the buffers of a
  CoreWorkspace* work;
  int row, column, rows, columns;

  const PhaseHeader& phase() const { return work->phase.header; }
};

void copy(bfloat16* to, const bfloat16* from, int elements) {
  passthrough(reinterpret_cast<int32*>(to), reinterpret_cast<const int32*>(from), elements / 2);
}

/// Of `each` objects for every one of `count` cores, takes those of core `own`: planes are added to
/// the sums; a tile of queries is kept where attention finds it.
void take_own(Core& core, Ring& input, int own, int count, int each, bool are_planes) {
  const int end = (count - own) * each;
  for (int i = -own * each; i < end; ++i) {
    const bfloat16* const object = take(input);
    if (static_cast<unsigned>(i) < static_cast<unsigned>(each)) {
      if (are_planes) {
        add_plane(core.c, object);
      } else {
        copy(core.queries, object, kTile * kTile);
      }
    }
    give_back(input);
  }
}

[[gnu::noinline]] void add_planes(Core& core) {
  take_own(core, core.a, core.column, core.columns, core.phase().planes, true);
}

/// The sums of a tile, and the statistics of its rows from the first `with_statistics` slices.
void multiply_slices(Core& core, int with_statistics) {
  int slices = core.phase().slices + core.phase().low_slices;
  do {
    const bfloat16* a = take(core.a);
    gemm_bf16_tile(core.c, a, take(core.b));
    if (--with_statistics >= 0) row_statistics(core.work->sums, core.work->squares, a);
    give_back(core.a);
    give_back(core.b);
  } while (--slices > 0);
}

/// The sums, strip by strip, in one part or two.
void send(Core& core, int parts, Layout layout) {
  const float* sums = core.c;
  for (int strip = 0; strip < kStrips; ++strip) {
    bfloat16* const out = core.out.here;
    acquire_greater_equal(core.out.empty, parts);
    if (parts == 2) {
      round_parts(out, core.out.next, sums);
    } else {
      core.out.turn();
      if (layout == Layout::a) round_strip_a(out, sums);
      if (layout == Layout::k) round_strip_k(out, sums);
      if (layout == Layout::v) round_strip_v(out, sums);
    }
    release(core.out.full, parts);
    sums += kStripSums;
  }
}

/// A tile of sums from row `row` of all on, and what becomes of it.
void product_tile(Core& core, int row, const bfloat16* columns, int with_statistics) {
  CoreWorkspace& work = *core.work;
  const PhaseHeader& phase = core.phase();
  const unsigned steps = steps_of(phase.epilogue);
  if ((steps & kNorm) != 0) {
    zero_blocks(core.c, kTileBlocks * kTileBlocks);
  } else {
    bias_sums(core.c, columns);
  }
  if ((steps & kPlanesFirst) != 0) add_planes(core);
  multiply_slices(core, with_statistics);
  if (with_statistics != 0) {
    finish_statistics(work.rows, work.inverse_sigmas, work.sums, work.squares, phase.inverse_width);
  }
  if ((steps & kNorm) != 0) normalise_sums(core.c, work.rows, columns, work.inverse_sigmas);
  if ((steps & kGelu) != 0) gelu_sums(core.c);
  if ((steps & kPlanesLast) != 0) add_planes(core);
  const int first = phase.first_row - row, end = phase.end_row - row;
  if (first > 0 || end < kTile) clear_sums(core.c, first, end);
  send(core, (steps & kTwoParts) != 0 ? 2 : 1, static_cast<Layout>(steps / kLayout));
}

/// One pass of a product.
void multiply(Core& core, int row) {
  const PhaseHeader& phase = core.phase();
  int with_statistics = has_norm(phase.epilogue) ? phase.slices : 0;
  zero_blocks(core.work->sums, 2 * kTileBlocks);
  const bfloat16* columns = core.work->phase.columns;
  int tiles = phase.tiles;
  do {
    product_tile(core, row, columns, with_statistics);
    columns += kStepBlock;
    with_statistics = 0;
  } while (--tiles > 0);
}

/// One pass of an attention.
void attend(Core& core) {
  CoreWorkspace& work = *core.work;
  // Row sums so far, and where the next ones go: what an attention has no columns for.
  float* row_sums = work.sums;
  float* next_sums = reinterpret_cast<float*>(work.phase.columns);
  float* const offsets = work.squares;
  take_own(core, core.b, core.row, core.rows, 1, false);
  zero_blocks(core.c, kTileBlocks * kTileBlocks);
  // Keys and values are two objects: behind both the ring stands as it did.
  const bfloat16* const k = take(core.b);
  const bfloat16* const v = core.b.next;
  int keys = core.phase().keys;
  attention_reference(offsets, row_sums, core.queries, k, keys < kTile ? keys : kTile);
  for (;;) {
    int valid = kTile;
    // attention_keys and attention_values, without calls of their own.
    if (keys < kTile) {
      valid = keys;
      zero_blocks(reinterpret_cast<float*>(core.weights), kWeightsBlocks);
    }
    if (attention_weights(core.weights, next_sums, row_sums, core.queries, k, offsets, valid) !=
        0) {
      attention_again(core.c, next_sums, row_sums, offsets, core.weights, core.queries, k, valid);
    }
    float* const before = row_sums;
    row_sums = next_sums;
    next_sums = before;
    release(core.b.empty, 1);
    acquire_greater_equal(core.b.full, 1);
    gemm_bf16_tile(core.c, core.weights, v);
    release(core.b.empty, 1);
    keys -= kTile;
    if (keys <= 0) break;
    acquire_greater_equal(core.b.full, 1);
  }
  // Division by the sums of weights: LayerNorm's pass, with zeros for its mean and bias.
  invert_sums(work.inverse_sigmas, row_sums);
  normalise_sums(core.c, work.rows, work.rows, work.inverse_sigmas);
  send(core, core.phase().parts, Layout::a);
}

void run_product(Core& core) {
  int row = core.row * kTile;
  int passes = core.phase().passes;
  do {
    multiply(core, row);
    row += core.rows * kTile;
  } while (--passes > 0);
}

void run_attention(Core& core) {
  acquire_greater_equal(core.a.full, 2);
  core.queries = core.a.here;
  core.weights = core.a.next;
  zero_blocks(reinterpret_cast<float*>(core.work->rows), kTileBlocks);
  int passes = core.phase().passes;
  do attend(core);
  while (--passes > 0);
  release(core.a.empty, 2);
}

/// Takes the next header. False if it is none; then the object stays taken.
bool take_phase(Core& core) {
  Phase& phase = core.work->phase;
  copy(reinterpret_cast<bfloat16*>(&phase), take(core.b), sizeof(Phase) / sizeof(bfloat16));
  if (!is_valid(phase.header)) return false;
  give_back(core.b);
  return true;
}

}  // namespace
}  // namespace sotto::npu::kernels

using namespace sotto::npu::kernels;

void encoder_core(bfloat16* a_0, bfloat16* a_1, bfloat16* b_0, bfloat16* b_1, float* c,
                  bfloat16* out_0, bfloat16* out_1, CoreWorkspace* workspace, int a_empty,
                  int a_full, int b_empty, int b_full, int out_empty, int out_full, int row,
                  int column, int rows, int columns) {
  Core core;
  core.a = {a_0, a_1, static_cast<unsigned>(a_empty), static_cast<unsigned>(a_full)};
  core.b = {b_0, b_1, static_cast<unsigned>(b_empty), static_cast<unsigned>(b_full)};
  core.out = {out_0, out_1, static_cast<unsigned>(out_empty), static_cast<unsigned>(out_full)};
  core.c = c;
  core.work = workspace;
  core.row = row;
  core.column = column;
  core.rows = rows;
  core.columns = columns;
  if (!is_within(row, 0, rows - 1) || !is_within(column, 0, columns - 1)) return;
  while (take_phase(core)) {
    if (core.phase().kind == PhaseKind::product) {
      run_product(core);
    } else {
      run_attention(core);
    }
  }
}
