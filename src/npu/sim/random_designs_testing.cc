#include "npu/sim/random_designs_testing.h"

#include <aie_api/aie.hpp>
#include <algorithm>
#include <functional>
#include <map>
#include <set>

namespace sotto::npu::sim::testing {
namespace {

using namespace design;

/// Sums of what it gets, so that every word and its place matter.
void mix(std::int32_t* out, const std::int32_t* in, int out_words, int in_words, int salt) {
  for (int i = 0; i < out_words; ++i) out[i] = 31 * i + salt;
  for (int i = 0; i < in_words; ++i) out[i % out_words] += in[i] * (i + 1);
}
void mix_two(std::int32_t* out, const std::int32_t* a, const std::int32_t* b, int words) {
  for (int i = 0; i < words; ++i) out[i] = a[i] + 7 * b[words - 1 - i] + i;
}
/// A core that handles its locks itself.
void relay(std::int32_t* out_0, std::int32_t* out_1, const std::int32_t* in_0,
           const std::int32_t* in_1, int in_empty, int in_full, int out_empty, int out_full,
           int words) {
  for (bool odd = false;; odd = !odd) {
    acquire_greater_equal(static_cast<unsigned>(in_full), 1);
    acquire_greater_equal(static_cast<unsigned>(out_empty), 1);
    mix(odd ? out_1 : out_0, odd ? in_1 : in_0, words, words, 5);
    spend_cycles(10 + 3 * words);
    ::release(static_cast<unsigned>(in_empty), 1);
    ::release(static_cast<unsigned>(out_full), 1);
  }
}

class Maker {
 public:
  explicit Maker(std::uint32_t seed)
      : random_(seed),
        seed_(seed),
        columns_(1 + static_cast<int>(seed % 4)),
        b_(npu1(columns_), "random") {}

  RandomDesign run(int objects) {
    objects_ = 1 + number(6);
    if (objects > 0) objects_ = objects;
    count_ = in_count_ = 4 * (1 + number(12));
    column_ = number(columns_);
    scattered_ = columns_ > 1 && number(3) > 0;
    add_kernels();
    const int shape = number(9);
    if (shape < 4 && number(4) == 0) add_padding();
    if (shape < 4 && number(4) == 0) repeat_ = 2 + number(2);
    if (shape < 2) chain();
    if (shape == 2 || shape == 3) broadcast();
    if (shape == 4 || shape == 5) join();
    if (shape == 6 || shape == 7) two_inputs();
    if (shape == 8) owner();
    return {b_.design(), library_};
  }

 private:
  int number(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }
  bool maybe() { return number(2) == 0; }

  // --- tiles: in one column, or anywhere

  int some_column() { return scattered_ ? number(columns_) : column_; }
  ShimTile shim() {
    const int column = some_column();
    if (!shims_.contains(column)) shims_[column] = b_.shim(column);
    return shims_[column];
  }
  MemoryTile memory() {
    const int column = some_column();
    if (!memories_.contains(column)) memories_[column] = b_.memory(column);
    return memories_[column];
  }
  CoreTile core() {
    for (;;) {
      const TileId id = scattered_ ? TileId{some_column(), 2 + number(4)}
                                   : TileId{column_, 2 + static_cast<int>(taken_.size())};
      if (taken_.insert(id).second) return b_.core(id.column, id.row);
    }
  }
  std::vector<CoreTile> cores(int count) {
    std::vector<CoreTile> tiles;
    for (int i = 0; i < count; ++i) tiles.push_back(core());
    return tiles;
  }

  void add_kernels() {
    mix_ = b_.kernel<Out<i32>, In<i32>, Number, Number, Number>("mix", {.program_bytes = 256});
    mix_two_ = b_.kernel<Out<i32>, In<i32>, In<i32>, Number>("mix_two", {.program_bytes = 256});
    library_.add_program("relay", host_function(relay));
    for (const char* symbol : {"mix", "mix_two"}) {
      const Cycle base = number(4) == 0 ? 0 : number(300);
      const Cycle spread = 1 + number(100);
      const int banks = number(3);
      const auto cost = [base, spread, banks, calls = std::make_shared<Cycle>(seed_)](
                            const CallArguments& call) mutable {
        *calls = (*calls * 75 + 74) % 65537;
        Cost result{base + *calls % spread, {}};
        // Never the whole of a bank, most of it, or all of it.
        for (std::size_t i = 0; banks > 0 && i < call.size(); ++i) {
          result.bank_cycles.push_back(banks == 1 ? result.cycles * 9 / 10 : result.cycles);
        }
        return result;
      };
      library_.add(
          symbol, symbol == std::string("mix") ? host_function(mix) : host_function(mix_two), cost);
    }
  }

