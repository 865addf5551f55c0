#include "npu/design/network.h"

#include <algorithm>

#include "base/error.h"

namespace sotto::npu::design {
namespace {

/// Depths and repeats that cannot be are reported elsewhere; here they stay finite.
int depth_of(int depth) {
  return std::clamp(depth, 1, kLockMax);
}
int repeat_of(const Fifo& fifo) {
  return std::clamp(fifo.repeat, 1, kLockMax + 1);
}

class Expansion {
 public:
  explicit Expansion(const Design& design)
      : design_(design),
        network_{design.buffers, design.locks, design.chains, design.flows, {}, {}} {}

  Network run() {
    for (const Link& link : design_.links) add_link(link);
    for (int i = 0; i < static_cast<int>(design_.fifos.size()); ++i) add_fifo({i});
    return std::move(network_);
  }

 private:
  const Fifo& fifo(FifoRef ref) const { return design_.fifos[static_cast<std::size_t>(ref.index)]; }
  TileKind kind(TileRef tile) const {
    return kind_of(design_.tiles[static_cast<std::size_t>(tile.index)].id);
  }

  BufferRef add_buffer(std::string name, TileRef tile, Object object, std::optional<int> bank,
                       Where where) {
    network_.buffers.push_back({std::move(name), tile, object, bank, {}, false, where});
    return {static_cast<int>(network_.buffers.size()) - 1};
  }
  LockRef add_lock(std::string name, TileRef tile, int initial, Where where) {
    network_.locks.push_back({std::move(name), tile, initial, where});
    return {static_cast<int>(network_.locks.size()) - 1};
  }
  ChainRef add_chain(EndRef end, const FifoEnd& at, Direction direction, std::vector<Bd> bds) {
    network_.chains.push_back({fifo(end.fifo).name, at.tile, direction, std::move(bds), true, 1,
                               at.channel, fifo(end.fifo).where});
    const ChainRef ref{static_cast<int>(network_.chains.size()) - 1};
    network_.end_chains[end] = ref;
    return ref;
  }
  static Direction direction(EndRef end) {
    return end.side == kProducer ? Direction::mm2s : Direction::s2mm;
  }
  const FifoEnd* end_at(EndRef end) const {
    const Fifo& f = fifo(end.fifo);
    if (end.side == kProducer) return f.producer ? &*f.producer : nullptr;
    return &f.consumers[static_cast<std::size_t>(end.side)];
  }

  Ring make_ring(EndRef end, const FifoEnd& at) {
    const Fifo& f = fifo(end.fifo);
    const std::string name =
        f.name + (end.side == kProducer ? ".out" : ".in" + std::to_string(end.side));
    Ring ring;
    for (int i = 0; i < depth_of(at.depth); ++i) {
      ring.buffers.push_back(add_buffer(name + "[" + std::to_string(i) + "]", at.tile,
                                        buffer_object(f, at), at.bank, f.where));
    }
    ring.empty = add_lock(name + ".empty", at.tile, depth_of(at.depth), f.where);
    ring.full = add_lock(name + ".full", at.tile, 0, f.where);
    network_.rings[end] = ring;
    return ring;
  }

  /// An end in a core tile: ring and chain.
  void add_core_end(EndRef end, const FifoEnd& at) {
    const Fifo& f = fifo(end.fifo);
    const Ring ring = make_ring(end, at);
    const bool sends = end.side == kProducer;
    std::vector<Bd> bds;
    for (const BufferRef buffer : ring.buffers) {
      bds.push_back({.buffer = buffer,
                     .count = f.object.count,
                     .layout = at.layout,
                     .acquire = Bd::Use{sends ? ring.full : ring.empty, 1},
                     .release = Bd::Use{sends ? ring.empty : ring.full, 1},
                     .where = f.where});
    }
    add_chain(end, at, direction(end), std::move(bds));
  }

  void add_end(EndRef end, const FifoEnd& at) {
    if (kind(at.tile) == TileKind::core) add_core_end(end, at);
    if (kind(at.tile) == TileKind::shim) add_chain(end, at, direction(end), {});
  }

  /// Between neighbours that share the producer's memory: one ring for both.
  void add_shared(FifoRef ref, const Fifo& f) {
    if (!f.producer || kind(f.producer->tile) != TileKind::core) return;
    const Ring ring = make_ring({ref, kProducer}, *f.producer);
    for (int i = 0; i < static_cast<int>(f.consumers.size()); ++i) network_.rings[{ref, i}] = ring;
  }

