// Addresses of buffers. Banks matter: two loads of one cycle from the same bank cost a cycle, so
// each FIFO end's buffers go together into the bank with the most room, unless the design wishes
// otherwise. Where that leaves no room in one piece, and nobody wishes, buffers lie one behind the
// other across banks. The stack of a core lies at the start of its memory, in bank 0.
#include <algorithm>

#include "npu/design/check/steps.h"

namespace sotto::npu::design {
namespace {

struct Block {
  std::string name;
  std::int64_t bytes = 0;
  std::optional<int> bank;
  int buffer = -1;  ///< of the network; -1: constants of the program
  int group = 0;    ///< buffers of one FIFO end
  Where where;
};

class TileMemory {
 public:
  TileMemory(Checking& c, int tile) : c_(c), tile_({tile}), facts_(memory_of(c.kind({tile}))) {}

  void run() {
    collect();
    if (blocks_.empty() && stack_ == 0) return;
    if (!check_total()) return;
    holes_ = {{align(stack_), facts_.bytes}};
    std::stable_sort(blocks_.begin(), blocks_.end(), before);
    for (std::size_t first = 0; first < blocks_.size();) {
      std::size_t end = first + 1;
      while (end < blocks_.size() && blocks_[end].group == blocks_[first].group) ++end;
      place_group(first, end);
      first = end;
    }
    if (misfit_ == nullptr) return;
    if (std::none_of(blocks_.begin(), blocks_.end(), [](const Block& b) { return b.bank; })) {
      return place_in_a_row();
    }
    c_.findings.add(Category::memory_bytes, misfit_->where, to_string(c_.at(tile_).id),
                    ": no room for '", misfit_->name, "', ", misfit_->bytes,
                    " bytes: what the wished banks leave is in pieces");
  }

 private:
  struct Hole {
    std::int64_t first, end;
  };
  static std::int64_t align(std::int64_t bytes) {
    return (bytes + kBufferAlignment - 1) / kBufferAlignment * kBufferAlignment;
  }
  /// Wishes first, then what is larger than a bank must be, then by size.
  static bool before(const Block& a, const Block& b) {
    if (a.bank.has_value() != b.bank.has_value()) return a.bank.has_value();
    return a.bytes != b.bytes ? a.bytes > b.bytes : a.group < b.group;
  }

  void collect() {
    const Network& network = c_.plan.network;
    std::map<int, int> groups;
    for (const auto& [end, ring] : network.rings) {
      for (const BufferRef buffer : ring.buffers) groups[buffer.index] = ring.buffers[0].index;
    }
    for (int i = 0; i < static_cast<int>(network.buffers.size()); ++i) {
      const Buffer& buffer = c_.at(BufferRef{i});
      if (buffer.tile != tile_) continue;
      const int group = groups.contains(i) ? groups[i] : i;
      blocks_.push_back(
          {buffer.name, align(buffer.object.bytes()), buffer.bank, i, group, buffer.where});
    }
    for (const Core& core : c_.design.cores) {
      if (core.tile != tile_) continue;
      stack_ = core.stack_bytes;
      std::map<KernelRef, bool> seen;
      add_constants(core.body, seen);
    }
  }
  void add_constants(const std::vector<Statement>& body, std::map<KernelRef, bool>& seen) {
    for (const Statement& statement : body) {
      if (const auto* loop = std::get_if<Loop>(&statement.action)) add_constants(loop->body, seen);
      const auto* call = std::get_if<Call>(&statement.action);
      if (call == nullptr || !seen.insert({call->kernel, true}).second) continue;
      const Kernel& kernel = c_.at(call->kernel);
      if (kernel.static_bytes == 0) continue;
      blocks_.push_back({kernel.symbol + " (constants)",
                         align(kernel.static_bytes),
                         {},
                         -1,
                         -1 - static_cast<int>(seen.size()),
                         kernel.where});
    }
  }

  bool check_total() {
    std::int64_t total = align(stack_);
    const Block* largest = nullptr;
    for (const Block& block : blocks_) {
      total += block.bytes;
      if (largest == nullptr || block.bytes > largest->bytes) largest = &block;
    }
    if (total <= facts_.bytes) return true;
    c_.findings.add(Category::memory_bytes, largest ? largest->where : c_.at(tile_).where,
                    to_string(c_.at(tile_).id), ": ", total, " bytes (", blocks_.size(),
                    " buffers, the largest is '", largest ? largest->name : "", "' of ",
                    largest ? largest->bytes : 0, "; stack ", stack_, "); there are ",
                    facts_.bytes);
    return false;
  }

  std::int64_t bank_first(int bank) const { return bank * facts_.bank_bytes(); }

