// DMA channels and descriptors, tile by tile. In a memory tile the search is complete: if there is
// a way to spread the chains over even and odd channels, it is found.
#include <algorithm>

#include "npu/design/check/steps.h"

namespace sotto::npu::design {
namespace {

class TileChannels {
 public:
  TileChannels(Checking& c, int tile) : c_(c), tile_({tile}), kind_(c.kind({tile})) {
    for (int i = 0; i < static_cast<int>(c.plan.network.chains.size()); ++i) {
      if (c.at(ChainRef{i}).tile == tile_) chains_.push_back(i);
    }
  }

  void run() {
    if (chains_.empty() || !check_counts()) return;
    std::vector<int> channels(chains_.size(), -1);
    if (!search(0, channels)) {
      report();
      return;
    }
    std::map<int, int> next;  // by the first descriptor of a range
    for (std::size_t i = 0; i < chains_.size(); ++i) {
      PlacedChain& placed = c_.plan.chains[static_cast<std::size_t>(chains_[i])];
      placed.channel = channels[i];
      const BdRange range = bds_of_channel(kind_, placed.channel);
      for (std::size_t bd = 0; bd < chain(i).bds.size(); ++bd) {
        placed.descriptors.push_back(range.first + next[range.first]++);
      }
    }
  }

 private:
  const Chain& chain(std::size_t i) const { return c_.at(ChainRef{chains_[i]}); }

  /// More chains than channels, or two that wish for the same one.
  bool check_counts() {
    bool good = true;
    for (const Direction direction : {Direction::s2mm, Direction::mm2s}) {
      std::map<int, std::string> wished;
      std::string names;
      int count = 0;
      const Where* where = nullptr;
      for (std::size_t i = 0; i < chains_.size(); ++i) {
        if (chain(i).direction != direction) continue;
        ++count;
        where = &chain(i).where;
        names += (names.empty() ? "'" : ", '") + chain(i).name + "'";
        const auto wish = chain(i).channel;
        if (!wish) continue;
        const bool exists = *wish >= 0 && *wish < dma_of(kind_).channels;
        if (!exists || wished.contains(*wish)) {
          c_.findings.add(Category::dma_channels, chain(i).where, to_string(c_.at(tile_).id), ": '",
                          chain(i).name, "' wishes for channel ", *wish,
                          exists ? ", as '" + wished[*wish] + "' does" : ", which it has not");
          good = false;
        }
        wished[*wish] = chain(i).name;
      }
      if (count > dma_of(kind_).channels) {
        c_.findings.add(Category::dma_channels, *where, to_string(c_.at(tile_).id), ": ", count,
                        direction == Direction::s2mm ? " streams arrive (" : " streams leave (",
                        names, "); its DMA has ", dma_of(kind_).channels, " channels for them");
        good = false;
      }
    }
    return good;
  }

  bool uses_neighbour(const Chain& chain) const {
    return std::any_of(chain.bds.begin(), chain.bds.end(), [&](const Bd& bd) {
      return c_.at(bd.buffer).tile != tile_ ||
             (bd.acquire && c_.at(bd.acquire->lock).tile != tile_) ||
             (bd.release && c_.at(bd.release->lock).tile != tile_);
    });
  }

  bool fits(std::size_t i, int channel, const std::vector<int>& channels) const {
    const Chain& own = chain(i);
    if (own.channel && *own.channel != channel) return false;
    if (kind_ == TileKind::memory && channel >= kNeighbourChannels && uses_neighbour(own)) {
      return false;
    }
    const BdRange range = bds_of_channel(kind_, channel);
    std::size_t descriptors = own.bds.size();
    for (std::size_t j = 0; j < i; ++j) {
      if (channels[j] == channel && chain(j).direction == own.direction) return false;
      if (bds_of_channel(kind_, channels[j]).first == range.first) {
        descriptors += chain(j).bds.size();
      }
    }
    return descriptors <= static_cast<std::size_t>(range.count);
  }

  bool search(std::size_t i, std::vector<int>& channels) const {
    if (i == chains_.size()) return true;
    for (int channel = 0; channel < dma_of(kind_).channels; ++channel) {
      if (!fits(i, channel, channels)) continue;
      channels[i] = channel;
      if (search(i + 1, channels)) return true;
    }
    return false;
  }

  void report() {
    std::size_t total = 0;
    std::string parts;
    bool neighbours = false;
    for (std::size_t i = 0; i < chains_.size(); ++i) {
      total += chain(i).bds.size();
      neighbours |= uses_neighbour(chain(i));
      parts += concat(parts.empty() ? "'" : ", '", chain(i).name, "' ", chain(i).bds.size());
    }
    c_.findings.add(
        Category::dma_descriptors, chain(0).where, to_string(c_.at(tile_).id), ": ", total,
        " descriptors (", parts, ") do not fit its ", dma_of(kind_).buffer_descriptors,
        kind_ == TileKind::memory ? ", of which even channels use 24 and odd ones 24" : "",
        neighbours ? "; neighbours' memory needs channels 0 to 3" : "");
  }

  Checking& c_;
  const TileRef tile_;
  const TileKind kind_;
  std::vector<int> chains_;
};

}  // namespace

void place_channels(Checking& c) {
  for (int i = 0; i < static_cast<int>(c.design.tiles.size()); ++i) TileChannels(c, i).run();
}

void place_locks(Checking& c) {
  std::map<TileRef, int> used;
  for (const Lock& lock : c.plan.network.locks) {
    c.plan.locks.push_back(used[lock.tile]++);
    if (lock.initial < 0 || lock.initial > kLockMax) {
      c.findings.add(Category::lock_value, lock.where, "lock '", lock.name, "' at ",
                     to_string(c.at(lock.tile).id), " starts at ", lock.initial,
                     "; a lock counts to ", kLockMax);
    }
  }
  for (const auto& [tile, count] : used) {
    const int most = memory_of(c.kind(tile)).locks;
    if (count > most) {
      c.findings.add(Category::locks, c.at(tile).where, to_string(c.at(tile).id), ": ", count,
                     " locks; there are ", most);
    }
  }
}

}  // namespace sotto::npu::design
