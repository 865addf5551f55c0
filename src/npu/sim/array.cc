#include "npu/sim/array.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"

namespace sotto::npu::sim {

using design::ArrayProgram;
using design::DescriptorFields;
using design::QueueEntry;

namespace {

constexpr std::int64_t kBytesBehind = 0x4000;

/// Where data argument n lies for a shim: 48 bits of address, 40 for each.
constexpr int kHostShift = 40;

std::uint32_t u32(std::uint64_t value) {
  return static_cast<std::uint32_t>(value);
}

}  // namespace

std::string to_string(TileId tile) {
  const char* kinds[] = {"shim", "memory", "core"};
  return concat(kinds[static_cast<int>(kind_of(tile))], " (", tile.column, ",", tile.row, ")");
}

std::string to_string(const Channel& channel) {
  return concat(channel.direction == Direction::s2mm ? "s2mm " : "mm2s ", channel.number, " of ",
                to_string(channel.tile), ", '", channel.name, "'");
}

std::string to_string(const Where& where) {
  if (where.line() == 0) return {};
  const std::string file = where.file_name();
  return concat(file.substr(file.find_last_of('/') + 1), ":", where.line());
}

Array::Array(const ArrayProgram& program, const Costs& costs,
             std::vector<std::span<std::byte>> hosts)
    : program_(program), hosts_(std::move(hosts)) {
  hosts_.resize(program.host_buffers.size());
  load_memory();
  load_channels();
  load_flows(costs);
}

void Array::load_memory() {
  for (int column = 0; column < program_.device.columns; ++column) {
    for (int row = 0; row < program_.device.rows; ++row) {
      const TileId tile{column, row};
      const MemoryFacts& facts = memory_of(kind_of(tile));
      first_lock_.push_back(static_cast<int>(locks_.size()));
      for (int id = 0; id < facts.locks; ++id) locks_.push_back({{}, tile, id, 0, {}});
      const std::int64_t behind = kind_of(tile) == TileKind::core ? kBytesBehind : 0;
      memories_.emplace_back(static_cast<std::size_t>(facts.bytes + behind) / sizeof(Line));
      const DmaFacts& dma = dma_of(kind_of(tile));
      descriptors_.emplace_back(
          static_cast<std::size_t>(dma.buffer_descriptors),
          Descriptor{std::vector<std::uint32_t>(static_cast<std::size_t>(dma.bd_words), 0), {}});
    }
  }
  for (const design::ProgramLock& lock : program_.locks) {
    Lock& here = locks_[static_cast<std::size_t>(
        first_lock_[static_cast<std::size_t>(tile_index(lock.tile))] + lock.id)];
    here = {lock.name, lock.tile, lock.id, lock.initial, lock.where};
  }
  for (const design::ProgramBuffer& buffer : program_.buffers) {
    if (buffer.initial.empty()) continue;
    std::memcpy(at({tile_index(buffer.tile), buffer.address}), buffer.initial.data(),
                buffer.initial.size());
  }
  for (const design::ProgramDescriptor& placed : program_.descriptors) {
    Descriptor& descriptor = descriptor_at(placed.tile, static_cast<std::uint32_t>(placed.id));
    descriptor.words = pack(kind_of(placed.tile), placed.fields);
    descriptor.fields = design::unpack(kind_of(placed.tile), descriptor.words);
  }
}

int Array::add_channel(std::string name, TileId tile, Direction direction, int number,
                       Where where) {
  const auto key = std::pair(tile, std::pair(direction, number));
  if (!channel_index_.try_emplace(key, 0).second) {
    fail(ErrorKind::usage, "simulator: ", to_string(tile), " starts a channel twice: '", name, "'");
  }
  Channel channel;
  channel.name = std::move(name);
  channel.tile = tile;
  channel.direction = direction;
  channel.number = number;
  channel.where = where;
  channels_.push_back(std::move(channel));
  return static_cast<int>(channels_.size()) - 1;
}

void Array::load_channels() {
  for (const design::ProgramShimMux& mux : program_.shim_muxes) {
    add_channel(mux.name, mux.tile, mux.direction, mux.channel, mux.where);
  }
  for (const design::ProgramStart& start : program_.starts) {
    const int index =
        add_channel(start.name, start.tile, start.direction, start.channel, start.where);
    channels_[static_cast<std::size_t>(index)].queue.push_back(start.entry);
  }
  const auto key = [](const Channel& c) { return std::tuple(c.tile, c.direction, c.number); };
  std::sort(channels_.begin(), channels_.end(),
            [&](const Channel& a, const Channel& b) { return key(a) < key(b); });
  for (std::size_t i = 0; i < channels_.size(); ++i) {
    const Channel& channel = channels_[i];
    channel_index_[{channel.tile, {channel.direction, channel.number}}] = static_cast<int>(i);
  }
}

int Array::channel_at(TileId tile, Direction direction, int number) const {
  const auto found = channel_index_.find({tile, {direction, number}});
  return found == channel_index_.end() ? -1 : found->second;
}

/// From the input of a switch box to every channel that receives from it.
void Array::follow(TileId tile, Port input, Cycle latency, const Costs& costs, Flow& flow,
                   int depth) {
  if (depth > 64) fail(ErrorKind::usage, "simulator: stream '", flow.name, "' runs in a circle");
  const TileKind kind = kind_of(tile);
  const auto is_local = [&](Port port) {
    return !is_side(port.bundle) || (kind == TileKind::shim && port.bundle == Bundle::south);
  };
  for (const design::ProgramConnection& made : program_.connections) {
    if (made.tile != tile || made.input != input) continue;
    if (flow.name.empty()) flow.name = made.stream, flow.where = made.where;
    const bool from = is_local(input), to = is_local(made.output);
    const Cycle here = latency + (from ? (to ? costs.local_to_local : costs.local_to_side)
                                       : (to ? costs.side_to_local : costs.side_to_side));
    if (!to) {
      follow(beyond(tile, made.output.bundle), {opposite(made.output.bundle), made.output.index},
             here, costs, flow, depth + 1);
      continue;
    }
    for (int number = 0; number < dma_of(kind).channels; ++number) {
      if (dma_port(kind, Direction::s2mm, number) != made.output) continue;
      const int channel = channel_at(tile, Direction::s2mm, number);
      if (channel < 0) continue;
      channels_[static_cast<std::size_t>(channel)].sink = static_cast<int>(flow.sinks.size());
      channels_[static_cast<std::size_t>(channel)].flow = static_cast<int>(flows_.size());
      flow.sinks.push_back({channel, here, static_cast<int>(here) + costs.ingress_words});
    }
  }
}

void Array::load_flows(const Costs& costs) {
  for (std::size_t i = 0; i < channels_.size(); ++i) {
    Channel& channel = channels_[i];
    if (channel.direction != Direction::mm2s) continue;
    Flow flow;
    flow.source = static_cast<int>(i);
    channel.flow = static_cast<int>(flows_.size());
    follow(channel.tile, dma_port(channel.kind(), Direction::mm2s, channel.number), 0, costs, flow,
           0);
    if (flow.name.empty()) flow.name = channel.name, flow.where = channel.where;
    flows_.push_back(std::move(flow));
  }
}

int Array::dma_lock(TileId tile, std::uint32_t id) const {
  const int number = static_cast<int>(id);
  if (kind_of(tile) != TileKind::memory) {
    if (number >= memory_of(kind_of(tile)).locks) return -1;
    return first_lock_[static_cast<std::size_t>(tile_index(tile))] + number;
  }
  const TileId owner{tile.column + number / 64 - 1, tile.row};
  if (!program_.device.has(owner)) return -1;
  return first_lock_[static_cast<std::size_t>(tile_index(owner))] + number % 64;
}

int Array::core_lock(TileId tile, int id) const {
  const TileId owners[] = {
      {tile.column, tile.row - 1}, {tile.column - 1, tile.row}, {tile.column, tile.row + 1}, tile};
  if (id < 0 || id >= 64) return -1;
  const TileId owner = owners[id / 16];
  if (!program_.device.has(owner) || kind_of(owner) != TileKind::core) return -1;
  return first_lock_[static_cast<std::size_t>(tile_index(owner))] + id % 16;
}

Place Array::core_place(TileId tile, std::uint32_t address) const {
  for (const Neighbour where :
       {Neighbour::south, Neighbour::west, Neighbour::north, Neighbour::self}) {
    const Window window = core_window(where);
    if (address < window.address || address >= window.address + kCoreMemory.bytes) continue;
    const TileId owner = where == Neighbour::south   ? TileId{tile.column, tile.row - 1}
                         : where == Neighbour::west  ? TileId{tile.column - 1, tile.row}
                         : where == Neighbour::north ? TileId{tile.column, tile.row + 1}
                                                     : tile;
    if (!program_.device.has(owner) || kind_of(owner) != TileKind::core) break;
    return {tile_index(owner), address - window.address};
  }
  fail(ErrorKind::usage, "simulator: ", to_string(tile), " reaches no memory at ", address);
}

Place Array::dma_place(TileId tile, std::int64_t byte) const {
  TileId owner = tile;
  if (kind_of(tile) == TileKind::memory) {
    owner.column += static_cast<int>(byte / kMemoryMemory.bytes) - 1;
    byte %= kMemoryMemory.bytes;
  }
  if (!program_.device.has(owner) || byte < 0 || byte >= memory_of(kind_of(tile)).bytes) {
    fail(ErrorKind::usage, "simulator: the DMA of ", to_string(tile), " reaches no memory at byte ",
         byte);
  }
  return {tile_index(owner), static_cast<std::uint32_t>(byte)};
}

std::byte* Array::at(Place place) {
  std::vector<Line>& memory = memories_[static_cast<std::size_t>(place.memory)];
  return memory[place.byte / sizeof(Line)].bytes + place.byte % sizeof(Line);
}

std::span<const std::byte> Array::memory(int index) const {
  return std::as_bytes(std::span(memories_[static_cast<std::size_t>(index)]));
}

std::uint32_t Array::load(Place place) {
  std::uint32_t word = 0;
  std::memcpy(&word, at(place), sizeof(word));
  return word;
}

void Array::store(Place place, std::uint32_t word) {
  std::memcpy(at(place), &word, sizeof(word));
}

std::string Array::buffer_at(Place place) const {
  for (const design::ProgramBuffer& buffer : program_.buffers) {
    if (tile_index(buffer.tile) == place.memory && buffer.address <= place.byte &&
        place.byte < buffer.address + buffer.bytes) {
      return concat("'", buffer.name, "'");
    }
  }
  return concat("byte ", place.byte);
}

std::uint32_t Array::bytes_from(Place place) const {
  for (const design::ProgramBuffer& buffer : program_.buffers) {
    if (tile_index(buffer.tile) == place.memory && buffer.address <= place.byte &&
        place.byte < buffer.address + buffer.bytes) {
      return buffer.address + buffer.bytes - place.byte;
    }
  }
  return 0;
}

std::byte* Array::host_at(std::uint64_t address) {
  const std::uint64_t argument = (address >> kHostShift) - 1;
  const std::uint64_t offset = address & ((std::uint64_t{1} << kHostShift) - 1);
  if (argument >= hosts_.size() || offset + kWordBytes > hosts_[argument].size()) {
    fail(ErrorKind::usage, "simulator: a shim reaches byte ", offset, " of data argument ",
         static_cast<std::int64_t>(argument), ", which is not there");
  }
  return hosts_[argument].data() + offset;
}

bool Array::push(int index, const QueueEntry& entry) {
  Channel& channel = channels_[static_cast<std::size_t>(index)];
  if (static_cast<int>(channel.queue.size()) + channel.running >= kTaskQueueDepth) return false;
  channel.queue.push_back(entry);
  return true;
}

void Array::begin_task(Channel& channel) {
  channel.task = channel.queue.front();
  channel.queue.pop_front();
  channel.running = channel.first = true;
  channel.runs_left = channel.task.runs;
  channel.descriptor = channel.task.descriptor;
}

Array::Descriptor& Array::descriptor_at(TileId tile, std::uint32_t id) {
  auto& all = descriptors_[static_cast<std::size_t>(tile_index(tile))];
  if (id >= all.size()) {
    fail(ErrorKind::usage, "simulator: ", to_string(tile), " has no descriptor ", id);
  }
  return all[id];
}

const DescriptorFields& Array::descriptor(const Channel& channel) const {
  const auto& all = descriptors_[static_cast<std::size_t>(tile_index(channel.tile))];
  SOTTO_CHECK(channel.descriptor < all.size());
  return all[channel.descriptor].fields;
}

bool Array::next_descriptor(Channel& channel) {
  DescriptorFields& fields = descriptor_at(channel.tile, channel.descriptor).fields;
  if (fields.iteration_wrap > 1) {
    fields.iteration_current = (fields.iteration_current + 1) % fields.iteration_wrap;
  }
  channel.first = false;
  if (fields.has_next) {
    channel.descriptor = fields.next;
    return true;
  }
  if (--channel.runs_left == 0) {
    channel.running = false;
    return false;
  }
  channel.descriptor = channel.task.descriptor;
  return true;
}

/// What an address of the controller means.
struct Array::Register {
  enum class Kind : std::uint8_t { memory, descriptor, control, queue, lock } kind;
  TileId tile;
  std::uint32_t offset = 0;  ///< memory: byte; descriptor, lock: number
  std::uint32_t word = 0;    ///< of a descriptor
  int channel = -1;
};

Array::Register Array::decode(std::uint32_t address) const {
  using Kind = Register::Kind;
  const TileId tile{static_cast<int>(address >> kColumnShift),
                    static_cast<int>(address >> kRowShift & 0x1F)};
  const std::uint32_t offset = address & ((1u << kRowShift) - 1);
  if (!program_.device.has(tile)) {
    fail(ErrorKind::usage, "simulator: the sequence writes to ", to_string(tile));
  }
  const TileKind kind = kind_of(tile);
  const MemoryFacts& memory = memory_of(kind);
  const DmaFacts& dma = dma_of(kind);
  if (offset < memory.bytes) return {Kind::memory, tile, offset, 0, -1};
  if (offset >= dma.bd_base && offset < dma.bd_base + u32(dma.buffer_descriptors) * kBdStride) {
    const std::uint32_t at = offset - dma.bd_base;
    return {Kind::descriptor, tile, at / kBdStride, at % kBdStride / kWordBytes, -1};
  }
  if (offset >= memory.lock_base && offset < memory.lock_base + u32(memory.locks) * 16) {
    return {Kind::lock, tile, (offset - memory.lock_base) / 16, 0, -1};
  }
  for (const Direction direction : {Direction::s2mm, Direction::mm2s}) {
    for (int number = 0; number < dma.channels; ++number) {
      const std::uint32_t control = design::channel_register(kind, direction, number);
      if (offset != control && offset != control + design::kQueueOffset) continue;
      return {offset == control ? Kind::control : Kind::queue, tile, 0, 0,
              channel_at(tile, direction, number)};
    }
  }
  fail(ErrorKind::usage, "simulator: the sequence writes to unknown register ", offset, " of ",
       to_string(tile));
}

Array::Written Array::write(std::uint32_t address, std::uint32_t value) {
  using Kind = Register::Kind;
  const Register target = decode(address);
  switch (target.kind) {
    case Kind::memory:
      store({tile_index(target.tile), target.offset}, value);
      return {.place = {tile_index(target.tile), target.offset}};
    case Kind::descriptor: {
      Descriptor& descriptor = descriptor_at(target.tile, target.offset);
      if (target.word >= descriptor.words.size()) return {};
      descriptor.words[target.word] = value;
      descriptor.fields = design::unpack(kind_of(target.tile), descriptor.words);
      return {};
    }
    case Kind::lock: {
      const int lock = first_lock_[static_cast<std::size_t>(tile_index(target.tile))] +
                       static_cast<int>(target.offset);
      locks_[static_cast<std::size_t>(lock)].value = static_cast<int>(value);
      return {.lock = lock};
    }
    case Kind::control:
      return {};
    case Kind::queue:
      break;
  }
  if (target.channel < 0) {
    fail(ErrorKind::usage, "simulator: the sequence gives a task to a channel of ",
         to_string(target.tile), " that has no stream");
  }
  const bool taken = push(target.channel, design::unpack_queue_entry(value));
  return {.channel = target.channel, .dropped = !taken};
}

std::uint32_t Array::read(std::uint32_t address) const {
  const Register target = decode(address);
  if (target.kind != Register::Kind::descriptor) return 0;
  const auto& all = descriptors_[static_cast<std::size_t>(tile_index(target.tile))];
  const auto& words = all[target.offset].words;
  return target.word < words.size() ? words[target.word] : 0;
}

bool Array::is_queue(std::uint32_t address) const {
  return decode(address).kind == Register::Kind::queue;
}

void Array::patch(std::uint32_t address, std::uint32_t argument, std::uint32_t offset) {
  const std::uint32_t high = read(address + kWordBytes);
  std::uint64_t sum = (read(address) & ~3u) | std::uint64_t{high & 0xFFFF} << 32;
  sum += (std::uint64_t{argument} + 1) << kHostShift;
  sum += offset;
  write(address, u32(sum));
  write(address + kWordBytes, (high & ~0xFFFFu) | (u32(sum >> 32) & 0xFFFF));
}

}  // namespace sotto::npu::sim
