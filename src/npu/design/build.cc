#include "npu/design/build.h"

#include <algorithm>

namespace sotto::npu::design {

Statement acquire(EndRef end, int count, Where where) {
  return {Acquire{end, count}, where};
}
Statement release(EndRef end, int count, Where where) {
  return {Release{end, count}, where};
}
Statement call(Call call, Where where) {
  return {std::move(call), where};
}
Statement loop(int times, std::vector<Statement> body, Where where) {
  return {Loop{times, std::move(body)}, where};
}

Builder::Builder(Device device, std::string name, Where where) {
  design_.name = std::move(name);
  design_.device = device;
  design_.where = where;
}

TileRef Builder::tile(TileId id, TileKind kind, Where where) {
  design_.tiles.push_back({id, where, kind});
  return {last(design_.tiles)};
}
ShimTile Builder::shim(int column, Where where) {
  return {tile({column, 0}, TileKind::shim, where)};
}
MemoryTile Builder::memory(int column, Where where) {
  return {tile({column, 1}, TileKind::memory, where)};
}
CoreTile Builder::core(int column, int row, Where where) {
  return {tile({column, row}, TileKind::core, where)};
}

void Builder::link(MemoryTile tile, const std::vector<FifoRef>& in, const std::vector<FifoRef>& out,
                   LinkOptions options, Where where) {
  Link link;
  link.tile = tile;
  link.depth = options.depth;
  link.bank = options.bank;
  link.where = where;
  const auto pieces = [&](const std::vector<FifoRef>& fifos, std::vector<Link::Piece>& list,
                          bool sending) {
    int offset = 0;
    for (const FifoRef ref : fifos) {
      const Fifo& fifo = design_.fifos[static_cast<std::size_t>(ref.index)];
      list.push_back({ref, offset});
      offset += sending ? count_in_memory(fifo) : fifo.object.count;
    }
    return offset;
  };
  link.object.count = std::max(pieces(in, link.inputs, false), pieces(out, link.outputs, true));
  if (!in.empty()) {
    link.object.element = design_.fifos[static_cast<std::size_t>(in[0].index)].object.element;
  }
  design_.links.push_back(std::move(link));
}

Parameters Builder::parameters(std::string name, CoreTile tile, int words, Where where) {
  design_.buffers.push_back({std::move(name), tile, {Element::i32, words}, {}, {}, true, where});
  return {BufferRef{last(design_.buffers)}};
}
LockHandle Builder::lock(std::string name, TileRef tile, int initial, Where where) {
  design_.locks.push_back({std::move(name), tile, initial, where});
  return {LockRef{last(design_.locks)}};
}
ChainRef Builder::chain(Chain chain, Where where) {
  chain.where = where;
  for (Bd& bd : chain.bds) bd.where = where;
  design_.chains.push_back(std::move(chain));
  return {last(design_.chains)};
}
void Builder::flow(std::string name, ChainRef from, std::vector<ChainRef> to, Where where) {
  design_.flows.push_back({std::move(name), from, std::move(to), where});
}

KernelRef Builder::add_kernel(std::string symbol, std::vector<Parameter> parameters,
                              KernelSizes sizes, const std::vector<int>& counts, Where where) {
  std::size_t pointer = 0;
  for (Parameter& parameter : parameters) {
    if (parameter.access == Access::number || parameter.access == Access::lock) continue;
    if (pointer < counts.size()) parameter.count = counts[pointer++];
  }
  design_.kernels.push_back({std::move(symbol), std::move(parameters), sizes.program_bytes,
                             sizes.stack_bytes, sizes.static_bytes, where});
  return {last(design_.kernels)};
}

void Builder::program(CoreTile tile, std::vector<Statement> body, int stack_bytes, Where where) {
  design_.cores.push_back({tile, std::move(body), stack_bytes, {}, false, where});
}
void Builder::program_with_locks(CoreTile tile, Call call, std::vector<Core::Share> shares,
                                 int stack_bytes, Where where) {
  design_.cores.push_back(
      {tile, {{std::move(call), where}}, stack_bytes, std::move(shares), true, where});
}

TaskRef Builder::task(Task task, Where where) {
  design_.tasks.push_back(std::move(task));
  const TaskRef ref{last(design_.tasks)};
  design_.sequence.push_back({ref, where});
  return ref;
}
EndRef Builder::shim_consumer(FifoRef ref) const {
  const Fifo& fifo = design_.fifos[static_cast<std::size_t>(ref.index)];
  for (std::size_t i = 0; i < fifo.consumers.size(); ++i) {
    const TileRef tile = fifo.consumers[i].tile;
    if (kind_of(design_.tiles[static_cast<std::size_t>(tile.index)].id) == TileKind::shim) {
      return {ref, static_cast<int>(i)};
    }
  }
  return {ref, 0};
}
TaskRef Builder::move(EndRef end, HostRef host, Slice slice, Where where) {
  const Object& whole = design_.hosts[static_cast<std::size_t>(host.index)].object;
  if (slice.layout.empty()) slice.layout = {{whole.count - slice.offset, 1}};
  Task moved;
  moved.through = end;
  moved.transfers = {{host, slice.offset, std::move(slice.layout), slice.run_stride,
                      slice.run_stride == 0 ? 1 : slice.runs}};
  moved.runs = slice.runs;
  moved.burst_bytes = slice.burst_bytes;
  return task(std::move(moved), where);
}
void Builder::wait(TaskRef task, Where where) {
  design_.sequence.push_back({Wait{task}, where});
}
void Builder::write(ParameterWord word, std::int32_t value, Where where) {
  design_.sequence.push_back({WriteParameter{word.buffer, word.index, value}, where});
}

}  // namespace sotto::npu::design
