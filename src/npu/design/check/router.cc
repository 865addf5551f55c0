#include "npu/design/check/router.h"

#include <algorithm>
#include <array>
#include <map>
#include <queue>
#include <set>

namespace sotto::npu::design {
namespace {

constexpr int kRounds = 200;
constexpr std::array<Bundle, 4> kSides = {Bundle::north, Bundle::south, Bundle::west, Bundle::east};

/// An input of a switch box. One that lies on a side is the far end of a wire.
struct Node {
  TileId tile;
  Port input;
  friend auto operator<=>(const Node&, const Node&) = default;
};

/// How a stream reached a node: from which input of the box before, through which output.
struct Edge {
  Node from;
  Port output;
};

struct Tree {
  std::map<Node, Edge> nodes;             ///< without the start
  std::vector<RoutedConnection> at_ends;  ///< into the final outputs
};

class Router {
 public:
  Router(const Device& device, const std::vector<RouteRequest>& requests)
      : device_(device), requests_(requests), trees_(requests.size()) {}

  RouteResult run() {
    RouteResult result;
    for (int round = 0; round < kRounds; ++round) {
      for (std::size_t i = 0; i < requests_.size(); ++i) {
        // The first round routes everyone; later ones only those who overlap.
        if (round > 0 && !overlaps(i)) continue;
        rip_up(i);
        if (!route_one(i, round)) {
          result.unreachable = static_cast<int>(i);
          return result;
        }
      }
      const auto contest = find_contest();
      result.contest = contest;
      if (!contest) {
        for (std::size_t i = 0; i < requests_.size(); ++i) collect(i, result.connections);
        return result;
      }
    }
    return result;
  }

 private:
  double cost(const Node& node, int round) const {
    const auto used = users_.find(node);
    const std::size_t others = used == users_.end() ? 0 : used->second.size();
    const auto past = history_.find(node);
    return (1.0 + (past == history_.end() ? 0.0 : past->second)) *
           (1.0 + 0.5 * (round + 1) * static_cast<double>(others));
  }

  bool overlaps(std::size_t i) const {
    return std::any_of(trees_[i].nodes.begin(), trees_[i].nodes.end(),
                       [&](const auto& entry) { return users_.at(entry.first).size() > 1; });
  }
  void rip_up(std::size_t i) {
    for (const auto& [node, edge] : trees_[i].nodes) users_[node].erase(static_cast<int>(i));
    trees_[i] = {};
  }

  /// Grows a tree end by end, each by the cheapest path from anywhere in the tree.
  bool route_one(std::size_t i, int round) {
    const RouteRequest& request = requests_[i];
    for (const RouteRequest::Stop& end : request.to) {
      std::map<Node, double> best;
      std::map<Node, Edge> came;
      using Entry = std::pair<double, Node>;
      std::priority_queue<Entry, std::vector<Entry>, std::greater<>> open;
      const auto offer = [&](const Node& node, double at) {
        const auto seen = best.find(node);
        if (seen != best.end() && seen->second <= at) return false;
        best[node] = at;
        open.push({at, node});
        return true;
      };
      offer({request.from.tile, request.from.port}, 0);
      for (const auto& [node, edge] : trees_[i].nodes) offer(node, 0);
      std::optional<Node> last;
      while (!open.empty() && !last) {
        const auto [at, node] = open.top();
        open.pop();
        if (at > best[node]) continue;
        if (node.tile == end.tile && can_connect(kind_of(node.tile), node.input, end.port)) {
          last = node;
          break;
        }
        expand(node, [&](const Node& next, Port output) {
          if (offer(next, at + cost(next, round))) came[next] = {node, output};
        });
      }
      if (!last) return false;
      trees_[i].at_ends.push_back({end.tile, last->input, end.port, static_cast<int>(i)});
      for (Node node = *last; came.contains(node) && !trees_[i].nodes.contains(node);
           node = came[node].from) {
        trees_[i].nodes[node] = came[node];
        users_[node].insert(static_cast<int>(i));
      }
    }
    return true;
  }

  template <typename Visit>
  void expand(const Node& node, Visit visit) const {
    for (const Bundle side : kSides) {
      const int count = wires(device_, node.tile, side);
      for (int index = 0; index < count; ++index) {
        const Port output{side, index};
        if (!can_connect(kind_of(node.tile), node.input, output)) continue;
        visit(Node{beyond(node.tile, side), {opposite(side), index}}, output);
      }
    }
  }

  /// Makes contested wires dearer; returns the first one.
  std::optional<RouteResult::Contest> find_contest() {
    std::optional<RouteResult::Contest> first;
    for (const auto& [node, users] : users_) {
      if (users.size() <= 1) continue;
      history_[node] += static_cast<double>(users.size() - 1);
      if (first) continue;
      const TileId before = beyond(node.tile, node.input.bundle);
      first = RouteResult::Contest{
          before, {opposite(node.input.bundle), node.input.index}, {users.begin(), users.end()}};
    }
    return first;
  }

  void collect(std::size_t i, std::vector<RoutedConnection>& out) const {
    std::set<std::tuple<TileId, Port, Port>> seen;
    for (const auto& [node, edge] : trees_[i].nodes) {
      if (!seen.insert({edge.from.tile, edge.from.input, edge.output}).second) continue;
      out.push_back({edge.from.tile, edge.from.input, edge.output, static_cast<int>(i)});
    }
    for (const RoutedConnection& end : trees_[i].at_ends) out.push_back(end);
  }

  const Device& device_;
  const std::vector<RouteRequest>& requests_;
  std::vector<Tree> trees_;
  std::map<Node, std::set<int>> users_;
  std::map<Node, double> history_;
};

}  // namespace

RouteResult route(const Device& device, const std::vector<RouteRequest>& requests) {
  return Router(device, requests).run();
}

}  // namespace sotto::npu::design