  /// What a memory tile sends has zeros around it: the objects of the cores are larger.
  void add_padding() {
    const int rows = 2 + number(3), width = 4 * (1 + number(3));
    padding_ = {{number(3), number(3)}, {number(4), number(4)}};
    unpadded_ = {{rows, width}, {width, 1}};
    in_count_ = rows * width;
    count_ = (rows + padding_[0].before + padding_[0].after) *
             (width + padding_[1].before + padding_[1].after);
  }

  FifoEnd at(TileRef tile) { return {.tile = tile, .depth = 1 + number(3)}; }
  FifoEnd core_end(CoreTile tile) {
    FifoEnd end = at(tile);
    if (maybe()) end.bank = number(4);
    if (number(3) == 0) {
      end.layout = layout(count_, 3);
    } else if (number(4) == 0) {
      end.room = count_ + number(20);
    }
    return end;
  }
  /// The elements of an object in another order: up to `most` dimensions, turned round.
  Layout layout(int count, int most) {
    Layout dims;
    int left = count;
    std::int64_t stride = 1;
    for (int more = 1 + number(most - 1); more > 0; --more) {
      std::vector<int> divisors;
      for (int divisor = 2; divisor < left; ++divisor) {
        if (left % divisor == 0) divisors.push_back(divisor);
      }
      if (divisors.empty()) break;
      const int size = divisors[random_() % divisors.size()];
      dims.push_back({size, stride});
      stride *= size;
      left /= size;
    }
    if (left > 1 || dims.empty()) dims.push_back({left, stride});
    std::shuffle(dims.begin(), dims.end(), random_);
    return dims;
  }

  // --- the host side of FIFOs

  using Move = std::function<TaskRef(HostOf<i32>, const Slice&)>;

  /// One task of all, a few, runs that move on, one after the other as the queue empties, or (to
  /// fill) the same words again and again.
  void tasks(const std::string& name, int objects, int each, bool fills, const Move& move) {
    const int kind = number(fills ? 5 : 4);
    const auto host = b_.host<i32>(name, kind == 4 ? each : objects * each);
    Slice slice;
    slice.burst_bytes = 64 << number(3);
    if (kind == 0 || (kind == 1 && objects > 4)) {
      slice.layout = maybe() ? layout(objects * each, 3) : Layout{{objects * each, 1}};
      waits_.push_back({move(host, slice)});
      return;
    }
    slice.layout = maybe() ? layout(each, 3) : Layout{{each, 1}};
    if (kind == 2 || kind == 4) {
      slice.runs = objects;
      slice.run_stride = kind == 2 ? each : 0;
      waits_.push_back({move(host, slice)});
      return;
    }
    if (kind == 3 && fills) {
      late_.push_back([=, this] { tasks_in_turn(host, slice, objects, each, move); });
      return;
    }
    std::vector<TaskRef> all;
    for (int i = 0; i < std::min(objects, 4); ++i) {
      slice.offset = std::int64_t{i} * each;
      if (i == 3 && objects > 4) {
        slice.runs = objects - 3;
        slice.run_stride = each;
      }
      all.push_back(move(host, slice));
    }
    waits_.push_back(all);
  }
  void tasks_in_turn(HostOf<i32> host, Slice slice, int objects, int each, const Move& move) {
    std::vector<TaskRef> all;
    for (int i = 0; i < objects; ++i) {
      slice.offset = std::int64_t{i} * each;
      if (i >= 4) b_.wait(all[static_cast<std::size_t>(i) - 4]);
      all.push_back(move(host, slice));
    }
    all.erase(all.begin(), all.begin() + std::max(0, objects - 4));
    waits_.push_back(all);
  }
  void fill(FifoOf<i32> fifo, const std::string& name, int objects, int each) {
    tasks(name, objects, each, true, [this, fifo](HostOf<i32> host, const Slice& slice) {
      return b_.fill(fifo, host, slice);
    });
  }
  void drain(FifoOf<i32> fifo, const std::string& name, int objects, int each) {
    tasks(name, objects, each, false, [this, fifo](HostOf<i32> host, const Slice& slice) {
      return b_.drain(fifo, host, slice);
    });
  }
  void wait_for_all() {
    for (const auto& tasks : late_) tasks();
    std::shuffle(waits_.begin(), waits_.end(), random_);  // those of a channel stay in order
    for (const auto& tasks : waits_) {
      for (const TaskRef task : tasks) b_.wait(task);
    }
  }