  /// The first place of so many bytes between two addresses, or -1.
  std::int64_t find(std::int64_t bytes, std::int64_t first, std::int64_t end) const {
    for (const Hole& hole : holes_) {
      const std::int64_t at = std::max(hole.first, first);
      if (at + bytes <= std::min(hole.end, end)) return at;
    }
    return -1;
  }
  std::int64_t room(int bank) const {
    std::int64_t most = 0;
    const std::int64_t first = bank_first(bank), end = bank_first(bank + 1);
    for (const Hole& hole : holes_) {
      most = std::max(most, std::min(hole.end, end) - std::max(hole.first, first));
    }
    return most;
  }
  std::optional<int> roomiest(std::int64_t bytes) const {
    std::optional<int> best;
    for (int bank = 0; bank < facts_.banks; ++bank) {
      if (room(bank) >= bytes && (!best || room(bank) > room(*best))) best = bank;
    }
    return best;
  }

  void take(const Block& block, std::int64_t at) {
    if (block.buffer >= 0) c_.plan.addresses[static_cast<std::size_t>(block.buffer)] = at;
    std::vector<Hole> rest;
    for (const Hole& hole : holes_) {
      const std::int64_t end = at + block.bytes;
      if (end <= hole.first || at >= hole.end) {
        rest.push_back(hole);
        continue;
      }
      if (hole.first < at) rest.push_back({hole.first, at});
      if (end < hole.end) rest.push_back({end, hole.end});
    }
    holes_ = std::move(rest);
  }

  void place_group(std::size_t first, std::size_t end) {
    std::int64_t bytes = 0;
    for (std::size_t i = first; i < end; ++i) bytes += blocks_[i].bytes;
    const std::optional<int> together = roomiest(bytes);
    for (std::size_t i = first; i < end; ++i) {
      const Block& block = blocks_[i];
      std::int64_t at = -1;
      if (block.bank) {
        at = place_wish(block);
        if (at < 0) continue;
      } else {
        const std::optional<int> bank = together ? together : roomiest(block.bytes);
        if (bank) at = find(block.bytes, bank_first(*bank), bank_first(*bank + 1));
        if (at < 0) at = find(block.bytes, 0, facts_.bytes);
      }
      if (at < 0) {
        misfit_ = &block;
        continue;
      }
      take(block, at);
    }
  }

  void place_in_a_row() {
    std::int64_t at = align(stack_);
    for (const Block& block : blocks_) {
      take(block, at);
      at += block.bytes;
    }
  }

  std::int64_t place_wish(const Block& block) {
    const int bank = *block.bank;
    if (bank < 0 || bank >= facts_.banks) {
      c_.findings.add(Category::bank_bytes, block.where, to_string(c_.at(tile_).id), ": '",
                      block.name, "' wishes for bank ", bank, " of ", facts_.banks);
      return -1;
    }
    // What is larger than a bank starts in it and goes on in the next.
    const std::int64_t end =
        block.bytes > facts_.bank_bytes() ? facts_.bytes : bank_first(bank + 1);
    const std::int64_t at = find(block.bytes, bank_first(bank), end);
    if (at < 0 || at >= bank_first(bank + 1)) {
      c_.findings.add(Category::bank_bytes, block.where, to_string(c_.at(tile_).id), ": '",
                      block.name, "' of ", block.bytes, " bytes wishes for bank ", bank, ", where ",
                      room(bank), " of ", facts_.bank_bytes(), " are left",
                      bank == 0 && stack_ > 0 ? concat(" (the stack takes ", stack_, ")") : "");
      return -1;
    }
    return at;
  }

  Checking& c_;
  const TileRef tile_;
  const MemoryFacts& facts_;
  std::int64_t stack_ = 0;
  std::vector<Block> blocks_;
  std::vector<Hole> holes_;
  const Block* misfit_ = nullptr;  ///< the last one without room
};

}  // namespace

void place_buffers(Checking& c) {
  c.plan.addresses.assign(c.plan.network.buffers.size(), -1);
  for (int i = 0; i < static_cast<int>(c.design.tiles.size()); ++i) {
    if (c.kind({i}) != TileKind::shim) TileMemory(c, i).run();
  }
  for (const Buffer& buffer : c.plan.network.buffers) {
    const bool shim = c.kind(buffer.tile) == TileKind::shim;
    if (shim || buffer.object.count < 1 ||
        static_cast<std::int64_t>(buffer.initial.size()) > buffer.object.bytes()) {
      c.findings.add(Category::memory_bytes, buffer.where, "buffer '", buffer.name, "' of ",
                     buffer.object.bytes(), " bytes at ", to_string(c.at(buffer.tile).id),
                     shim ? ": a shim has no memory" : ": it has no bytes, or more initial ones");
    }
  }
}

}  // namespace sotto::npu::design
