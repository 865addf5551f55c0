// The switch boxes of the array: their ports, and which inputs may feed which outputs. Circuit
// switched: one input feeds any number of outputs, one output has one input, and a stream waits for
// the slowest of its receivers.
//
// Sources as in device.h; port counts and legal pairs agree between [RT] and [TM].
#pragma once

#include "npu/device.h"

namespace sotto::npu {

enum class Bundle : std::uint8_t { core, dma, fifo, control, south, west, north, east };

struct Port {
  Bundle bundle = Bundle::dma;
  int index = 0;
  friend constexpr auto operator<=>(const Port&, const Port&) = default;
};

constexpr bool is_side(Bundle bundle) {
  return bundle >= Bundle::south;
}

/// The same wire at its other end.
constexpr Bundle opposite(Bundle side) {
  switch (side) {
    case Bundle::south:
      return Bundle::north;
    case Bundle::north:
      return Bundle::south;
    case Bundle::west:
      return Bundle::east;
    case Bundle::east:
      return Bundle::west;
    default:
      return side;
  }
}
constexpr TileId beyond(TileId tile, Bundle side) {
  switch (side) {
    case Bundle::south:
      return {tile.column, tile.row - 1};
    case Bundle::north:
      return {tile.column, tile.row + 1};
    case Bundle::west:
      return {tile.column - 1, tile.row};
    case Bundle::east:
      return {tile.column + 1, tile.row};
    default:
      return tile;
  }
}

/// Outputs of a switch box ("masters"). Memory tiles have none to the west and east: six streams go
/// up a column and four come down.
constexpr int outputs(TileKind kind, Bundle bundle) {
  switch (bundle) {
    case Bundle::core:
    case Bundle::fifo:
      return kind == TileKind::core || (kind == TileKind::shim && bundle == Bundle::fifo);
    case Bundle::dma:
      return kind == TileKind::shim ? 0 : dma_of(kind).channels;
    case Bundle::control:
      return 1;
    case Bundle::north:
      return 6;
    case Bundle::south:
      return kind == TileKind::shim ? 6 : 4;
    default:
      return kind == TileKind::memory ? 0 : 4;
  }
}
/// Inputs of a switch box ("slaves").
constexpr int inputs(TileKind kind, Bundle bundle) {
  switch (bundle) {
    case Bundle::north:
      return 4;
    case Bundle::south:
      return kind == TileKind::shim ? 8 : 6;
    default:
      return outputs(kind, bundle);
  }
}
/// Wires from a tile to the next one on that side; 0 at the border of the array.
constexpr int wires(const Device& device, TileId tile, Bundle side) {
  const TileId next = beyond(tile, side);
  if (!device.has(tile) || !device.has(next)) return 0;
  const int here = outputs(kind_of(tile), side);
  const int there = inputs(kind_of(next), opposite(side));
  return here < there ? here : there;
}

/// Whether a switch box of this kind can connect the two.
constexpr bool can_connect(TileKind kind, Port input, Port output) {
  if (kind == TileKind::memory && is_side(input.bundle) && is_side(output.bundle)) {
    return input.index == output.index;  // what passes through keeps its channel
  }
  if (input.bundle != output.bundle) return true;
  if (kind == TileKind::shim && input.bundle == Bundle::south) return true;
  if (input.bundle == Bundle::core || input.bundle == Bundle::control) return false;
  return input.index == output.index;
}

/// A shim DMA channel enters and leaves the switch box through a multiplexer on its south side.
constexpr Port shim_port(Direction direction, int channel) {
  return {Bundle::south, direction == Direction::mm2s ? (channel == 0 ? 3 : 7) : 2 + channel};
}
/// The switch box port of a DMA channel.
constexpr Port dma_port(TileKind kind, Direction direction, int channel) {
  return kind == TileKind::shim ? shim_port(direction, channel) : Port{Bundle::dma, channel};
}

}  // namespace sotto::npu
