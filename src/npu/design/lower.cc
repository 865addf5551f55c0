#include "npu/design/lower.h"

#include <algorithm>
#include <bit>
#include <set>

#include "npu/design/lower_core.h"

namespace sotto::npu::design {
namespace {

std::uint32_t u32(std::int64_t value) {
  return static_cast<std::uint32_t>(value);
}

/// The address part of a descriptor.
void set_pattern(DescriptorFields& fields, const Pattern& pattern, TileKind kind) {
  const std::size_t most = static_cast<std::size_t>(dma_of(kind).dimensions);
  fields.length = u32(pattern.length);
  for (std::size_t i = 0; i < pattern.dims.size(); ++i) {
    const Dim& dim = pattern.dims[i];
    if (i + 1 < most) fields.dimensions[i].wrap = u32(dim.size);
    fields.dimensions[i].step = dim.size == 1 ? 1 : u32(dim.stride);
  }
  for (std::size_t i = 0; i < pattern.pads.size() && i < fields.zeros.size(); ++i) {
    fields.zeros[i] = {u32(pattern.pads[i].before), u32(pattern.pads[i].after)};
  }
}

void set_iteration(DescriptorFields& fields, std::int64_t stride, int wrap, Element element) {
  if (wrap <= 1) return;
  fields.iteration_step = u32(stride * bytes_of(element) / kWordBytes);
  fields.iteration_wrap = u32(wrap);
}

class Lowering {
 public:
  explicit Lowering(const CheckedDesign& checked)
      : design_(checked.design()), plan_(checked.plan()), network_(plan_.network) {
    program_.name = design_.name;
    program_.hash = checked.hash();
    program_.device = design_.device;
  }

  ArrayProgram run() {
    add_memory();
    for (std::size_t i = 0; i < network_.chains.size(); ++i) add_chain(i);
    for (const Connection& made : plan_.connections) {
      const Flow& flow = Checking::get(network_.flows, made.flow);
      program_.connections.push_back({flow.name, made.tile, made.input, made.output, flow.where});
    }
    for (const Core& core : design_.cores) {
      program_.cores.push_back(lower_core(design_, plan_, core));
    }
    add_sequence();
    return std::move(program_);
  }

 private:
  TileId tile(TileRef ref) const { return Checking::get(design_.tiles, ref.index).id; }

  void add_memory() {
    for (std::size_t i = 0; i < network_.buffers.size(); ++i) {
      const Buffer& buffer = network_.buffers[i];
      program_.buffers.push_back({buffer.name, tile(buffer.tile), u32(plan_.addresses[i]),
                                  u32(buffer.object.bytes()), buffer.initial});
    }
    for (std::size_t i = 0; i < network_.locks.size(); ++i) {
      const Lock& lock = network_.locks[i];
      program_.locks.push_back(
          {lock.name, tile(lock.tile), plan_.locks[i], lock.initial, lock.where});
    }
    for (const HostBuffer& host : design_.hosts) {
      program_.host_buffers.push_back({host.name, static_cast<std::uint64_t>(host.object.bytes())});
    }
  }

  /// How the DMA of a tile sees memory and locks of that or a neighbouring tile.
  static Window dma_window(TileId from, TileId to) {
    if (kind_of(from) == TileKind::memory) return memory_dma_window(neighbour(from, to));
    return {0, 0};
  }
  DescriptorFields::Lock lock(TileId from, const Bd::Use& use, bool acquires) const {
    const Lock& held = Checking::get(network_.locks, use.lock.index);
    const int id =
        Checking::get(plan_.locks, use.lock.index) + dma_window(from, tile(held.tile)).lock;
    return {u32(id), acquires ? -use.value : use.value};
  }

  DescriptorFields descriptor(TileId here, const Bd& bd, const Pattern& pattern) const {
    DescriptorFields fields;
    const Buffer& buffer = Checking::get(network_.buffers, bd.buffer.index);
    const std::int64_t bytes = Checking::get(plan_.addresses, bd.buffer.index) +
                               dma_window(here, tile(buffer.tile)).address;
    fields.address = static_cast<std::uint64_t>(bytes / kWordBytes + pattern.offset);
    set_pattern(fields, pattern, kind_of(here));
    set_iteration(fields, bd.run_stride, bd.run_wrap, buffer.object.element);
    if (bd.acquire) {
      fields.acquires = true;
      fields.acquire = lock(here, *bd.acquire, true);
    }
    if (bd.release) fields.release = lock(here, *bd.release, false);
    return fields;
  }