  void add_fifo(FifoRef ref) {
    const Fifo& f = fifo(ref);
    if (f.shared) return add_shared(ref, f);
    if (f.producer) add_end({ref, kProducer}, *f.producer);
    for (int i = 0; i < static_cast<int>(f.consumers.size()); ++i) {
      add_end({ref, i}, f.consumers[static_cast<std::size_t>(i)]);
    }
    Flow flow{f.name, {}, {}, f.where};
    for (const auto& [end, chain] : network_.end_chains) {
      if (end.fifo != ref) continue;
      if (end.side == kProducer) {
        flow.from = chain;
      } else {
        flow.to.push_back(chain);
      }
    }
    if (flow.from.index >= 0 && !flow.to.empty()) network_.flows.push_back(std::move(flow));
  }

  /// The consumer of a FIFO that ends in this memory tile, or its producer there.
  std::optional<EndRef> end_in(FifoRef ref, TileRef tile, bool input) const {
    const Fifo& f = fifo(ref);
    if (!input) {
      return f.producer && f.producer->tile == tile ? std::optional(EndRef{ref, kProducer})
                                                    : std::nullopt;
    }
    for (int i = 0; i < static_cast<int>(f.consumers.size()); ++i) {
      if (f.consumers[static_cast<std::size_t>(i)].tile == tile) return EndRef{ref, i};
    }
    return std::nullopt;
  }

  struct Piece {
    int offset, count, repeat;
    LockRef empty, full;
  };
  std::vector<Piece> make_pieces(const Link& link, const std::string& name) {
    const bool split_outputs = link.outputs.size() > 1;
    std::vector<Piece> pieces;
    for (const Link::Piece& part : split_outputs ? link.outputs : link.inputs) {
      const Fifo& sent = fifo(split_outputs ? part.fifo : link.outputs.front().fifo);
      Piece piece{part.offset,
                  split_outputs ? count_in_memory(sent) : fifo(part.fifo).object.count,
                  repeat_of(sent),
                  {},
                  {}};
      const std::string suffix = fifo(part.fifo).name;
      piece.empty = add_lock(name + "." + suffix + ".empty", link.tile,
                             depth_of(link.depth) * piece.repeat, link.where);
      piece.full = add_lock(name + "." + suffix + ".full", link.tile, 0, link.where);
      pieces.push_back(piece);
    }
    return pieces;
  }

  Bd bd(BufferRef buffer, const Piece& piece, EndRef end, const FifoEnd& at, Where where) const {
    const bool sends = end.side == kProducer;
    const int value = sends ? 1 : piece.repeat;
    return {.buffer = buffer,
            .offset = piece.offset,
            .count = piece.count,
            .layout = at.layout,
            .padding = sends ? fifo(end.fifo).padding : std::vector<Pad>{},
            .acquire = Bd::Use{sends ? piece.full : piece.empty, value},
            .release = Bd::Use{sends ? piece.empty : piece.full, value},
            .where = where};
  }

  /// The chain of one FIFO of a link: all pieces of each buffer, or one.
  void add_link_chain(const Link& link, const Link::Piece& part, bool input,
                      const std::vector<BufferRef>& buffers, const std::vector<Piece>& pieces) {
    const auto end = end_in(part.fifo, link.tile, input);
    if (!end) return;
    const FifoEnd& at = *end_at(*end);
    const auto& side = input ? link.inputs : link.outputs;
    const std::size_t own = static_cast<std::size_t>(&part - side.data());
    std::vector<Bd> bds;
    for (const BufferRef buffer : buffers) {
      const int repeat = input ? 1 : repeat_of(fifo(part.fifo));
      for (int r = 0; r < repeat; ++r) {
        for (std::size_t i = 0; i < pieces.size(); ++i) {
          if (side.size() > 1 && i != own) continue;
          bds.push_back(bd(buffer, pieces[i], *end, at, fifo(part.fifo).where));
        }
      }
    }
    add_chain(*end, at, direction(*end), std::move(bds));
  }

  void add_link(const Link& link) {
    if (link.inputs.empty() || link.outputs.empty()) return;
    if (link.inputs.size() > 1 && link.outputs.size() > 1) return;
    const std::string name =
        link.inputs.size() > 1 ? fifo(link.outputs[0].fifo).name : fifo(link.inputs[0].fifo).name;
    std::vector<BufferRef> buffers;
    for (int i = 0; i < depth_of(link.depth); ++i) {
      std::optional<int> bank = link.bank;
      if (bank) *bank += i;
      buffers.push_back(add_buffer(name + ".link[" + std::to_string(i) + "]", link.tile,
                                   link.object, bank, link.where));
    }
    const std::vector<Piece> pieces = make_pieces(link, name);
    for (const Link::Piece& part : link.inputs) add_link_chain(link, part, true, buffers, pieces);
    for (const Link::Piece& part : link.outputs) add_link_chain(link, part, false, buffers, pieces);
  }

  const Design& design_;
  Network network_;
};

}  // namespace

Network expand(const Design& design) {
  return Expansion(design).run();
}

}  // namespace sotto::npu::design
