#include "npu/kernels/network_testing.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace sotto::npu::kernels::testing {
namespace {

constexpr int kOwnLock = 48;
constexpr int kObject = kTile * kTile;
constexpr unsigned kOutEmpty = 4, kOutFull = 5;

/// What a buffer holds that the core no longer owns.
const bfloat16 kPoison = bfloat16(std::numeric_limits<float>::quiet_NaN());

}  // namespace

NetworkCore::NetworkCore(int row, int column, int rows, int columns)
    : host::LockPorts("the encoder's cores"), program_([this, row, column, rows, columns] {
        encoder_core(a_.buffers.data(), a_.buffers.data() + kObject, b_.buffers.data(),
                     b_.buffers.data() + kObject, c_.data(), out_.data(), out_.data() + kStrip,
                     workspace_.data(), kOwnLock + 0, kOwnLock + 1, kOwnLock + 2, kOwnLock + 3,
                     kOwnLock + 4, kOwnLock + 5, row, column, rows, columns);
      }) {
  state_.ports = this;
  for (Buffer<bfloat16>* buffer : {&a_.buffers, &b_.buffers, &out_}) {
    std::fill(buffer->begin(), buffer->end(), kPoison);
  }
}

int& NetworkCore::lock(unsigned id) {
  return locks_.at(id - kOwnLock);
}

void NetworkCore::acquire_greater_equal(unsigned id, int value) {
  while (lock(id) < value) host::Fiber::suspend();
  lock(id) -= value;
  ++acquired_;
}

void NetworkCore::release(unsigned id, int value) {
  lock(id) += value;
  for (Feed* feed : {&a_, &b_}) {
    if (id - kOwnLock != feed->empty) continue;
    // From here on the DMA may write: what the core still read there would be anything.
    for (int i = 0; i < value; ++i, feed->freed ^= 1) {
      std::fill_n(feed->buffers.data() + feed->freed * kObject, kObject, kPoison);
    }
  }
}

bool NetworkCore::at_rest() const {
  return !ended() && locks_ == std::array<int, 6>{2, 0, 2, 0, 2, 0};
}

bool NetworkCore::resume() {
  if (ended()) return false;
  const std::uint64_t before = acquired_;
  const host::CoreScope scope(state_);
  program_.resume();
  return acquired_ != before || ended();
}

void NetworkCore::bring(bool a, Object object) {
  Feed& feed = a ? a_ : b_;
  --locks_[feed.empty];
  std::copy_n(object, kObject, feed.buffers.data() + feed.filled * kObject);
  feed.filled ^= 1;
  ++locks_[feed.full];
}

bool NetworkCore::fetch() {
  if (locks_[kOutFull] < 1) return false;
  --locks_[kOutFull];
  bfloat16* const strip = out_.data() + out_next_ * kStrip;
  received_.emplace_back(strip, strip + kStrip);
  std::fill_n(strip, kStrip, kPoison);
  out_next_ ^= 1;
  ++locks_[kOutEmpty];
  return true;
}

/// The column tiles first, first + 1, …: tile t of network column c is first + t * columns + c.
/// Those behind the last one are computed with zeros and dropped.
struct NetworkRunner::Group {
  int first, tiles, columns, count;  ///< tiles a column; count in all
  /// -1 where there is none.
  int at(int tile, int column) const {
    const int n = first + tile * columns + column;
    return n < count ? n : -1;
  }
};

NetworkRunner::NetworkRunner(int rows, int columns, std::uint32_t seed)
    : rows_(rows),
      columns_(columns),
      random_(seed),
      a_(static_cast<std::size_t>(rows)),
      b_(static_cast<std::size_t>(columns)) {
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < columns; ++column) {
      cores_.push_back(std::make_unique<NetworkCore>(row, column, rows, columns));
    }
  }
}

bool NetworkRunner::deliver(bool a, int index) {
  std::deque<Object>& queue = (a ? a_ : b_)[static_cast<std::size_t>(index)];
  if (queue.empty()) return false;
  std::vector<NetworkCore*> receivers;
  for (int i = 0; i < (a ? columns_ : rows_); ++i) {
    receivers.push_back(a ? &core(index, i) : &core(i, index));
    if (!receivers.back()->has_room(a)) return false;
  }
  for (NetworkCore* receiver : receivers) receiver->bring(a, queue.front());
  queue.pop_front();
  return true;
}

