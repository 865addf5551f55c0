// Finds a way through the switch boxes for every stream at once: wires are shared by none, inputs
// of a box feed several outputs where a stream branches.
//
// The method is PathFinder (McMurchie and Ebeling, 1995): route every stream by itself, let them
// overlap, make contested wires dearer each time, until nobody overlaps.
#pragma once

#include <optional>

#include "npu/stream_switch.h"

#include <string>
#include <vector>

namespace sotto::npu::design {

struct RouteRequest {
  struct Stop {
    TileId tile;
    Port port;  ///< of the switch box: an input at the start, an output at an end
  };
  Stop from;
  std::vector<Stop> to;
};

struct RoutedConnection {
  TileId tile;
  Port input, output;
  int request = 0;
};

struct RouteResult {
  std::vector<RoutedConnection> connections;  ///< in the order of requests, each from its start
  /// Where it failed: the wire that leaves `tile` through `port`, and who wants it.
  struct Contest {
    TileId tile;
    Port port;
    std::vector<int> requests;
  };
  std::optional<Contest> contest;
  /// A request with an end that no free array could connect either.
  std::optional<int> unreachable;
};

RouteResult route(const Device& device, const std::vector<RouteRequest>& requests);

}  // namespace sotto::npu::design
