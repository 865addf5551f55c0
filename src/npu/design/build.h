// Writes a Design so that the code reads like a drawing of the array:
//
//   Builder b(npu1(1), "passthrough");
//   const ShimTile shim = b.shim(0);
//   const CoreTile core = b.core(0, 2);
//   const auto in = b.fifo<i32>("in", 1024, {{shim}}, {{core}});
//   const auto out = b.fifo<i32>("out", 1024, {{core}}, {{shim}});
//   const auto copy = b.kernel<Out<i32>, In<i32>, Number>("passthrough", {.program_bytes = 512});
//   b.program(core, {acquire(in), acquire(out), call(copy(out, in, 1024)), release(in),
//   release(out)});
//
// Every statement keeps the line that it stands in. Handles are typed: a kernel that reads float32
// does not accept a FIFO of bfloat16, nor the end that produces (binding.h).
#pragma once

#include <utility>

#include "npu/design/binding.h"
#include "npu/design/design.h"

namespace sotto::npu::design {

struct ShimTile : TileRef {};
struct MemoryTile : TileRef {};
struct CoreTile : TileRef {};

template <Element E>
struct HostOf : HostRef {};

struct FifoOptions {
  int repeat = 1;
  std::vector<Pad> padding = {};
  bool shared = false;
};
struct KernelSizes {
  int program_bytes = 0, stack_bytes = 0, static_bytes = 0;
};
struct BufferOptions {
  std::optional<int> bank = {};
  std::vector<std::uint8_t> initial = {};
};
struct LinkOptions {
  int depth = 2;
  std::optional<int> bank = {};
};
/// What a task moves of a host buffer; an empty layout is all of it from the offset on.
struct Slice {
  std::int64_t offset = 0;
  Layout layout = {};
  int runs = 1;
  std::int64_t run_stride = 0;  ///< from run to run; 0: the same again
  int burst_bytes = 0;          ///< 0: the longest
};

// --- statements of a core's program

Statement acquire(EndRef end, int count = 1, Where where = Where::current());
Statement release(EndRef end, int count = 1, Where where = Where::current());
Statement call(Call call, Where where = Where::current());
Statement loop(int times, std::vector<Statement> body, Where where = Where::current());

class Builder {
 public:
  explicit Builder(Device device, std::string name, Where where = Where::current());

  ShimTile shim(int column, Where where = Where::current());
  MemoryTile memory(int column, Where where = Where::current());
  /// Row 2 is the first one.
  CoreTile core(int column, int row, Where where = Where::current());

  /// Objects of `count` elements from one tile to others.
  template <Element E>
  FifoOf<E> fifo(std::string name, int count, std::optional<FifoEnd> from, std::vector<FifoEnd> to,
                 FifoOptions options = {}, Where where = Where::current()) {
    design_.fifos.push_back({std::move(name),
                             {E, count},
                             std::move(from),
                             std::move(to),
                             options.repeat,
                             std::move(options.padding),
                             options.shared,
                             where});
    return {FifoRef{last(design_.fifos)}};
  }

  /// A memory tile between two FIFOs: objects pass as they are.
  template <Element E>
  void via(MemoryTile tile, FifoOf<E> in, FifoOf<E> out, LinkOptions options = {},
           Where where = Where::current()) {
    link(tile, {in}, {out}, std::move(options), where);
  }
  /// Objects of several FIFOs, one after the other, are one object of `out`.
  template <Element E>
  void join(MemoryTile tile, const std::vector<FifoOf<E>>& in, FifoOf<E> out,
            LinkOptions options = {}, Where where = Where::current()) {
    link(tile, refs(in), {out}, std::move(options), where);
  }
  /// An object of `in` is objects of several FIFOs, one after the other.
  template <Element E>
  void distribute(MemoryTile tile, FifoOf<E> in, const std::vector<FifoOf<E>>& out,
                  LinkOptions options = {}, Where where = Where::current()) {
    link(tile, {in}, refs(out), std::move(options), where);
  }

  template <Element E>
  BufferOf<E> buffer(std::string name, TileRef tile, int count, BufferOptions options = {},
                     Where where = Where::current()) {
    design_.buffers.push_back({std::move(name),
                               tile,
                               {E, count},
                               options.bank,
                               std::move(options.initial),
                               false,
                               where});
    return {BufferRef{last(design_.buffers)}};
  }
  /// 32-bit words in a core tile that the sequence writes.
  Parameters parameters(std::string name, CoreTile tile, int words, Where where = Where::current());
  LockHandle lock(std::string name, TileRef tile, int initial, Where where = Where::current());
  ChainRef chain(Chain chain, Where where = Where::current());
  void flow(std::string name, ChainRef from, std::vector<ChainRef> to,
            Where where = Where::current());

  /// `counts`: elements behind each pointer, in order; empty: any.
  template <typename... P>
  KernelOf<P...> kernel(std::string symbol, KernelSizes sizes, std::vector<int> counts = {},
                        Where where = Where::current()) {
    std::vector<Parameter> parameters = {P::parameter()...};
    return {add_kernel(std::move(symbol), std::move(parameters), sizes, counts, where)};
  }
  /// The core runs these statements over and over.
  void program(CoreTile tile, std::vector<Statement> body, int stack_bytes = 1024,
               Where where = Where::current());
  /// The core runs this one call, which never returns; see Core.
  void program_with_locks(CoreTile tile, Call call, std::vector<Core::Share> shares,
                          int stack_bytes = 1024, Where where = Where::current());

  template <Element E>
  HostOf<E> host(std::string name, int count, Where where = Where::current()) {
    design_.hosts.push_back({std::move(name), {E, count}, where});
    return {HostRef{last(design_.hosts)}};
  }

  // --- the sequence of a dispatch, in order

  /// From the host into a FIFO that a shim produces.
  template <Element E>
  TaskRef fill(FifoOf<E> fifo, HostOf<E> host, Slice slice = {}, Where where = Where::current()) {
    return move({fifo, kProducer}, host, std::move(slice), where);
  }
  /// From a FIFO that a shim consumes to the host.
  template <Element E>
  TaskRef drain(FifoOf<E> fifo, HostOf<E> host, Slice slice = {}, Where where = Where::current()) {
    return move(shim_consumer(fifo), host, std::move(slice), where);
  }
  /// Any task, as it is.
  TaskRef task(Task task, Where where = Where::current());
  void wait(TaskRef task, Where where = Where::current());
  void write(ParameterWord word, std::int32_t value, Where where = Where::current());

  const Design& design() const { return design_; }
  Design& design() { return design_; }

 private:
  template <typename T>
  static int last(const std::vector<T>& list) {
    return static_cast<int>(list.size()) - 1;
  }
  template <Element E>
  static std::vector<FifoRef> refs(const std::vector<FifoOf<E>>& fifos) {
    return {fifos.begin(), fifos.end()};
  }
  TileRef tile(TileId id, TileKind kind, Where where);
  void link(MemoryTile tile, const std::vector<FifoRef>& in, const std::vector<FifoRef>& out,
            LinkOptions options, Where where);
  KernelRef add_kernel(std::string symbol, std::vector<Parameter> parameters, KernelSizes sizes,
                       const std::vector<int>& counts, Where where);
  EndRef shim_consumer(FifoRef fifo) const;
  TaskRef move(EndRef end, HostRef host, Slice slice, Where where);

  Design design_;
};

}  // namespace sotto::npu::design