  /// A FIFO from a shim to these ends, perhaps through one or two memory tiles.
  FifoOf<i32> from_shim(const std::string& name, std::vector<FifoEnd> to) {
    FifoOptions options{.repeat = repeat_, .padding = padding_};
    const bool must = repeat_ > 1 || !padding_.empty();
    if (!must && maybe()) return b_.fifo<i32>(name, count_, {{shim()}}, std::move(to));
    const MemoryTile tile = memory();
    auto in = b_.fifo<i32>(name + "_in", in_count_, {{shim()}}, {{tile}});
    filled_ = in;
    FifoEnd sends{.tile = tile};
    if (scattered_ && maybe()) {
      const MemoryTile second = memory();
      if (second != tile) {
        const auto between = b_.fifo<i32>(name + "_between", in_count_, {{tile}}, {{second}});
        b_.via(tile, in, between, {.depth = 1 + number(2)});
        in = between;
        sends.tile = second;
      }
    }
    if (!padding_.empty()) {
      sends.layout = unpadded_;
    } else if (maybe()) {
      sends.layout = layout(count_, 4);
    }
    const auto out = b_.fifo<i32>(name, count_, sends, std::move(to), options);
    b_.via(MemoryTile{sends.tile}, in, out, {.depth = 1 + number(3)});
    return out;
  }
  FifoOf<i32> filled(FifoOf<i32> fifo) { return filled_ ? *filled_ : fifo; }

  // --- cores

  /// A number, or a word that the sequence writes.
  Argument salt(CoreTile tile) {
    if (number(3) > 0) return Number::bind(number(1000));
    const Parameters word = b_.parameters("salt" + std::to_string(taken_.size()), tile, 2);
    b_.write(word[1], number(1000));
    return Number::bind(word[1]);
  }
  void copying(CoreTile tile, Producer<i32> out, Consumer<i32> in) {
    design::Call mixed = mix_(out, in, count_, count_, 0);
    if (!salted_) mixed.arguments.back() = salt(tile);
    salted_ = true;  // of several cores the first one
    std::vector<Statement> body = {acquire(in), acquire(out), call(mixed), release(in),
                                   release(out)};
    if (maybe()) std::swap(body[0], body[1]);
    if (maybe()) std::swap(body[3], body[4]);
    b_.program(tile, body);
  }

  /// Shim, perhaps memory tiles, one to three cores one after the other, shim.
  void chain() {
    const std::vector<CoreTile> tiles = cores(1 + number(3));
    FifoOf<i32> before = from_shim("in", {core_end(tiles[0])});
    const FifoOf<i32> input = filled(before);
    for (std::size_t i = 0; i < tiles.size(); ++i) {
      const bool last = i + 1 == tiles.size();
      const bool shared = !last && !scattered_ && maybe();
      FifoEnd to = last     ? FifoEnd{.tile = shim()}
                   : shared ? at(tiles[i + 1])
                            : core_end(tiles[i + 1]);
      FifoEnd from = shared ? at(tiles[i]) : core_end(tiles[i]);
      const auto next =
          b_.fifo<i32>("f" + std::to_string(i), count_, from, {to}, {.shared = shared});
      copying(tiles[i], next.producer(), before.consumer());
      before = next;
    }
    fill(input, "input", objects_, in_count_);
    drain(before, "output", objects_ * repeat_, count_);
    wait_for_all();
  }

  /// One stream to several cores, whose answers are joined.
  void broadcast() {
    const std::vector<CoreTile> tiles = cores(2 + number(3));
    std::vector<FifoEnd> ends;
    for (const CoreTile tile : tiles) ends.push_back(core_end(tile));
    const auto in = from_shim("in", ends);
    answer(tiles, [&](int i) { return in.consumer(i); });
    fill(filled(in), "input", objects_, in_count_);
    wait_for_all();
  }

