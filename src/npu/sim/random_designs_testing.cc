#include "npu/sim/random_designs_testing.h"

#include <algorithm>

namespace sotto::npu::sim::testing {
namespace {

using namespace design;

/// Sums of what it gets, so that every word and its place matter.
void mix(std::int32_t* out, const std::int32_t* in, int out_words, int in_words) {
  for (int i = 0; i < out_words; ++i) out[i] = 31 * i;
  for (int i = 0; i < in_words; ++i) out[i % out_words] += in[i] * (i + 1);
}
void mix_two(std::int32_t* out, const std::int32_t* a, const std::int32_t* b, int words) {
  for (int i = 0; i < words; ++i) out[i] = a[i] + 7 * b[words - 1 - i] + i;
}

class Maker {
 public:
  explicit Maker(std::uint32_t seed)
      : random_(seed), seed_(seed), b_(npu1(1 + static_cast<int>(seed % 2)), "random") {}

  RandomDesign run(int objects) {
    objects_ = 1 + number(5);
    if (objects > 0) objects_ = objects;
    count_ = 4 * (1 + number(12));
    const int shape = number(4);
    shim_ = b_.shim(0);
    memory_ = b_.memory(0);
    add_kernels();
    if (shape == 0) chain();
    if (shape == 1) broadcast();
    if (shape == 2) join();
    if (shape == 3) two_inputs();
    return {b_.design(), library_};
  }

 private:
  int number(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }
  bool maybe() { return number(2) == 0; }

