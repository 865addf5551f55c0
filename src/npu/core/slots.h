// The issue slots of an AIE2 core. A bundle holds at most one instruction per slot; the long slot
// is the scalar and the move slot taken together. Source: llvm-aie AIE2Slots.td.
#pragma once

#include <cstdint>

namespace sotto::npu::core {

enum class Slot : uint8_t {
  lda,  ///< Load unit A: the only one that fills accumulators and scalars.
  ldb,  ///< Load unit B: 256-bit vectors only.
  st,   ///< Stores, and what shares their path: SRS, f32 → bf16, pack.
  alu,  ///< Scalar arithmetic, locks, indirect jumps.
  mv,   ///< Moves and every vector instruction that is no product and no accumulator sum.
  vec,  ///< Products and accumulator sums.
  lng,  ///< A 32-bit constant or a direct jump.
};
inline constexpr int kSlots = 7;
inline constexpr const char* kSlotNames[kSlots] = {"lda", "ldb", "st", "alu", "mv", "vec", "lng"};

/// A set of slots, as bits.
struct SlotSet {
  uint8_t bits = 0;

  constexpr SlotSet() = default;
  constexpr SlotSet(Slot slot) : bits(static_cast<uint8_t>(1u << static_cast<int>(slot))) {}
  constexpr explicit SlotSet(uint8_t raw) : bits(raw) {}

  constexpr bool has(Slot slot) const { return (bits & SlotSet(slot).bits) != 0; }
  constexpr bool empty() const { return bits == 0; }
  constexpr bool within(SlotSet other) const { return (bits & ~other.bits) == 0; }
  constexpr bool meets(SlotSet other) const { return (bits & other.bits) != 0; }
  friend constexpr SlotSet operator|(SlotSet a, SlotSet b) {
    return SlotSet(static_cast<uint8_t>(a.bits | b.bits));
  }
  friend constexpr bool operator==(SlotSet a, SlotSet b) { return a.bits == b.bits; }
};
constexpr SlotSet operator|(Slot a, Slot b) {
  return SlotSet(a) | SlotSet(b);
}

/// What an instruction in `slot` keeps others from using in the same bundle.
constexpr SlotSet occupied_by(Slot slot) {
  return slot == Slot::lng ? Slot::lng | Slot::alu | Slot::mv : SlotSet(slot);
}

}  // namespace sotto::npu::core
