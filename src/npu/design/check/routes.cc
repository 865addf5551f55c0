// Streams: first the counts that no routing can beat, then the router.
#include <algorithm>

#include "npu/design/check/router.h"
#include "npu/design/check/steps.h"

namespace sotto::npu::design {
namespace {

/// A line through the array: tiles on the near side have place(tile) <= at.
struct Border {
  bool rows;  ///< between two rows, or between two columns
  int at;
  int place(TileId tile) const { return rows ? tile.row : tile.column; }
};

std::string describe(const Border& border, bool outward) {
  if (!border.rows) {
    return concat("from column ", outward ? border.at : border.at + 1, " to column ",
                  outward ? border.at + 1 : border.at);
  }
  const auto row = [](int r) {
    return r == 0   ? std::string("the shims")
           : r == 1 ? std::string("the memory tiles")
                    : concat("the cores of row ", r);
  };
  return concat("from ", row(outward ? border.at : border.at + 1), " to ",
                row(outward ? border.at + 1 : border.at));
}

int capacity(const Device& device, const Border& border, bool outward) {
  int count = 0;
  const int width = border.rows ? device.columns : device.rows;
  for (int i = 0; i < width; ++i) {
    const int near = border.at + (outward ? 0 : 1);
    const TileId tile = border.rows ? TileId{i, near} : TileId{near, i};
    const Bundle side = border.rows ? (outward ? Bundle::north : Bundle::south)
                                    : (outward ? Bundle::east : Bundle::west);
    count += wires(device, tile, side);
  }
  return count;
}

void check_border(Checking& c, const Border& border, bool outward) {
  std::string names;
  int count = 0;
  const Where* where = nullptr;
  const auto outside = [&](ChainRef chain) {
    return (border.place(c.at(c.at(chain).tile).id) > border.at) == outward;
  };
  for (const Flow& flow : c.plan.network.flows) {
    if (outside(flow.from) || std::none_of(flow.to.begin(), flow.to.end(), outside)) continue;
    ++count;
    where = &flow.where;
    names += (names.empty() ? "'" : ", '") + flow.name + "'";
  }
  const int most = capacity(c.design.device, border, outward);
  if (count > most) {
    c.findings.add(Category::stream_ports, *where, count, " streams go ", describe(border, outward),
                   " (", names, "); there are ", most, " wires");
  }
}

/// False if more streams cross a border than it has wires.
bool check_borders(Checking& c) {
  const std::size_t before = c.findings.count();
  for (const bool outward : {true, false}) {
    for (int row = 0; row + 1 < c.design.device.rows; ++row) {
      check_border(c, {true, row}, outward);
    }
    for (int column = 0; column + 1 < c.design.device.columns; ++column) {
      check_border(c, {false, column}, outward);
    }
  }
  return c.findings.count() == before;
}

RouteRequest::Stop stop(const Checking& c, ChainRef ref) {
  const Chain& chain = c.at(ref);
  return {c.at(chain.tile).id, dma_port(c.kind(chain.tile), chain.direction,
                                        Checking::get(c.plan.chains, ref.index).channel)};
}

bool has_channels(const Checking& c, const Flow& flow) {
  const auto placed = [&](ChainRef ref) {
    return Checking::get(c.plan.chains, ref.index).channel >= 0;
  };
  return placed(flow.from) && std::all_of(flow.to.begin(), flow.to.end(), placed);
}

}  // namespace

void place_routes(Checking& c) {
  if (!check_borders(c)) return;
  std::vector<RouteRequest> requests;
  std::vector<int> flows;
  for (std::size_t i = 0; i < c.plan.network.flows.size(); ++i) {
    const Flow& flow = c.plan.network.flows[i];
    if (!has_channels(c, flow)) continue;
    RouteRequest request{stop(c, flow.from), {}};
    for (const ChainRef to : flow.to) request.to.push_back(stop(c, to));
    requests.push_back(std::move(request));
    flows.push_back(static_cast<int>(i));
  }
  const RouteResult result = route(c.design.device, requests);
  const auto flow_of = [&](int request) -> const Flow& {
    return Checking::get(c.plan.network.flows, Checking::get(flows, request));
  };
  if (result.unreachable) {
    const Flow& flow = flow_of(*result.unreachable);
    c.findings.add(Category::unroutable, flow.where, "'", flow.name,
                   "': no way through the switch boxes, even alone");
    return;
  }
  if (result.contest) {
    std::string names;
    for (const int request : result.contest->requests) {
      names += (names.empty() ? "'" : ", '") + flow_of(request).name + "'";
    }
    const TileId tile = result.contest->tile;
    const TileId next = beyond(tile, result.contest->port.bundle);
    c.findings.add(Category::unroutable, flow_of(result.contest->requests[0]).where,
                   "no way for all streams at once: ", names, " want the same wire from ",
                   to_string(tile), " to ", to_string(next), " (number ",
                   result.contest->port.index, ")");
    return;
  }
  for (const RoutedConnection& made : result.connections) {
    c.plan.connections.push_back(
        {made.tile, made.input, made.output, Checking::get(flows, made.request)});
  }
}

}  // namespace sotto::npu::design
