// How a core of the encoder's network is told what to do. Its program is one endless loop of
// phases; the first object of a phase on stream B is its header, so that orders and data cannot
// overtake each other. Every object is 8 KB: a tile of 64 x 64 bfloat16, or a header and unused
// bytes.
//
// The network has `rows` x `columns` cores. Core (r, c) receives stream A of its row and stream B
// of its column, both as the others there do, and sends its results in strips of 16 rows (2 KB).
//
// A product phase computes, in every pass p, for every one of the phase's `tiles` column tiles t,
// the 64 x 64 tile of rows from 64 (p rows + r) on:
//   A    [before the slices, where the epilogue is `residual`: planes] slices x tile of x (layout
//        A), low_slices x tile of its low part [after them, where it is `gelu_planes`: planes]
//   B    slices x tile of weights (layout V), low_slices x the first of them again
//   out  4 strips; where the result has two parts, each strip's high part, then its low part
// Planes are `planes` tiles (layout A) for column 0 of the network, then as many for column 1, …:
// each core adds its own. Row statistics for LayerNorm are taken from x, not from its low part, at
// the pass's first column tile.
//
// An attention phase computes, in every pass, attention of 64 queries a row in one head a column:
//   A    two tiles at the beginning of the phase, whose contents do not matter: the core keeps both
//        buffers to the end of the phase, for its queries and weights, and what comes next waits
//   B    `rows` tiles of queries (layout A), of which each core keeps that of its row, then for
//        every 64 keys their tile (layout K) and that of their values (layout V)
//   out  4 strips (layout A), in one part or two
#pragma once

#include "npu/kernels/blocks.h"