  /// A join of what the cores make, to a shim.
  template <typename Input>
  void answer(const std::vector<CoreTile>& tiles, const Input& input) {
    std::vector<FifoOf<i32>> parts;
    const int n = static_cast<int>(tiles.size());
    const MemoryTile tile = memory();
    for (int i = 0; i < n; ++i) {
      const CoreTile core = tiles[static_cast<std::size_t>(i)];
      parts.push_back(b_.fifo<i32>("part" + std::to_string(i), count_, core_end(core), {{tile}}));
      copying(core, parts.back().producer(), input(i));
    }
    FifoEnd sends{.tile = tile};
    if (maybe()) sends.layout = layout(count_, 4);  // of each piece
    const auto out = b_.fifo<i32>("out", n * count_, sends, {{shim()}});
    b_.join(tile, parts, out, {.depth = 1 + number(2)});
    drain(out, "output", objects_ * repeat_, n * count_);
  }

  /// A memory tile gives each core its piece, and another, or the same, joins the answers.
  void join() {
    const std::vector<CoreTile> tiles = cores(2 + number(2));
    const int n = static_cast<int>(tiles.size());
    std::vector<FifoOf<i32>> pieces;
    const MemoryTile tile = memory();
    const auto in = b_.fifo<i32>("in", n * count_, {{shim()}}, {{tile}});
    for (int i = 0; i < n; ++i) {
      FifoEnd sends{.tile = tile};
      if (maybe()) sends.layout = layout(count_, 4);
      pieces.push_back(b_.fifo<i32>("piece" + std::to_string(i), count_, sends,
                                    {core_end(tiles[static_cast<std::size_t>(i)])}));
    }
    b_.distribute(tile, in, pieces, {.depth = 1 + number(2)});
    answer(tiles, [&](int i) { return pieces[static_cast<std::size_t>(i)].consumer(); });
    fill(in, "input", objects_, n * count_);
    wait_for_all();
  }

  /// A core that takes several objects of one stream for each of another.
  void two_inputs() {
    const CoreTile tile = core();
    const auto a = b_.fifo<i32>("a", count_, {{shim()}}, {core_end(tile)});
    const auto b = b_.fifo<i32>("b", count_, {{shim()}}, {core_end(tile)});
    const auto out = b_.fifo<i32>("out", count_, core_end(tile), {{shim()}});
    const int times = 1 + number(3);
    b_.program(tile,
               {acquire(b.consumer()),
                loop(times, {acquire(a.consumer()), acquire(out.producer()),
                             call(mix_two_(out.producer(), a.consumer(), b.consumer(), count_)),
                             release(a.consumer()), release(out.producer())}),
                release(b.consumer())});
    drain(out, "output", objects_ * times, count_);
    fill(a, "input", objects_ * times, count_);
    fill(b, "second", objects_, count_);
    wait_for_all();
  }

  /// A core whose kernel owns its locks.
  void owner() {
    const auto own =
        b_.kernel<Out<i32>, Out<i32>, In<i32>, In<i32>, LockId, LockId, LockId, LockId, Number>(
            "relay", {.program_bytes = 512});
    const CoreTile tile = core();
    const auto in = from_shim("in", {{.tile = tile}});
    const auto out = b_.fifo<i32>("out", count_, {{tile}}, {{shim()}});
    const auto from = in.consumer();
    const auto to = out.producer();
    b_.program_with_locks(tile,
                          own(to.buffer(0), to.buffer(1), from.buffer(0), from.buffer(1),
                              from.empty(), from.full(), to.empty(), to.full(), count_),
                          {{from, objects_}, {to, objects_}});
    fill(filled(in), "input", objects_, in_count_);
    drain(out, "output", objects_, count_);
    wait_for_all();
  }

  std::mt19937 random_;
  const std::uint32_t seed_;
  const int columns_;
  Builder b_;
  KernelLibrary library_;
  int objects_ = 1, count_ = 4, in_count_ = 4, repeat_ = 1, column_ = 0;
  bool scattered_ = false, salted_ = false;
  std::vector<Pad> padding_;
  Layout unpadded_;
  std::map<int, ShimTile> shims_;
  std::map<int, MemoryTile> memories_;
  std::set<TileId> taken_;
  KernelOf<Out<i32>, In<i32>, Number, Number, Number> mix_;
  KernelOf<Out<i32>, In<i32>, In<i32>, Number> mix_two_;
  std::optional<FifoOf<i32>> filled_;
  std::vector<std::vector<TaskRef>> waits_;  ///< of each channel, in its order
  std::vector<std::function<void()>> late_;  ///< when all other tasks have been given out
};

}  // namespace

RandomDesign random_design(std::uint32_t seed, int objects) {
  return Maker(seed).run(objects);
}

}  // namespace sotto::npu::sim::testing
