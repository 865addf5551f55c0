// A recorded kernel call as the scheduler takes it: straight pieces and loops, in the order in
// which they run.
//
// What lies in registers between pieces is a numbered cell each: a piece finds its sources in cells
// and leaves its results there. Which registers the cells are is for the scheduler to say; a cell
// that keeps its register costs nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "npu/core/loop.h"
#include "npu/recorder/trace.h"

namespace sotto::npu::recorder {

/// What a register of a piece holds when the piece is entered: a cell, or some of its units. A
/// value at distance d is that of iteration -d.
struct Entry {
  int reg = 0;
  int distance = 0;
  Part from{};
};

/// Straight code (graph.trips is 1) or an innermost loop. Accesses to an object that the piece
/// stores to have numbers of their own, beyond those of Kernel::objects: what orders them stands in
/// graph.orders, exact for the addresses of this call.
struct Piece {
  core::Loop graph;
  std::vector<Effect> effects;  ///< of graph.operations; empty ones are defined by run.h
  std::vector<int> cells;       ///< of graph.registers: those with live_out are left there
  std::vector<Entry> entries;
};

/// An outer loop's value for the next iteration: cell `to` becomes what `from` says.
struct Carry {
  int to = 0;
  Part from{};
};

struct Region {
  enum class Kind { straight, inner_loop, outer_loop };
  Kind kind = Kind::straight;
  std::string name;
  Piece piece;               ///< not of an outer loop
  std::vector<Region> body;  ///< of an outer loop; the last piece counts down and jumps
  int64_t trips = 1, min_trips = 1;
  int64_t runs = 1;            ///< iterations of all outer loops together
  std::vector<Carry> enters;   ///< of an outer loop: before its first iteration, in this order
  std::vector<Carry> carries;  ///< after each iteration, in this order
};

struct Kernel {
  std::string name;
  std::string size{};  ///< of the call, for people
  std::vector<Object> objects;
  std::vector<Region> regions;
  int cells = 0;
  std::vector<RegisterClass> classes;  ///< of the registers that cells need
  std::optional<int64_t> returned{};   ///< what it returns at its end
  int returned_cell = -1;              ///< where that is; -1: it is a constant
};

/// A finished trace, simplified, placed and with pointers, as regions.
Kernel emit(std::string name, Trace trace);

}  // namespace sotto::npu::recorder