namespace sotto::npu::kernels {

enum class PhaseKind : int32 { product = 1, attention = 2 };

/// What becomes of a product's sums (kernels.h has each).
enum class Epilogue : int32 {
  residual = 0,     ///< + planes + bias, in two parts
  gelu = 1,         ///< GELU(+ bias)
  gelu_planes = 2,  ///< GELU(+ bias) + planes, in two parts
  norm_a = 3,       ///< LayerNorm folded in; layouts A, K and V
  norm_k = 4,
  norm_v = 5,
  norm_gelu = 6,  ///< GELU of that
};

/// The same as bits, each of which a core asks for with one instruction; above them the Layout.
enum Steps : unsigned {
  kNorm = 1,
  kGelu = 2,
  kPlanesFirst = 4,  ///< before the slices
  kPlanesLast = 8,
  kTwoParts = 16,
  kLayout = 32,
};
inline constexpr uint8 kStepsOf[] = {
    kPlanesFirst | kTwoParts,         // residual
    kGelu,                            // gelu
    kGelu | kPlanesLast | kTwoParts,  // gelu_planes
    kNorm,                            // norm_a
    kNorm | kLayout * 1,              // norm_k
    kNorm | kLayout * 2,              // norm_v
    kNorm | kGelu,                    // norm_gelu
};
inline constexpr unsigned steps_of(Epilogue epilogue) {
  return kStepsOf[static_cast<unsigned>(epilogue)];
}
inline constexpr bool has_norm(Epilogue epilogue) {
  return (steps_of(epilogue) & kNorm) != 0;
}
inline constexpr bool has_gelu(Epilogue epilogue) {
  return (steps_of(epilogue) & kGelu) != 0;
}
inline constexpr bool has_two_parts(Epilogue epilogue) {
  return (steps_of(epilogue) & kTwoParts) != 0;
}
inline constexpr Layout layout_of(Epilogue epilogue) {
  return static_cast<Layout>(steps_of(epilogue) / kLayout);
}

/// Two bfloat16 NaNs, which no tile of weights or activations holds: a header out of step with the
/// stream is noticed.
inline constexpr int32 kPhaseMagic = 0x7FA5FFA5;
inline constexpr int kMaxTiles = 4;                        ///< column tiles of a product phase
inline constexpr int kStepBlock = kTileBlocks * kOperand;  ///< elements of an epilogue's step

/// Bounds of a header's numbers: far beyond any model, far from overflow.
inline constexpr int kMaxCount = 4096;
inline constexpr int kMaxRows = 1 << 20;

/// The first 128 bytes of a header. What a kind of phase does not use is zero.
struct PhaseHeader {
  int32 magic;  ///< kPhaseMagic
  PhaseKind kind;
  int32 passes;  ///< 1 … kMaxCount
  int32 tiles;   ///< product: 1 … kMaxTiles
  int32 slices;  ///< product: tiles along k, 1 … kMaxCount; LayerNorm takes 64 slices elements
  Epilogue epilogue;    ///< product
  int32 planes;         ///< product with a result in two parts: 0 … 2 a column
  int32 first_row;      ///< product: rows first_row <= row < end_row count, the others become zero
  int32 end_row;        ///< both 0 … kMaxRows
  int32 keys;           ///< attention: 1 … kMaxRows; beyond them keys hold anything, values zeros
  int32 low_slices;     ///< product: 0 … slices
  int32 parts;          ///< attention: of its result, 1 … 2
  float inverse_width;  ///< LayerNorm: 1 / (64 slices)
  int32 unused[19];
};
static_assert(sizeof(PhaseHeader) == 128);

/// A header as it lies in its object.
struct alignas(32) Phase {
  PhaseHeader header;
  bfloat16 columns[kMaxTiles * kStepBlock];  ///< of each column tile, what the epilogue adds
};
static_assert(sizeof(Phase) == 4224);

/// What a core keeps besides the buffers of its streams and its sums.
struct alignas(32) CoreWorkspace {
  Phase phase;
  bfloat16 rows[kStepBlock];            ///< the other operand of the epilogue's step, or zeros
  bfloat16 inverse_sigmas[kStepBlock];  ///< LayerNorm; attention: 1 / sums of weights
  float sums[kTileBlocks * kSum];       ///< LayerNorm: row sums; attention: sums of weights
  float squares[kTileBlocks * kSum];    ///< LayerNorm: of squares; attention: offsets
};
static_assert(sizeof(CoreWorkspace) == 8320);

// The core's four banks of 16 KB hold both buffers of a, both of b, the sums, and everything else.
inline constexpr int kBankBytes = 16384;
inline constexpr int kStackBytes = 3328;    ///< what mlir-aie's own kernels of this kind take
inline constexpr int kConstantBytes = 512;  ///< of all kernels (declared/check.cmake)
static_assert(2 * kTile * kTile * sizeof(bfloat16) == kBankBytes);
static_assert(kTile * kTile * sizeof(float) == kBankBytes);
static_assert(2 * kStrip * sizeof(bfloat16) + sizeof(CoreWorkspace) + kStackBytes +
                  kConstantBytes <=
              kBankBytes);

inline constexpr bool is_within(int32 value, int32 first, int32 last) {
  return static_cast<unsigned>(value) - static_cast<unsigned>(first) <=
         static_cast<unsigned>(last) - static_cast<unsigned>(first);
}

/// What a header's numbers may be, by kind of phase: a table, because a loop over it takes half of
/// the program that a test for each takes.
struct PhaseLimit {
  int32 PhaseHeader::*number;
  int32 least, most;
};
inline constexpr PhaseLimit kPhaseLimits[2][9] = {
    {{&PhaseHeader::passes, 1, kMaxCount},
     {&PhaseHeader::tiles, 1, kMaxTiles},
     {&PhaseHeader::slices, 1, kMaxCount},
     {&PhaseHeader::planes, 0, 2},
     {&PhaseHeader::first_row, 0, kMaxRows},
     {&PhaseHeader::end_row, 0, kMaxRows},
     {&PhaseHeader::keys, 0, 0},
     {&PhaseHeader::low_slices, 0, kMaxCount},
     {&PhaseHeader::parts, 0, 0}},
    {{&PhaseHeader::passes, 1, kMaxCount},
     {&PhaseHeader::tiles, 0, 0},
     {&PhaseHeader::slices, 0, 0},
     {&PhaseHeader::planes, 0, 0},
     {&PhaseHeader::first_row, 0, 0},
     {&PhaseHeader::end_row, 0, 0},
     {&PhaseHeader::keys, 1, kMaxRows},
     {&PhaseHeader::low_slices, 0, 0},
     {&PhaseHeader::parts, 1, 2}},
};
/// The epilogues that there are, by kind of phase.
inline constexpr unsigned kEpilogues[] = {7, 1};

/// Whether a core can run this phase.
inline bool is_valid(const PhaseHeader& phase) {
  const unsigned kind = static_cast<unsigned>(phase.kind) - 1;
  if (phase.magic != kPhaseMagic || kind > 1) return false;
  for (const PhaseLimit& limit : kPhaseLimits[kind]) {
    if (!is_within(phase.*limit.number, limit.least, limit.most)) return false;
  }
  const unsigned epilogue = static_cast<unsigned>(phase.epilogue);
  return epilogue < kEpilogues[kind] && phase.low_slices <= phase.slices &&
         (phase.planes == 0 || (kStepsOf[epilogue] & kTwoParts) != 0);
}

}  // namespace sotto::npu::kernels

extern "C" {

/// The program of core (row, column) of a network of rows x columns; never returns while its
/// headers are valid. At an invalid one it ends with that object still taken, so that the core
/// stands in the state "done" and what it read can be looked at; at once where its place is not in
/// the network.
///   a_0, a_1, b_0, b_1   buffers of the input streams, 64 x 64 elements each
///   c                    64 x 64 float32
///   out_0, out_1         buffers of the output stream, 16 x 64 each
///   *_empty, *_full      locks as the core sees them (its own: 48 + id): how many buffers of the
///                        stream are free (starts at 2) and filled (starts at 0)
/// Banks: a, b and c in one of 16 KB each, everything else and the stack (3,328 bytes) in the
/// fourth.
void encoder_core(bfloat16* a_0, bfloat16* a_1, bfloat16* b_0, bfloat16* b_1, float* c,
                  bfloat16* out_0, bfloat16* out_1, sotto::npu::kernels::CoreWorkspace* workspace,
                  int a_empty, int a_full, int b_empty, int b_full, int out_empty, int out_full,
                  int row, int column, int rows, int columns);
}
