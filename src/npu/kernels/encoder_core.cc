// The phase loop of a core: takes objects from its streams, calls the kernels, sends strips.
// phase.h says in which order everything comes. Buffers are used in turn through pointers that
// change places: one copy of every call, whatever the depth of a ring.
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
inline void give_back(Ring& input) {
  release(input.empty, 1);
  input.turn();
}
void pass_over(Ring& input, int objects) {
  for (int i = 0; i < objects; ++i) {
    take(input);
    give_back(input);
  }
}

struct Core {
  Ring a, b, out;
  float* c;
  bfloat16 *queries, *weights;  ///< attention: the buffers of a
  CoreWorkspace* work;
  int row, column, rows, columns;

  const PhaseHeader& phase() const { return work->phase.header; }
};

/// Adds this core's planes to the sums; those of the row's other columns pass by.
void add_planes(Core& core) {
  const int planes = core.phase().planes;
  pass_over(core.a, core.column * planes);
  for (int i = 0; i < planes; ++i) {
    add_plane(core.c, take(core.a));
    give_back(core.a);
  }
  pass_over(core.a, (core.columns - 1 - core.column) * planes);
}

/// The sums of a tile, and the statistics of its rows where they are wanted.
void multiply_slices(Core& core, bool with_statistics) {
  CoreWorkspace& work = *core.work;
  const int slices = core.phase().slices;
  for (int slice = 0; slice < slices + core.phase().low_slices; ++slice) {
    const bfloat16* a = take(core.a);
    const bfloat16* b = take(core.b);
    gemm_bf16_tile(core.c, a, b);
    if (with_statistics && slice < slices) row_statistics(work.sums, work.squares, a);
    give_back(core.a);
    give_back(core.b);
  }
}

/// A strip of the sums as they are.
void send_strip(Core& core, Epilogue epilogue, int strip) {
  const bool in_parts = has_two_parts(epilogue);
  acquire_greater_equal(core.out.empty, in_parts ? 2 : 1);
  if (in_parts) {
    round_parts(core.out.here, core.out.next, core.c, strip);
  } else {
    round_strip(core.out.here, core.c, strip, layout_of(epilogue));
  }
  release(core.out.full, in_parts ? 2 : 1);
  if (!in_parts) core.out.turn();
}

void send(Core& core, Epilogue epilogue) {
  for (int strip = 0; strip < kStrips; ++strip) send_strip(core, epilogue, strip);
}

/// What becomes of finished sums, the first of which is row `row` of all.
void finish_tile(Core& core, const bfloat16* columns, int row) {
  const PhaseHeader& phase = core.phase();
  CoreWorkspace& work = *core.work;
  if (has_norm(phase.epilogue)) normalise_sums(core.c, work.rows, columns, work.inverse_sigmas);
  if (has_gelu(phase.epilogue)) gelu_sums(core.c);
  if (phase.epilogue == Epilogue::gelu_planes) add_planes(core);
  const int first = phase.first_row - row, end = phase.end_row - row;
  if (first > 0 || end < kTile) clear_sums(core.c, first, end);
  send(core, phase.epilogue);
}

void product_tile(Core& core, int pass, int tile) {
  const PhaseHeader& phase = core.phase();
  CoreWorkspace& work = *core.work;
  const bfloat16* columns = work.phase.columns + tile * kStepBlock;
  if (has_norm(phase.epilogue)) {
    zero_sums(core.c);
  } else {
    bias_sums(core.c, columns);
  }
  if (phase.epilogue == Epilogue::residual) add_planes(core);
  const bool with_statistics = tile == 0 && has_norm(phase.epilogue);
  multiply_slices(core, with_statistics);
  if (with_statistics) {
    finish_statistics(work.rows, work.inverse_sigmas, work.sums, work.squares, phase.inverse_width);
  }
  finish_tile(core, columns, (pass * core.rows + core.row) * kTile);
}

void run_product(Core& core) {
  CoreWorkspace& work = *core.work;
  const PhaseHeader& phase = core.phase();
  for (int pass = 0; pass < phase.passes; ++pass) {
    if (has_norm(phase.epilogue)) zero_statistics(work.sums, work.squares);
    for (int tile = 0; tile < phase.tiles; ++tile) product_tile(core, pass, tile);
  }
}

void copy(bfloat16* to, const bfloat16* from, int elements) {
  passthrough(reinterpret_cast<int32*>(to), reinterpret_cast<const int32*>(from), elements / 2);
}

/// Keeps the queries of this core's row.
void take_queries(Core& core) {
  pass_over(core.b, core.row);
  copy(core.queries, take(core.b), kTile * kTile);
  give_back(core.b);
  pass_over(core.b, core.rows - 1 - core.row);
}

/// Divides by the sums of weights: LayerNorm's pass, with zeros for its mean and bias.
void send_attention(Core& core) {
  CoreWorkspace& work = *core.work;
  invert_sums(work.inverse_sigmas, work.sums);
  normalise_sums(core.c, work.rows, work.rows, work.inverse_sigmas);
  send(core, core.phase().parts == 2 ? Epilogue::residual : Epilogue::norm_a);
}

void attend(Core& core) {
  float* const row_sums = core.work->sums;
  float* const offsets = core.work->squares;
  take_queries(core);
  zero_sums(core.c);
  const int keys = core.phase().keys;
  for (int first = 0; first < keys; first += kTile) {
    const int valid = keys - first < kTile ? keys - first : kTile;
    const bfloat16* k = take(core.b);
    if (first == 0) attention_reference(offsets, row_sums, core.queries, k, valid);
    attention_keys(core.c, row_sums, offsets, core.weights, core.queries, k, valid);
    give_back(core.b);
    gemm_bf16_tile(core.c, core.weights, take(core.b));  // attention_values
    give_back(core.b);
  }
  send_attention(core);
}

void run_attention(Core& core) {
  acquire_greater_equal(core.a.full, 2);
  core.queries = core.a.here;
  core.weights = core.a.next;
  zero_statistics(reinterpret_cast<float*>(core.work->rows),
                  reinterpret_cast<float*>(core.work->inverse_sigmas));
  for (int pass = 0; pass < core.phase().passes; ++pass) attend(core);
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