  void add_chain(std::size_t i) {
    const Chain& chain = network_.chains[i];
    const PlacedChain& placed = plan_.chains[i];
    const TileId here = tile(chain.tile);
    if (kind_of(here) == TileKind::shim) {
      program_.shim_muxes.push_back({chain.name, here, chain.direction, placed.channel,
                                     shim_port(chain.direction, placed.channel), chain.where});
      return;
    }
    for (std::size_t bd = 0; bd < chain.bds.size(); ++bd) {
      DescriptorFields fields = descriptor(here, chain.bds[bd], placed.patterns[bd]);
      const bool last = bd + 1 == chain.bds.size();
      fields.has_next = !last || chain.cyclic;
      fields.next = u32(fields.has_next ? placed.descriptors[last ? 0 : bd + 1] : 0);
      program_.descriptors.push_back({here, placed.descriptors[bd], fields});
    }
    program_.starts.push_back({chain.name,
                               here,
                               chain.direction,
                               placed.channel,
                               {u32(placed.descriptors[0]), u32(chain.cyclic ? 1 : chain.runs)},
                               chain.where});
  }

  void add_sequence() {
    InstructionStream stream{design_.device, {}};
    std::set<TileId> tokens;
    for (const Step& step : design_.sequence) {
      if (const auto* task = std::get_if<TaskRef>(&step.action)) {
        add_task(*task, stream.instructions, tokens);
      } else if (const auto* wait = std::get_if<Wait>(&step.action)) {
        const ChainRef ref = Checking::get(plan_.tasks, wait->task.index).chain;
        const Chain& chain = Checking::get(network_.chains, ref.index);
        stream.instructions.push_back(Sync{tile(chain.tile), chain.direction,
                                           Checking::get(plan_.chains, ref.index).channel});
      } else {
        const auto& write = std::get<WriteParameter>(step.action);
        const Buffer& buffer = Checking::get(network_.buffers, write.buffer.index);
        const std::int64_t address =
            Checking::get(plan_.addresses, write.buffer.index) + kWordBytes * write.index;
        stream.instructions.push_back(Write{register_address(tile(buffer.tile), u32(address)),
                                            static_cast<std::uint32_t>(write.value)});
      }
      program_.instruction_lines.resize(stream.instructions.size(), step.where);
    }
    program_.token_routes.assign(tokens.begin(), tokens.end());
    program_.instructions = encode(stream);
  }

  /// Descriptors with the addresses of their host buffers, then the push.
  void add_task(TaskRef ref, std::vector<Instruction>& out, std::set<TileId>& tokens) const {
    const Task& task = Checking::get(design_.tasks, ref.index);
    const PlacedTask& placed = Checking::get(plan_.tasks, ref.index);
    const Chain& chain = Checking::get(network_.chains, placed.chain.index);
    const TileId shim = tile(chain.tile);
    for (std::size_t i = 0; i < task.transfers.size(); ++i) {
      DescriptorFields fields = shim_descriptor(task, placed, i);
      const std::uint32_t at =
          register_address(shim, descriptor_register(TileKind::shim, placed.descriptors[i]));
      out.push_back(BlockWrite{at, pack(TileKind::shim, fields)});
      out.push_back(AddressPatch{at + kWordBytes, u32(task.transfers[i].host.index),
                                 u32(placed.patterns[i].offset * kWordBytes)});
    }
    const std::uint32_t control = register_address(
        shim, channel_register(TileKind::shim, chain.direction,
                               Checking::get(plan_.chains, placed.chain.index).channel));
    if (placed.token) {
      tokens.insert(shim);
      out.push_back(MaskWrite{control, kTokenController << 8, 0x1F00});
    }
    out.push_back(Write{control + kQueueOffset, pack(QueueEntry{u32(placed.descriptors[0]),
                                                                u32(task.runs), placed.token})});
  }

  DescriptorFields shim_descriptor(const Task& task, const PlacedTask& placed,
                                   std::size_t i) const {
    const Transfer& transfer = task.transfers[i];
    DescriptorFields fields;
    set_pattern(fields, placed.patterns[i], TileKind::shim);
    set_iteration(fields, transfer.run_stride, transfer.run_wrap,
                  Checking::get(design_.hosts, transfer.host.index).object.element);
    fields.has_next = i + 1 < task.transfers.size();
    fields.next = u32(fields.has_next ? placed.descriptors[i + 1] : 0);
    const int burst = task.burst_bytes == 0 ? design_.device.burst_max() : task.burst_bytes;
    fields.burst = static_cast<std::uint32_t>(std::countr_zero(static_cast<unsigned>(burst / 64)));
    fields.cache = 2;
    return fields;
  }

  const Design& design_;
  const Plan& plan_;
  const Network& network_;
  ArrayProgram program_;
};

}  // namespace

ArrayProgram lower(const CheckedDesign& checked) {
  return Lowering(checked).run();
}

}  // namespace sotto::npu::design
