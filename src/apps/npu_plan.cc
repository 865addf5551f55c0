#include "apps/npu_plan.h"

#include <algorithm>
#include <iomanip>
#include <map>
#include <set>
#include <sstream>

#include "apps/table.h"
#include "base/error.h"
#include "base/numbers.h"

namespace sotto::apps {
namespace {

using namespace npu;
using namespace npu::design;

struct Block {
  std::int64_t first = 0, bytes = 0;
  std::string what;
};
struct ChannelUse {
  std::string name;
  std::set<int> descriptors;
};
struct TileUse {
  std::vector<Block> blocks;  ///< by address
  std::int64_t program_bytes = 0, stack_bytes = 0;
  bool has_program = false;
  int locks = 0;
  std::map<std::pair<Direction, int>, ChannelUse> channels;
  std::map<Bundle, std::set<int>> outputs;  ///< of the switch box
};

using Uses = std::map<TileId, TileUse>;

template <typename T>
const T& get(const std::vector<T>& list, int index) {
  return list[static_cast<std::size_t>(index)];
}

void add_memory(const Design& design, const Plan& plan, Uses& uses) {
  for (std::size_t i = 0; i < design.cores.size(); ++i) {
    TileUse& use = uses[get(design.tiles, design.cores[i].tile.index).id];
    use.has_program = true;
    use.program_bytes = plan.program_bytes[i];
    use.stack_bytes = design.cores[i].stack_bytes;
    use.blocks.push_back({0, use.stack_bytes, "stack"});
  }
  for (std::size_t i = 0; i < plan.network.buffers.size(); ++i) {
    const Buffer& buffer = plan.network.buffers[i];
    uses[get(design.tiles, buffer.tile.index).id].blocks.push_back(
        {plan.addresses[i], buffer.object.bytes(), buffer.name});
  }
  for (auto& [tile, use] : uses) {
    std::sort(use.blocks.begin(), use.blocks.end(),
              [](const Block& a, const Block& b) { return a.first < b.first; });
  }
}

void add_streams(const Design& design, const Plan& plan, Uses& uses) {
  const auto channel_of = [&](int chain) -> ChannelUse& {
    const Chain& drawn = get(plan.network.chains, chain);
    const std::pair key{drawn.direction, get(plan.chains, chain).channel};
    ChannelUse& channel = uses[get(design.tiles, drawn.tile.index).id].channels[key];
    channel.name = drawn.name;
    return channel;
  };
  for (int i = 0; i < static_cast<int>(plan.chains.size()); ++i) {
    const std::vector<int>& used = get(plan.chains, i).descriptors;
    channel_of(i).descriptors.insert(used.begin(), used.end());
  }
  for (const PlacedTask& task : plan.tasks) {
    channel_of(task.chain.index)
        .descriptors.insert(task.descriptors.begin(), task.descriptors.end());
  }
  for (const Lock& lock : plan.network.locks) ++uses[get(design.tiles, lock.tile.index).id].locks;
  for (const Connection& made : plan.connections) {
    uses[made.tile].outputs[made.output.bundle].insert(made.output.index);
  }
}

std::string of(std::int64_t used, std::int64_t all) {
  return all == 0 ? "-" : concat(grouped(used), " of ", grouped(all));
}

std::int64_t used_bytes(const TileUse& use, std::int64_t first, std::int64_t end) {
  std::int64_t bytes = 0;
  for (const Block& block : use.blocks) {
    bytes += std::max<std::int64_t>(
        0, std::min(end, block.first + block.bytes) - std::max(first, block.first));
  }
  return bytes;
}

int count(const TileUse& use, Direction direction) {
  int channels = 0;
  for (const auto& [key, channel] : use.channels) channels += key.first == direction;
  return channels;
}
std::set<int> descriptors(const TileUse& use) {
  std::set<int> all;
  for (const auto& [key, channel] : use.channels) {
    all.insert(channel.descriptors.begin(), channel.descriptors.end());
  }
  return all;
}

std::string tiles_table(const Uses& uses) {
  Table table("<>>>>>>>>>>>");
  table.add({"tile", "memory", "free", "program", "free", "stack", "s2mm", "mm2s", "BDs", "free",
             "locks", "free"});
  for (const auto& [tile, use] : uses) {
    const MemoryFacts& memory = memory_of(kind_of(tile));
    const DmaFacts& dma = dma_of(kind_of(tile));
    const std::int64_t used = used_bytes(use, 0, memory.bytes);
    const auto bds = static_cast<std::int64_t>(descriptors(use).size());
    const std::int64_t program = use.has_program ? kProgramBytes : 0;
    table.add({design::to_string(tile), of(used, memory.bytes),
               memory.bytes == 0 ? "-" : grouped(memory.bytes - used),
               of(use.program_bytes, program),
               use.has_program ? grouped(program - use.program_bytes) : "-",
               use.has_program ? grouped(use.stack_bytes) : "-",
               of(count(use, Direction::s2mm), dma.channels),
               of(count(use, Direction::mm2s), dma.channels), of(bds, dma.buffer_descriptors),
               grouped(dma.buffer_descriptors - bds), of(use.locks, memory.locks),
               grouped(memory.locks - use.locks)});
  }
  return table.text();
}

/// What leaves a tile on one side enters the next, so outputs say all.
std::string streams_table(const Device& device, const Uses& uses) {
  Table table("<>>>>");
  table.add({"tile", "to north", "to south", "to west", "to east"});
  for (const auto& [tile, use] : uses) {
    std::vector<std::string> row = {design::to_string(tile)};
    for (const Bundle side : {Bundle::north, Bundle::south, Bundle::west, Bundle::east}) {
      const auto made = use.outputs.find(side);
      const auto streams = made == use.outputs.end() ? 0 : made->second.size();
      row.push_back(of(static_cast<std::int64_t>(streams), wires(device, tile, side)));
    }
    table.add(std::move(row));
  }
  return table.text();
}

std::string channels_table(const Uses& uses) {
  Table table("<<<<");
  table.add({"tile", "channel", "carries", "BDs"});
  for (const auto& [tile, use] : uses) {
    for (const auto& [key, channel] : use.channels) {
      std::string numbers;
      for (const int id : channel.descriptors) numbers += concat(numbers.empty() ? "" : " ", id);
      table.add({design::to_string(tile),
                 concat(key.first == Direction::s2mm ? "s2mm " : "mm2s ", key.second), channel.name,
                 numbers});
    }
  }
  return table.text();
}

std::string memory_table(const Uses& uses) {
  Table table("<><><");
  table.add({"tile", "bank", "address", "bytes", "what"});
  for (const auto& [tile, use] : uses) {
    const MemoryFacts& memory = memory_of(kind_of(tile));
    for (int bank = 0; bank < memory.banks; ++bank) {
      const std::int64_t first = bank * memory.bank_bytes(), end = first + memory.bank_bytes();
      for (const Block& block : use.blocks) {
        if (block.first < first || block.first >= end) continue;
        std::ostringstream address;
        address << "0x" << std::hex << std::setw(5) << std::setfill('0') << block.first;
        table.add({design::to_string(tile), std::to_string(bank), address.str(),
                   grouped(block.bytes), block.what});
      }
      const std::int64_t left = memory.bank_bytes() - used_bytes(use, first, end);
      table.add({design::to_string(tile), std::to_string(bank), "", grouped(left), "free"});
    }
  }
  return table.text();
}

}  // namespace

std::string describe_plan(const std::string& name, const CheckedDesign& checked) {
  const Design& design = checked.design();
  Uses uses;
  add_memory(design, checked.plan(), uses);
  add_streams(design, checked.plan(), uses);
  return concat("plan of ", name, ": ", uses.size(), " tiles\n\n",
                "What each tile uses (bytes of memory and program; DMA channels; locks)\n",
                tiles_table(uses), "\nStreams that cross a border, of its wires\n",
                streams_table(design.device, uses), "\nDMA channels and their buffer descriptors\n",
                channels_table(uses), "\nMemory maps, in each tile's own addresses\n",
                memory_table(uses));
}

}  // namespace sotto::apps