void NetworkRunner::move_until_nobody_can() {
  std::vector<std::function<bool()>> actors;
  for (const auto& core : cores_) {
    actors.emplace_back([&core] { return core->resume(); });
    actors.emplace_back([&core] { return core->fetch(); });
  }
  for (int row = 0; row < rows_; ++row) {
    actors.emplace_back([this, row] { return deliver(true, row); });
  }
  for (int column = 0; column < columns_; ++column) {
    actors.emplace_back([this, column] { return deliver(false, column); });
  }
  for (bool moved = true; moved;) {
    std::shuffle(actors.begin(), actors.end(), random_);
    for (const auto& act : actors) {
      if (random_() % 2 == 0) act();
    }
    moved = std::any_of(actors.begin(), actors.end(), [](const auto& act) { return act(); });
  }
}

void NetworkRunner::settle() {
  move_until_nobody_can();
  for (const auto& receive : receivers_) receive();
  receivers_.clear();
  headers_.clear();
}

bool NetworkRunner::at_rest() const {
  const auto is_empty = [](const auto& queue) { return queue.empty(); };
  return std::all_of(a_.begin(), a_.end(), is_empty) &&
         std::all_of(b_.begin(), b_.end(), is_empty) &&
         std::all_of(cores_.begin(), cores_.end(),
                     [](const auto& core) { return core->at_rest() && core->received().empty(); });
}

Object NetworkRunner::header(const PhaseHeader& phase, const Linear* linear, const Group* group,
                             int column) {
  Buffer<bfloat16>& object = headers_.emplace_back(kObject);
  std::fill(object.begin(), object.end(), kPoison);
  std::memcpy(static_cast<void*>(object.data()), &phase, sizeof(phase));
  for (int tile = 0; group != nullptr && tile < group->tiles; ++tile) {
    bfloat16* const to = object.data() + sizeof(phase) / sizeof(bfloat16) + tile * kStepBlock;
    const int n = group->at(tile, column);
    std::copy_n(n < 0 ? zeros_.data() : linear->step(n), kStepBlock, to);
  }
  return object.data();
}

void NetworkRunner::take_strip(int row, int column, bfloat16* to) {
  std::deque<Strip>& received = core(row, column).received();
  if (received.empty()) fail(ErrorKind::unsupported, "core ", row, ",", column, " sent too little");
  if (to != nullptr) std::copy(received.front().begin(), received.front().end(), to);
  received.pop_front();
}

void NetworkRunner::run(const Product& product) {
  enqueue(product);
  settle();
}

void NetworkRunner::run(const Attention& attention) {
  enqueue(attention);
  settle();
}

void NetworkRunner::enqueue(const Product& product) {
  const int count = product.linear.tiles.rows;
  for (int first = 0; first < count; first += kMaxTiles * columns_) {
    const int tiles = std::min(kMaxTiles, (count - first + columns_ - 1) / columns_);
    const Group group = {first, tiles, columns_, count};
    send_product(product, group);
    receivers_.emplace_back([this, &product, group] { receive_product(product, group); });
  }
}

void NetworkRunner::send_product(const Product& product, const Group& group) {
  const int passes = (product.x.rows + rows_ - 1) / rows_;
  const PhaseHeader phase = {.magic = kPhaseMagic,
                             .kind = PhaseKind::product,
                             .passes = passes,
                             .tiles = group.tiles,
                             .slices = product.x.columns,
                             .epilogue = product.epilogue,
                             .planes = static_cast<int32>(product.planes.size()),
                             .first_row = product.first_row,
                             .end_row = product.end_row,
                             .keys = 0,
                             .low_slices = product.low_x == nullptr ? 0 : product.low_x->columns,
                             .parts = 0,
                             .inverse_width = 1.0f / static_cast<float>(product.x.columns * kTile),
                             .unused = {}};
  for (int column = 0; column < columns_; ++column) {
    send_b(column, header(phase, &product.linear, &group, column));
  }
  for (int pass = 0; pass < passes; ++pass) {
    for (int tile = 0; tile < group.tiles; ++tile) {
      for (int row = 0; row < rows_; ++row) {
        send_tile_a(product, group, row, pass * rows_ + row, tile);
      }
      for (int column = 0; column < columns_; ++column) {
        const int n = group.at(tile, column);
        for (const Tiles* x : {&product.x, product.low_x}) {
          for (int k = 0; x != nullptr && k < x->columns; ++k) {
            send_b(column, n < 0 ? zeros_.data() : product.linear.tiles.at(n, k));
          }
        }
      }
    }
  }
}

