// The words of a design: typed indices, elements and objects, and the order in which a DMA walks
// through memory.
#pragma once

#include <compare>
#include <cstdint>
#include <source_location>
#include <vector>

namespace sotto::npu::design {

using Where = std::source_location;

/// The index of a value of this kind in its design. Kinds do not convert into each other.
template <typename Kind>
struct Ref {
  int index = -1;
  friend constexpr auto operator<=>(const Ref&, const Ref&) = default;
};
using TileRef = Ref<struct Tile>;
using FifoRef = Ref<struct Fifo>;
using BufferRef = Ref<struct Buffer>;
using LockRef = Ref<struct Lock>;
using ChainRef = Ref<struct Chain>;
using KernelRef = Ref<struct Kernel>;
using HostRef = Ref<struct HostBuffer>;
using TaskRef = Ref<struct Task>;

/// One side of a FIFO: consumer 0, 1, … or kProducer.
inline constexpr int kProducer = -1;
struct EndRef {
  FifoRef fifo;
  int side = kProducer;
  friend constexpr auto operator<=>(const EndRef&, const EndRef&) = default;
};

enum class Element : std::uint8_t { i8, u8, i16, bf16, i32, f32 };
constexpr int bytes_of(Element element) {
  return element <= Element::u8 ? 1 : element <= Element::bf16 ? 2 : 4;
}
struct Object {
  Element element = Element::i32;
  int count = 0;
  constexpr std::int64_t bytes() const { return std::int64_t{count} * bytes_of(element); }
  friend constexpr bool operator==(const Object&, const Object&) = default;
};

struct Dim {
  std::int64_t size = 1;
  std::int64_t stride = 1;
  friend constexpr bool operator==(const Dim&, const Dim&) = default;
};
/// Numbers of a design may be absurd; then products of them are this.
inline constexpr std::int64_t kHuge = std::int64_t{1} << 50;
constexpr std::int64_t product(std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  if (__builtin_mul_overflow(a, b, &result) || result > kHuge) return kHuge;
  return result < -kHuge ? -kHuge : result;
}
/// Outermost first; empty means everything in order. Each is one dimension of the DMA.
using Layout = std::vector<Dim>;
/// Zeros that a memory tile sends around each run of a dimension, in the order of its layout.
struct Pad {
  int before = 0, after = 0;
  friend constexpr bool operator==(const Pad&, const Pad&) = default;
};

}  // namespace sotto::npu::design
