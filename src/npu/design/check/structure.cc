#include <algorithm>
#include <set>

#include "npu/design/check/steps.h"

namespace sotto::npu::design {

std::string to_string(TileId tile) {
  const TileKind kind = kind_of(tile);
  return concat(kind == TileKind::shim     ? "shim"
                : kind == TileKind::memory ? "memory"
                                           : "core",
                " (", tile.column, ",", tile.row, ")");
}

std::string describe(const Design& design, EndRef end) {
  const Fifo& fifo = Checking::get(design.fifos, end.fifo.index);
  const FifoEnd& at =
      end.side == kProducer ? *fifo.producer : Checking::get(fifo.consumers, end.side);
  return concat("fifo '", fifo.name, "' at ",
                to_string(Checking::get(design.tiles, at.tile.index).id));
}

namespace {

template <typename T>
void check_names(Checking& c, const std::vector<T>& list, const char* what) {
  std::set<std::string> seen;
  for (const T& item : list) {
    if (item.name.empty() || !seen.insert(item.name).second) {
      c.findings.add(Category::duplicate, item.where, what, " '", item.name,
                     item.name.empty() ? "' has no name" : "' is there already");
    }
  }
}

/// Who works at the ends of FIFOs: programs of cores, links, tasks.
struct Workers {
  std::set<EndRef> ends;
};

void collect(const std::vector<Statement>& body, std::set<EndRef>& ends) {
  for (const Statement& statement : body) {
    if (const auto* release = std::get_if<Release>(&statement.action)) ends.insert(release->end);
    if (const auto* loop = std::get_if<Loop>(&statement.action)) collect(loop->body, ends);
    if (const auto* call = std::get_if<Call>(&statement.action)) {
      for (const Argument& argument : call->arguments) {
        if (const auto* ring = std::get_if<RingBuffer>(&argument)) ends.insert(ring->end);
      }
    }
  }
}

Workers collect_workers(const Design& design) {
  Workers workers;
  for (const Core& core : design.cores) collect(core.body, workers.ends);
  for (const Task& task : design.tasks) {
    if (const auto* end = std::get_if<EndRef>(&task.through)) workers.ends.insert(*end);
  }
  return workers;
}

int links_of(const Design& design, FifoRef fifo, TileRef tile, bool input) {
  int count = 0;
  for (const Link& link : design.links) {
    for (const Link::Piece& piece : input ? link.inputs : link.outputs) {
      count += piece.fifo == fifo && link.tile == tile;
    }
  }
  return count;
}

/// One end: whether anybody fills or empties the FIFO there.
void check_end(Checking& c, EndRef ref, const Workers& workers) {
  const Fifo& fifo = c.at(ref.fifo);
  const FifoEnd& end = c.end(ref);
  const bool sends = ref.side == kProducer;
  const Category nobody = sends ? Category::no_producer : Category::no_consumer;
  const std::string here = describe(c.design, ref);
  const TileKind kind = c.kind(end.tile);
  if (kind == TileKind::core) {
    if (end.depth < 1 || end.depth > kLockMax) {
      c.findings.add(Category::depth, fifo.where, here, ": depth ", end.depth, "; 1 to ", kLockMax,
                     " can be had");
    }
    if (!workers.ends.contains(ref)) {
      const bool has_program = std::any_of(c.design.cores.begin(), c.design.cores.end(),
                                           [&](const Core& core) { return core.tile == end.tile; });
      c.findings.add(
          nobody, fifo.where, here,
          has_program ? ": the core's program never " : ": the core has no program, so nobody ",
          sends ? "fills it" : "empties it");
    }
  }
  if (kind != TileKind::core && end.bank) {
    c.findings.add(Category::bank_bytes, fifo.where, here,
                   ": a bank can be wished for at a core, or by a link");
  }
  if (end.room != 0 && (kind != TileKind::core || fifo.shared || end.room < fifo.object.count)) {
    c.findings.add(Category::layout, fifo.where, here, ": room for ", end.room,
                   " elements; it is had in a core's own buffers, for an object's ",
                   fifo.object.count, " or more");
  }
  if (kind == TileKind::memory) {
    const int links = links_of(c.design, ref.fifo, end.tile, !sends);
    if (links == 0) {
      c.findings.add(nobody, fifo.where, here, ": no link ", sends ? "fills it" : "empties it");
    } else if (links > 1) {
      c.findings.add(Category::link, fifo.where, here, ": is in ", links, " links");
    }
  }
  if (kind == TileKind::shim) {
    if (!workers.ends.contains(ref)) {
      c.findings.add(nobody, fifo.where, here, ": no task of the sequence ",
                     sends ? "fills it" : "drains it");
    }
    if (!end.layout.empty()) {
      c.findings.add(Category::layout, fifo.where, here,
                     ": the layout of host memory belongs to the task");
    }
  }
}

void check_shared(Checking& c, FifoRef ref) {
  const Fifo& fifo = c.at(ref);
  const bool cores = fifo.producer && c.kind(fifo.producer->tile) == TileKind::core;
  if (!cores || fifo.consumers.size() != 1) {
    c.findings.add(Category::reach, fifo.where, "fifo '", fifo.name,
                   "' is shared: that takes two cores, and has ", fifo.consumers.size(),
                   " consumers");
    return;
  }
  if (!fifo.producer->layout.empty() || !fifo.consumers[0].layout.empty()) {
    c.findings.add(Category::layout, fifo.where, "fifo '", fifo.name,
                   "' is shared: no DMA could follow its layouts");
  }
  const TileId from = c.at(fifo.consumers[0].tile).id, memory = c.at(fifo.producer->tile).id;
  if (kind_of(from) != TileKind::core || !core_reaches(neighbour(from, memory))) {
    c.findings.add(Category::reach, fifo.where, "fifo '", fifo.name, "' is shared, but ",
                   to_string(from), " cannot reach the memory of ", to_string(memory),
                   " (a core reaches its own and that to the south, west and north)");
  }
}

void check_fifo(Checking& c, FifoRef ref, const Workers& workers) {
  const Fifo& fifo = c.at(ref);
  if (fifo.object.count < 1) {
    c.findings.add(Category::type_mismatch, fifo.where, "fifo '", fifo.name, "' has objects of ",
                   fifo.object.count, " elements");
  }
  if (fifo.producer) {
    check_end(c, {ref, kProducer}, workers);
  } else {
    c.findings.add(Category::no_producer, fifo.where, "fifo '", fifo.name, "' starts nowhere");
  }
  if (fifo.consumers.empty()) {
    c.findings.add(Category::no_consumer, fifo.where, "fifo '", fifo.name, "' ends nowhere");
  }
  std::set<TileRef> tiles;
  for (int i = 0; i < static_cast<int>(fifo.consumers.size()); ++i) {
    check_end(c, {ref, i}, workers);
    if (!tiles.insert(c.end({ref, i}).tile).second) {
      c.findings.add(Category::duplicate, fifo.where, describe(c.design, {ref, i}),
                     " ends there twice");
    }
  }
  if (fifo.shared) check_shared(c, ref);
  const bool from_memory = fifo.producer && c.kind(fifo.producer->tile) == TileKind::memory;
  if (fifo.repeat < 1 || (fifo.repeat > 1 && !from_memory)) {
    c.findings.add(Category::link, fifo.where, "fifo '", fifo.name, "' repeats its objects ",
                   fifo.repeat, " times; only a link of a memory tile can");
  }
  if (!fifo.padding.empty() && !from_memory) {
    c.findings.add(Category::padding, fifo.where, "fifo '", fifo.name,
                   "': only a memory tile that sends can add zeros");
  }
}

/// The pieces of one side of a link must be its object, without gaps.
void check_pieces(Checking& c, const Link& link, const std::vector<Link::Piece>& side, bool input) {
  std::vector<std::pair<std::int64_t, std::int64_t>> spans;
  for (const Link::Piece& piece : side) {
    const Fifo& fifo = c.at(piece.fifo);
    const int count = input ? fifo.object.count : count_in_memory(fifo);
    spans.push_back({piece.offset, std::int64_t{piece.offset} + count});
    if (fifo.object.element != link.object.element) {
      c.findings.add(Category::type_mismatch, link.where, "fifo '", fifo.name,
                     "' has other elements than the link's object at ",
                     to_string(c.at(link.tile).id));
    }
    if (links_of(c.design, piece.fifo, link.tile, input) != 0) {
      const bool ends_here =
          input ? std::any_of(fifo.consumers.begin(), fifo.consumers.end(),
                              [&](const FifoEnd& end) { return end.tile == link.tile; })
                : fifo.producer && fifo.producer->tile == link.tile;
      if (!ends_here) {
        c.findings.add(Category::link, link.where, "fifo '", fifo.name, "' does not ",
                       input ? "end" : "start", " at ", to_string(c.at(link.tile).id));
      }
    }
  }
  std::sort(spans.begin(), spans.end());
  std::int64_t reached = 0;
  for (const auto& [first, end] : spans) {
    if (first != reached) {
      c.findings.add(Category::link, link.where, "the ", input ? "inputs" : "outputs", " at ",
                     to_string(c.at(link.tile).id), first < reached ? " overlap" : " leave a gap",
                     " at element ", std::min(first, reached));
      return;
    }
    reached = end;
  }
  if (reached != link.object.count) {
    c.findings.add(Category::link, link.where, "the ", input ? "inputs" : "outputs", " at ",
                   to_string(c.at(link.tile).id), " are ", reached, " elements of an object of ",
                   link.object.count);
  }
}

void check_link(Checking& c, const Link& link) {
  const std::string here = to_string(c.at(link.tile).id);
  if (c.kind(link.tile) != TileKind::memory) {
    c.findings.add(Category::link, link.where, "a link stands in a memory tile, not in ", here);
  }
  if (link.depth < 1 || link.depth > kLockMax)
    c.findings.add(Category::depth, link.where, "link at ", here, ": depth ", link.depth, "; 1 to ",
                   kLockMax, " can be had");
  if (link.inputs.empty() || link.outputs.empty() ||
      (link.inputs.size() > 1 && link.outputs.size() > 1)) {
    c.findings.add(Category::link, link.where, "a link at ", here, " of ", link.inputs.size(),
                   " inputs and ", link.outputs.size(), " outputs; one side must be one FIFO");
    return;
  }
  check_pieces(c, link, link.inputs, true);
  check_pieces(c, link, link.outputs, false);
}

}  // namespace

void check_tiles(Checking& c) {
  const Device& device = c.design.device;
  const int most = columns_max(device.generation);
  if (device.columns < 1 || device.columns > most || device.rows != 6) {
    c.findings.add(Category::device, c.design.where, device.columns, " columns and ", device.rows,
                   " rows; this device has 1 to ", most, " columns and 6 rows");
  }
  std::set<TileId> seen;
  for (const Tile& tile : c.design.tiles) {
    if (!device.has(tile.id)) {
      c.findings.add(Category::tile, tile.where, "(", tile.id.column, ",", tile.id.row,
                     ") is outside an array of ", device.columns, " columns and ", device.rows,
                     " rows");
    } else if (tile.drawn && *tile.drawn != kind_of(tile.id)) {
      c.findings.add(Category::tile, tile.where, to_string(tile.id),
                     " is drawn as a core; row 0 has the shims, row 1 the memory tiles, rows 2 to ",
                     device.rows - 1, " the cores");
    } else if (!seen.insert(tile.id).second) {
      c.findings.add(Category::tile, tile.where, to_string(tile.id), " is there already");
    }
  }
}

void check_structure(Checking& c) {
  check_names(c, c.design.fifos, "fifo");
  check_names(c, c.design.buffers, "buffer");
  check_names(c, c.design.locks, "lock");
  check_names(c, c.design.chains, "chain");
  check_names(c, c.design.hosts, "host buffer");
  if (static_cast<int>(c.design.hosts.size()) > kHostBuffersMax) {
    c.findings.add(Category::host_buffers, c.design.hosts.back().where, c.design.hosts.size(),
                   " host buffers; a kernel has ", kHostBuffersMax, " data arguments");
  }
  for (const HostBuffer& host : c.design.hosts) {
    if (host.object.count < 1 || host.object.bytes() > kHostBytesMax) {
      c.findings.add(Category::host_buffers, host.where, "host buffer '", host.name, "' of ",
                     host.object.bytes(), " bytes; 1 to ", kHostBytesMax, " can be had");
    }
  }
  const Workers workers = collect_workers(c.design);
  for (int i = 0; i < static_cast<int>(c.design.fifos.size()); ++i) check_fifo(c, {i}, workers);
  for (const Link& link : c.design.links) check_link(c, link);
}

}  // namespace sotto::npu::design