void NetworkRunner::send_tile_a(const Product& product, const Group& group, int row, int tile_row,
                                int tile) {
  const bool there = tile_row < product.x.rows;
  const auto send_planes = [&] {
    for (int column = 0; column < columns_; ++column) {
      const int n = group.at(tile, column);
      for (const Tiles* plane : product.planes) {
        send_a(row, n < 0 || !there ? zeros_.data() : plane->at(tile_row, n));
      }
    }
  };
  if (product.epilogue == Epilogue::residual) send_planes();
  for (const Tiles* x : {&product.x, product.low_x}) {
    for (int k = 0; x != nullptr && k < x->columns; ++k) {
      send_a(row, there ? x->at(tile_row, k) : zeros_.data());
    }
  }
  if (product.epilogue == Epilogue::gelu_planes) send_planes();
}

void NetworkRunner::receive_product(const Product& product, const Group& group) {
  for (int row = 0; row < rows_; ++row) {
    for (int column = 0; column < columns_; ++column) {
      for (int tile_row = row; tile_row < product.x.rows + row; tile_row += rows_) {
        for (int tile = 0; tile < group.tiles; ++tile) {
          const int n = group.at(tile, column);
          const bool kept = n >= 0 && tile_row < product.x.rows;
          for (int at = 0; at < kObject; at += kStrip) {
            take_strip(row, column,
                       kept ? product.out.at(tile_row, product.out_column + n) + at : nullptr);
            if (!has_two_parts(product.epilogue)) continue;
            take_strip(row, column, kept ? product.low->at(tile_row, n) + at : nullptr);
          }
        }
      }
    }
  }
}

void NetworkRunner::enqueue(const Attention& attention) {
  const int passes = (attention.q.rows + rows_ - 1) / rows_;
  const PhaseHeader phase = {.magic = kPhaseMagic,
                             .kind = PhaseKind::attention,
                             .passes = passes,
                             .tiles = 0,
                             .slices = 0,
                             .epilogue = Epilogue::residual,
                             .planes = 0,
                             .first_row = 0,
                             .end_row = 0,
                             .keys = attention.keys,
                             .low_slices = 0,
                             .parts = attention.low == nullptr ? 1 : 2,
                             .inverse_width = 0,
                             .unused = {}};
  const auto tile = [&](const Tiles& tiles, int row, int head) {
    return row < tiles.rows && head < tiles.columns ? tiles.at(row, head) : zeros_.data();
  };
  for (int first = 0; first < attention.q.columns; first += columns_) {
    for (int row = 0; row < rows_; ++row) {
      for (int buffer = 0; buffer < 2; ++buffer) send_a(row, zeros_.data());
    }
    for (int column = 0; column < columns_; ++column) {
      const int head = first + column;
      send_b(column, header(phase));
      for (int pass = 0; pass < passes; ++pass) {
        for (int row = 0; row < rows_; ++row) {
          send_b(column, tile(attention.q, pass * rows_ + row, head));
        }
        for (int key = 0; key * kTile < attention.keys; ++key) {
          send_b(column, tile(attention.k, key, head));
          send_b(column, tile(attention.v, key, head));
        }
      }
    }
    receivers_.emplace_back([this, &attention, first] { receive_attention(attention, first); });
  }
}

void NetworkRunner::receive_attention(const Attention& attention, int first_head) {
  for (int row = 0; row < rows_; ++row) {
    for (int column = 0; column < columns_; ++column) {
      const int head = first_head + column;
      for (int tile_row = row; tile_row < attention.q.rows + row; tile_row += rows_) {
        const bool kept = tile_row < attention.q.rows && head < attention.q.columns;
        for (int at = 0; at < kObject; at += kStrip) {
          take_strip(row, column, kept ? attention.out.at(tile_row, head) + at : nullptr);
          if (attention.low == nullptr) continue;
          take_strip(row, column, kept ? attention.low->at(tile_row, head) + at : nullptr);
        }
      }
    }
  }
}

}  // namespace sotto::npu::kernels::testing
