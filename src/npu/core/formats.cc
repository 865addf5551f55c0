#include "npu/core/formats.h"

namespace sotto::npu::core {
namespace {

struct Format {
  int bytes;
  SlotSet slots;
};

constexpr Slot lda = Slot::lda, ldb = Slot::ldb, st = Slot::st, alu = Slot::alu, mv = Slot::mv,
               vec = Slot::vec, lng = Slot::lng;

constexpr Format kFormats[] = {
    // A nop.
    {2, {}},
    // One instruction.
    {4, lda},
    {4, ldb},
    {4, st},
    {4, alu},
    {4, mv},
    {4, vec},
    // Two without vec, or a long one.
    {6, lng},
    {6, lda | ldb},
    {6, lda | st},
    {6, lda | alu},
    {6, lda | mv},
    {6, ldb | st},
    {6, ldb | alu},
    {6, ldb | mv},
    {6, st | alu},
    // Two with vec; three without mv and vec.
    {8, lng},
    {8, lda | vec},
    {8, ldb | vec},
    {8, st | vec},
    {8, alu | vec},
    {8, mv | vec},
    {8, alu | mv},
    {8, st | mv},
    {8, lda | ldb | st},
    {8, lda | ldb | alu},
    {8, st | ldb | alu},
    // Three.
    {10, lda | st | vec},
    {10, lda | st | mv},
    {10, lda | st | alu},
    {10, lda | mv | vec},
    {10, lda | ldb | vec},
    {10, lda | ldb | mv},
    {10, lda | alu | vec},
    {10, lda | alu | mv},
    {10, ldb | mv | vec},
    {10, ldb | alu | vec},
    {10, ldb | alu | mv},
    {10, st | mv | vec},
    {10, st | alu | vec},
    {10, st | alu | mv},
    {10, st | ldb | vec},
    {10, st | ldb | mv},
    {10, alu | mv | vec},
    {10, lda | lng},
    {10, ldb | lng},
    {10, st | lng},
    {10, lng | vec},
    // Four.
    {12, st | alu | mv | vec},
    {12, st | ldb | mv | vec},
    {12, st | ldb | alu | vec},
    {12, st | ldb | alu | mv},
    {12, ldb | alu | mv | vec},
    {12, lda | st | alu | vec},
    {12, lda | st | alu | mv},
    {12, lda | ldb | st | vec},
    {12, lda | ldb | st | mv},
    {12, lda | ldb | st | alu},
    {12, lda | ldb | mv | vec},
    {12, lda | ldb | alu | vec},
    {12, lda | ldb | alu | mv},
    {12, lda | alu | mv | vec},
    {12, st | lng | vec},
    {12, st | ldb | lng},
    {12, ldb | lng | vec},
    {12, lda | st | lng},
    {12, lda | ldb | lng},
    {12, lda | lng | vec},
    // Five; and lda, st, mv, vec, which has no shorter format.
    {14, lda | st | mv | vec},
    {14, st | ldb | alu | mv | vec},
    {14, lda | ldb | st | alu | vec},
    {14, lda | ldb | st | alu | mv},
    {14, lda | ldb | alu | mv | vec},
    {14, st | ldb | lng | vec},
    {14, lda | ldb | st | lng},
    {14, lda | ldb | lng | vec},
    // All.
    {16, lda | ldb | st | alu | mv | vec},
    {16, lda | ldb | st | lng | vec},
};

}  // namespace

FixedList<int, 8> bundle_sizes(SlotSet slots) {
  FixedList<int, 8> sizes;
  for (const Format& format : kFormats) {
    const bool listed = !sizes.empty() && sizes[sizes.size() - 1] == format.bytes;
    if (slots.within(format.slots) && !listed) sizes.push_back(format.bytes);
  }
  return sizes;
}

int bundle_bytes(SlotSet slots) {
  const FixedList<int, 8> sizes = bundle_sizes(slots);
  return sizes.empty() ? 0 : sizes[0];
}

bool fit_together(SlotSet a, SlotSet b) {
  return !a.meets(b) && bundle_bytes(a | b) > 0;
}

}  // namespace sotto::npu::core
