#include <gmock/gmock.h>

#include <set>

#include "base/testing.h"
#include "npu/kernels/host/host_testing.h"

namespace sotto::npu::host::testing {
namespace {

using ::sotto::testing::message_of;
using ::testing::HasSubstr;

class SparseTest : public CoreTest {};

/// A buffer that begins as the core wants it.
struct alignas(32) Memory {
  std::array<uint8, 4096> bytes{};

  template <typename T>
  const T* as() const {
    return reinterpret_cast<const T*>(bytes.data());
  }
};

template <typename T>
struct Sparse {
  std::vector<T> dense;       ///< every element
  std::vector<bool> present;  ///< stored; may be a zero
};

/// At most two present elements of every four; among them the extremes and stored zeros.
template <typename T>
Sparse<T> random_sparse(std::size_t elems, std::mt19937& engine, float scale = 4.0f) {
  Sparse<T> s{std::vector<T>(elems, T(0)), std::vector<bool>(elems)};
  for (std::size_t i = 0; i < elems; ++i) {
    const std::size_t group = i / 4 * 4;
    const auto before = std::count(s.present.begin() + static_cast<std::ptrdiff_t>(group),
                                   s.present.begin() + static_cast<std::ptrdiff_t>(i), true);
    if (before == 2 || engine() % 5 < 2) continue;
    s.present[i] = true;
    if constexpr (is_floating_v<T>) {
      s.dense[i] = T(std::uniform_real_distribution<float>(-scale, scale)(engine));
    } else {
      const T values[] = {static_cast<T>(engine()), std::numeric_limits<T>::lowest(),
                          std::numeric_limits<T>::max(), T(0)};
      s.dense[i] = values[engine() % 4];
    }
  }
  return s;
}

/// The memory format, byte by byte; returns where the next block begins.
template <typename T>
std::size_t compress(const Sparse<T>& s, Memory& memory, std::size_t at = 0) {
  for (std::size_t block = 0; block < s.dense.size() * sizeof(T); block += 64) {
    const std::size_t mask = at;
    at += 8;
    for (std::size_t byte = 0; byte < 64; ++byte) {
      const std::size_t i = (block + byte) / sizeof(T);
      if (!s.present[i]) continue;
      memory.bytes[mask + byte / 8] |= static_cast<uint8>(1 << byte % 8);
      std::memcpy(&memory.bytes[at++],
                  reinterpret_cast<const char*>(&s.dense[i]) + byte % sizeof(T), 1);
    }
    while (at % 4 != 0) ++at;
  }
  return at;
}

TEST_F(SparseTest, Sizes) {
  using Bytes = aie::sparse_vector<int8, 128>;
  static_assert(Bytes::bits() == 1024 && Bytes::mask_bits() == 128 && Bytes::memory_bytes() == 80);
  using Halves = aie::sparse_vector<bfloat16, 64>;
  static_assert(Halves::bytes() == 128 && Halves::mask_bits() == 128);
  using Nibbles = aie::sparse_vector<uint4, 256>;
  static_assert(Nibbles::mask_bits() == 128 && !Nibbles::is_signed());
  static_assert(!SparseSize<int8, 64> && !SparseSize<int32, 32> && !SparseSize<float, 32>);
}

TEST_F(SparseTest, ALoneValueGoesWhereItsPositionSays) {
  // The table of aie_doc.hpp: mask, and which of A, B, C, D become first and second.
  struct Row {
    unsigned mask;
    std::string first, second;
  };
  const Row table[] = {{0b0000, "0", "0"}, {0b0001, "A", "0"}, {0b0010, "B", "0"},
                       {0b0011, "A", "B"}, {0b0100, "0", "C"}, {0b0101, "A", "C"},
                       {0b0110, "B", "C"}, {0b1000, "0", "D"}, {0b1001, "A", "D"},
                       {0b1010, "B", "D"}, {0b1100, "C", "D"}};
  for (const Row& row : table) {
    Memory memory;
    Sparse<int8> s{std::vector<int8>(128), std::vector<bool>(128)};
    for (unsigned i = 0; i < 4; ++i) {
      s.present[20 + i] = (row.mask >> i & 1) != 0;
      if (s.present[20 + i]) s.dense[20 + i] = static_cast<int8>('A' + i);
    }
    compress(s, memory);
    const auto data =
        aie::sparse_vector_input_buffer_stream<int8, 128>(memory.as<int8>()).pop().extract_data();
    EXPECT_EQ(data[10], row.first == "0" ? 0 : row.first[0]) << row.mask;
    EXPECT_EQ(data[11], row.second == "0" ? 0 : row.second[0]) << row.mask;
    EXPECT_EQ(aie::neq(data, int8(0)).count(), static_cast<unsigned>(std::popcount(row.mask)));
  }
}

TEST_F(SparseTest, TheExampleOfTheDocumentation) {
  Memory memory;
  const std::array<uint8, 24> bytes = {0b11,    0, 0b10000, 0, 0, 0, 0, 0,          1, 2, 3, 99,
                                       0b10001, 1, 0,       0, 0, 0, 0, 0b10000000, 4, 5, 6, 7};
  std::copy(bytes.begin(), bytes.end(), memory.bytes.begin());
  aie::sparse_vector<int8, 128> v;
  aie::sparse_vector_input_buffer_stream<int8, 128> stream(memory.as<int8>());
  stream >> v;
  std::vector<int8> expected(64);
  expected[0] = 1;
  expected[1] = 2;
  expected[10] = 3;
  expected[32] = 4;
  expected[34] = 5;
  expected[36] = 6;
  expected[63] = 7;
  EXPECT_EQ(lanes(v.extract_data()), expected);
}

template <typename T, unsigned Elems>
void expect_stream() {
  std::mt19937 engine(7);
  Memory memory;
  std::vector<Sparse<T>> all;
  std::size_t at = 0;
  for (int i = 0; i < 5; ++i) {
    all.push_back(random_sparse<T>(Elems, engine));
    at = compress(all.back(), memory, at);
  }
  aie::sparse_vector_input_buffer_stream<T, Elems> stream(memory.as<T>());
  for (const Sparse<T>& s : all) {
    const auto data = stream.pop().extract_data();
    for (unsigned group = 0; group < Elems / 4; ++group) {
      // Both cells together are what is present, and nothing else.
      std::multiset<float> stored{static_cast<float>(data.get(2 * group)),
                                  static_cast<float>(data.get(2 * group + 1))};
      std::multiset<float> expected{0.0f, 0.0f};
      for (unsigned i = 4 * group; i < 4 * group + 4; ++i) {
        if (!s.present[i]) continue;
        expected.erase(expected.find(0.0f));
        expected.insert(static_cast<float>(s.dense[i]));
      }
      EXPECT_EQ(stored, expected);
    }
  }
}

TEST_F(SparseTest, StreamsReadOneVectorAfterAnother) {
  expect_stream<int8, 128>();
  expect_stream<uint8, 256>();
  expect_stream<int16, 64>();
  expect_stream<uint16, 128>();
  expect_stream<bfloat16, 64>();
  expect_stream<bfloat16, 128>();
}

TEST_F(SparseTest, FourBitsGoByPairs) {
  Memory memory;
  memory.bytes[0] = 0b1001;
  memory.bytes[8] = 0x21;
  memory.bytes[9] = 0x8F;
  const auto data =
      aie::sparse_vector_input_buffer_stream<int4, 256>(memory.as<int4>()).pop().extract_data();
  static_assert(std::is_same_v<decltype(data), const aie::vector<int4, 128>>);
  EXPECT_EQ(data[0], 1);
  EXPECT_EQ(data[1], 2);
  EXPECT_EQ(data[2], -1);
  EXPECT_EQ(data[3], -8);
  EXPECT_EQ(data[4], 0);
}

TEST_F(SparseTest, PartsGoInAndOut) {
  std::mt19937 engine(8);
  Memory memory;
  compress(random_sparse<int8>(256, engine), memory);
  const auto whole = aie::sparse_vector_input_buffer_stream<int8, 256>(memory.as<int8>()).pop();
  aie::sparse_vector<int8, 256> again;
  again.insert(1, whole.extract<128>(1)).insert(0, whole.extract<128>(0));
  EXPECT_EQ(lanes(again.extract_data()), lanes(whole.extract_data()));
  for (unsigned group = 0; group < 64; ++group) EXPECT_EQ(again.cells(group), whole.cells(group));
  aie::sparse_vector<int8, 256> copy;
  copy.insert(0, whole);
  EXPECT_EQ(lanes(copy.extract<128>(1).extract_data()),
            lanes(whole.extract<128>(1).extract_data()));
}

TEST_F(SparseTest, WhatTheCoreWouldMisreadIsRefused) {
  Memory memory;
  memory.bytes[0] = 0b0111;
  using Bytes = aie::sparse_vector_input_buffer_stream<int8, 128>;
  using Halves = aie::sparse_vector_input_buffer_stream<bfloat16, 64>;
  EXPECT_THAT(message_of(ErrorKind::unsupported, [&] { Bytes(memory.as<int8>()).pop(); }),
              HasSubstr("3 values in a group of four"));
  EXPECT_THAT(message_of(ErrorKind::unsupported, [&] { Halves(memory.as<bfloat16>()).pop(); }),
              HasSubstr("one byte of a 16-bit value"));
  EXPECT_THAT(message_of(ErrorKind::unsupported, [&] { Bytes(memory.as<int8>() + 4); }),
              HasSubstr("not a multiple of 32"));
  aie::mmul<4, 16, 8, int8> c;
  EXPECT_THAT(message_of(ErrorKind::unsupported,
                         [&] { c.mac(aie::zeros<int8, 64>(), aie::sparse_vector<int8, 128>()); }),
              HasSubstr("4 values in a group of four"));
}

/// C = A B + A B with B (K x N) column by column, against three loops.
template <unsigned M, unsigned K, unsigned N, typename A, typename B, typename Tag = accauto>
void expect_product() {
  using Mmul = aie::mmul<M, K, N, A, B, Tag>;
  using Lane = typename Mmul::accum_type::lane_type;
  static_assert(sizeof(Lane) == (sizeof(A) == 1 ? 4 : 8));
  std::mt19937 engine(9);
  for (unsigned round = 0; round < 20; ++round) {
    const Sparse<B> b = random_sparse<B>(Mmul::size_B, engine);
    Memory memory;
    compress(b, memory);
    const auto vb = aie::sparse_vector_input_buffer_stream<B, Mmul::size_B>(memory.as<B>()).pop();
    auto a = random_vector<A, Mmul::size_A>(round);
    a[round % 15] = std::numeric_limits<A>::lowest();
    a[round % 15 + 1] = std::numeric_limits<A>::max();
    const Lane start = round % 2 == 0 ? 0 : std::numeric_limits<Lane>::max();
    auto first = aie::zeros<typename Mmul::accum_tag, Mmul::size_C>();
    for (unsigned i = 0; i < Mmul::size_C; ++i) first.data()[i] = start;
    Mmul once;
    once.mul(a, vb);
    Mmul twice(first);
    twice.mac(a, vb);
    twice.mac(a, vb);
    for (unsigned m = 0; m < M; ++m) {
      for (unsigned n = 0; n < N; ++n) {
        int64 sum = 0;
        for (unsigned k = 0; k < K; ++k) {
          sum += static_cast<int64>(a.get(m * K + k)) * static_cast<int64>(b.dense[n * K + k]);
        }
        EXPECT_EQ(once.to_accum().data()[m * N + n], static_cast<Lane>(sum));
        EXPECT_EQ(twice.to_accum().data()[m * N + n],
                  static_cast<Lane>(static_cast<uint64>(start) + 2 * static_cast<uint64>(sum)));
      }
    }
  }
}

template <unsigned M, unsigned K, unsigned N, typename A, typename B, typename Tag = accauto>
void expect_product_of_all_signs() {
  expect_product<M, K, N, A, B, Tag>();
  expect_product<M, K, N, std::make_unsigned_t<A>, B, Tag>();
  expect_product<M, K, N, A, std::make_unsigned_t<B>, Tag>();
  expect_product<M, K, N, std::make_unsigned_t<A>, std::make_unsigned_t<B>, Tag>();
}

TEST_F(SparseTest, EveryShapeOfIntegers) {
  expect_product_of_all_signs<4, 16, 8, int8, int8>();
  expect_product_of_all_signs<8, 16, 8, int8, int8>();
  expect_product_of_all_signs<4, 16, 16, int8, int8>();
  expect_product_of_all_signs<2, 16, 8, int16, int8>();
  expect_product_of_all_signs<4, 16, 8, int16, int8>();
  expect_product_of_all_signs<2, 8, 8, int16, int16>();
  expect_product_of_all_signs<4, 8, 8, int16, int16>();
  expect_product_of_all_signs<2, 8, 16, int16, int16, acc64>();
}

TEST_F(SparseTest, ShapesThatTheCoreLacksDoNotCompile) {
  static_assert(has_sparse_mmul<int8, uint8>({4, 16, 8}) && has_mmul<int8, uint8>({4, 16, 8}));
  static_assert(has_sparse_mmul<bfloat16, bfloat16>({4, 16, 8}));
  static_assert(!has_sparse_mmul<bfloat16, bfloat16>({4, 8, 4}));
  static_assert(!has_sparse_mmul<int8, int4>({4, 32, 8}));
  static_assert(!has_sparse_mmul<int8, int16>({4, 16, 8}));
  static_assert(
      !std::is_constructible_v<aie::mmul<2, 8, 16, int16, int16, acc64>, aie::vector<int16, 32>>);
}

/// One lane of the dense instruction on the values that are present, in another order and place:
/// c + Σ a b, eight products in one step.
float mac_lane(float c, const std::vector<bfloat16>& a, const std::vector<bfloat16>& b) {
  std::array<float, 16> sums{};
  std::array<bfloat16, 32> block_a{};
  std::array<bfloat16, 32> block_b{};
  sums[4 * 3 + 2] = c;
  for (unsigned i = 0; i < a.size(); ++i) {
    block_a[8 * 3 + 7 - i] = a[i];
    block_b[4 * (7 - i) + 2] = b[i];
  }
  mac_4x8x4(sums.data(), block_a.data(), block_b.data());
  return sums[4 * 3 + 2];
}

template <unsigned N>
void expect_bfloat16_product(float scale) {
  using Mmul = aie::mmul<4, 16, N, bfloat16>;
  std::mt19937 engine(10);
  for (unsigned round = 0; round < 20; ++round) {
    const Sparse<bfloat16> b = random_sparse<bfloat16>(Mmul::size_B, engine, scale);
    Memory memory;
    compress(b, memory);
    const auto vb =
        aie::sparse_vector_input_buffer_stream<bfloat16, Mmul::size_B>(memory.as<bfloat16>()).pop();
    const auto a = random_vector<bfloat16, 64>(round, scale);
    const auto start = random_vector<float, Mmul::size_C>(round + 100, scale);
    Mmul once;
    once.mul(a, vb);
    Mmul more(start);
    more.mac(a, vb);
    for (unsigned m = 0; m < 4; ++m) {
      for (unsigned n = 0; n < N; ++n) {
        std::vector<bfloat16> row;
        std::vector<bfloat16> column;
        for (unsigned k = 0; k < 16; ++k) {
          if (!b.present[n * 16 + k]) continue;
          row.push_back(a.get(m * 16 + k));
          column.push_back(b.dense[n * 16 + k]);
        }
        EXPECT_EQ(once.to_accum().data()[m * N + n], mac_lane(0, row, column));
        EXPECT_EQ(more.to_accum().data()[m * N + n], mac_lane(start.get(m * N + n), row, column));
      }
    }
  }
}

TEST_F(SparseTest, Bfloat16TakesEightProductsInOneStep) {
  for (const float scale : {1e-18f, 4.0f, 1e18f}) {
    expect_bfloat16_product<4>(scale);
    expect_bfloat16_product<8>(scale);
  }
}

TEST_F(SparseTest, SmallBfloat16ProductsAreThoseOfPlainNumbers) {
  std::mt19937 engine(11);
  Sparse<bfloat16> b = random_sparse<bfloat16>(128, engine);
  for (bfloat16& x : b.dense) x = std::round(static_cast<float>(x));
  Memory memory;
  compress(b, memory);
  aie::mmul<4, 16, 8, bfloat16> c;
  aie::vector<bfloat16, 64> a;
  for (unsigned i = 0; i < 64; ++i) a[i] = static_cast<float>(i) - 30.0f;
  c.mac(a, aie::sparse_vector_input_buffer_stream<bfloat16, 128>(memory.as<bfloat16>()).pop());
  for (unsigned m = 0; m < 4; ++m) {
    for (unsigned n = 0; n < 8; ++n) {
      float sum = 0;
      for (unsigned k = 0; k < 16; ++k) {
        sum += static_cast<float>(a.get(m * 16 + k)) * static_cast<float>(b.dense[n * 16 + k]);
      }
      EXPECT_EQ(c.to_accum().data()[m * 8 + n], sum);
    }
  }
}

TEST_F(SparseTest, AnInfinityMeetsStoredValuesOnly) {
  auto a = aie::broadcast<bfloat16, 64>(1.0f);
  a[2] = std::numeric_limits<float>::infinity();
  Sparse<bfloat16> b{std::vector<bfloat16>(64, bfloat16(0.0f)), std::vector<bool>(64)};
  b.present[1] = b.present[3] = true;
  b.dense[1] = b.dense[3] = bfloat16(2.0f);
  b.present[16 + 2] = true;  // a stored zero
  b.present[32 + 2] = true;
  b.dense[32 + 2] = bfloat16(-1.0f);
  Memory memory;
  compress(b, memory);
  aie::mmul<4, 16, 4, bfloat16> c;
  c.mac(a, aie::sparse_vector_input_buffer_stream<bfloat16, 64>(memory.as<bfloat16>()).pop());
  EXPECT_EQ(c.to_accum().data()[0], 4.0f);
  EXPECT_TRUE(std::isnan(c.to_accum().data()[1]));
  EXPECT_EQ(c.to_accum().data()[2], -std::numeric_limits<float>::infinity());
  EXPECT_EQ(c.to_accum().data()[3], 0.0f);
}

}  // namespace
}  // namespace sotto::npu::host::testing