  void add_kernels() {
    mix_ = b_.kernel<Out<i32>, In<i32>, Number, Number>("mix", {.program_bytes = 256});
    mix_two_ = b_.kernel<Out<i32>, In<i32>, In<i32>, Number>("mix_two", {.program_bytes = 256});
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

  FifoEnd at(TileRef tile) { return {.tile = tile, .depth = 1 + number(3)}; }
  FifoEnd core_end(CoreTile tile) {
    FifoEnd end = at(tile);
    if (maybe()) end.bank = number(4);
    if (number(3) == 0) end.layout = layout(count_);
    return end;
  }
  /// A transposed order of a two-dimensional object.
  Layout layout(int count) {
    const int inner = count % 8 == 0 ? 8 : 4;
    if (number(3) == 0) return {{inner, 1}, {count / inner, inner}};
    return {{count / inner / 1, inner}, {inner, 1}};
  }

  /// The host side of a FIFO: in one task or one for each object.
  template <typename Move>
  void tasks(int words, const Move& move) {
    const int parts = maybe() && objects_ <= 3 ? objects_ : 1;
    const int each = words / parts;
    for (int i = 0; i < parts; ++i) {
      Slice slice{.offset = std::int64_t{i} * each, .layout = {{each, 1}}};
      slice.burst_bytes = 64 << number(3);
      if (each % 8 == 0 && number(3) == 0) slice.layout = {{each / 8, 8}, {8, 1}};
      waits_.push_back(move(slice));
    }
  }
  void fill(FifoOf<i32> fifo, const std::string& name, int words) {
    const auto host = b_.host<i32>(name, words);
    tasks(words, [&](const Slice& slice) { return b_.fill(fifo, host, slice); });
  }
  void drain(FifoOf<i32> fifo, const std::string& name, int words) {
    const auto host = b_.host<i32>(name, words);
    tasks(words, [&](const Slice& slice) { return b_.drain(fifo, host, slice); });
  }
  void wait_for_all() {
    for (const TaskRef task : waits_) b_.wait(task);
  }

  /// A FIFO from the shim to these ends, perhaps through the memory tile.
  FifoOf<i32> from_shim(const std::string& name, std::vector<FifoEnd> to) {
    if (maybe()) return b_.fifo<i32>(name, count_, {{shim_}}, std::move(to));
    const auto in = b_.fifo<i32>(name + "_in", count_, {{shim_}}, {{memory_}});
    FifoEnd sends{.tile = memory_};
    if (maybe()) sends.layout = layout(count_);
    const auto out = b_.fifo<i32>(name, count_, sends, std::move(to));
    b_.via(memory_, in, out, {.depth = 1 + number(3)});
    filled_ = in;
    return out;
  }
  FifoOf<i32> filled(FifoOf<i32> fifo) { return filled_ ? *filled_ : fifo; }

  std::vector<Statement> copying(EndRef out, EndRef in, design::Call call_) {
    std::vector<Statement> body = {acquire(in), acquire(out)};
    if (maybe()) std::swap(body[0], body[1]);
    body.push_back(call(std::move(call_)));
    body.push_back(release(in));
    body.push_back(release(out));
    if (maybe()) std::swap(body[3], body[4]);
    return body;
  }

  /// Shim, perhaps memory tile, one to three cores one after the other, shim.
  void chain() {
    const int cores = 1 + number(3);
    std::vector<CoreTile> tiles;
    for (int i = 0; i < cores; ++i) tiles.push_back(b_.core(0, 2 + i));
    FifoOf<i32> before = from_shim("in", {core_end(tiles[0])});
    const FifoOf<i32> input = filled(before);
    for (int i = 0; i < cores; ++i) {
      const bool last = i + 1 == cores;
      const bool shared = !last && maybe();
      FifoEnd to = last     ? FifoEnd{.tile = shim_}
                   : shared ? at(tiles[i + 1])
                            : core_end(tiles[i + 1]);
      FifoEnd from = shared ? at(tiles[i]) : core_end(tiles[i]);
      const auto next =
          b_.fifo<i32>("f" + std::to_string(i), count_, from, {to}, {.shared = shared});
      b_.program(tiles[i], copying(next.producer(), before.consumer(),
                                   mix_(next.producer(), before.consumer(), count_, count_)));
      before = next;
    }
    fill(input, "input", objects_ * count_);
    drain(before, "output", objects_ * count_);
    wait_for_all();
  }

  /// One stream to several cores; each answers on its own or through a join.
  void broadcast() {
    const int cores = 2 + number(3);
    std::vector<CoreTile> tiles;
    std::vector<FifoEnd> ends;
    for (int i = 0; i < cores; ++i) {
      tiles.push_back(b_.core(0, 2 + i));
      ends.push_back(core_end(tiles.back()));
    }
    const auto in = from_shim("in", ends);
    answer(
        tiles, [&](int i) { return in.consumer(i); }, filled(in), objects_ * count_);
  }

  /// A join of what the cores make, to the shim.
  template <typename Input>
  void answer(const std::vector<CoreTile>& tiles, const Input& input, FifoOf<i32> filled_by,
              int in_words) {
    std::vector<FifoOf<i32>> parts;
    const int cores = static_cast<int>(tiles.size());
    for (int i = 0; i < cores; ++i) {
      const auto part = b_.fifo<i32>("part" + std::to_string(i), count_,
                                     core_end(tiles[static_cast<std::size_t>(i)]), {{memory_}});
      b_.program(
          tiles[static_cast<std::size_t>(i)],
          copying(part.producer(), input(i), mix_(part.producer(), input(i), count_, count_)));
      parts.push_back(part);
    }
    const auto out = b_.fifo<i32>("out", cores * count_, {{memory_}}, {{shim_}});
    b_.join(memory_, parts, out, {.depth = 1 + number(2)});
    fill(filled_by, "input", in_words);
    drain(out, "output", objects_ * cores * count_);
    wait_for_all();
  }

  /// The memory tile gives each core its piece and joins the answers.
  void join() {
    const int cores = 2 + number(2);
    std::vector<CoreTile> tiles;
    std::vector<FifoOf<i32>> pieces;
    const auto in = b_.fifo<i32>("in", cores * count_, {{shim_}}, {{memory_}});
    for (int i = 0; i < cores; ++i) {
      tiles.push_back(b_.core(0, 2 + i));
      pieces.push_back(
          b_.fifo<i32>("piece" + std::to_string(i), count_, {{memory_}}, {core_end(tiles.back())}));
    }
    b_.distribute(memory_, in, pieces, {.depth = 1 + number(2)});
    answer(
        tiles, [&](int i) { return pieces[static_cast<std::size_t>(i)].consumer(); }, in,
        objects_ * cores * count_);
  }

  /// A core that takes several objects of one stream for each of another.
  void two_inputs() {
    const CoreTile core = b_.core(0, 2 + number(4));
    const auto a = b_.fifo<i32>("a", count_, {{shim_}}, {core_end(core)});
    const auto b = b_.fifo<i32>("b", count_, {{shim_}}, {core_end(core)});
    const auto out = b_.fifo<i32>("out", count_, core_end(core), {{shim_}});
    const int times = 1 + number(3);
    b_.program(core,
               {acquire(b.consumer()),
                loop(times, {acquire(a.consumer()), acquire(out.producer()),
                             call(mix_two_(out.producer(), a.consumer(), b.consumer(), count_)),
                             release(a.consumer()), release(out.producer())}),
                release(b.consumer())});
    fill(a, "input", objects_ * times * count_);
    fill(b, "second", objects_ * count_);
    drain(out, "output", objects_ * times * count_);
    wait_for_all();
  }

  std::mt19937 random_;
  const std::uint32_t seed_;
  Builder b_;
  KernelLibrary library_;
  ShimTile shim_;
  MemoryTile memory_;
  int objects_ = 1, count_ = 4;
  KernelOf<Out<i32>, In<i32>, Number, Number> mix_;
  KernelOf<Out<i32>, In<i32>, In<i32>, Number> mix_two_;
  std::optional<FifoOf<i32>> filled_;
  std::vector<TaskRef> waits_;
};

}  // namespace

RandomDesign random_design(std::uint32_t seed, int objects) {
  return Maker(seed).run(objects);
}

}  // namespace sotto::npu::sim::testing
