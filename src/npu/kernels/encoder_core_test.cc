// The cores' program in a network whose objects come and go in any order that the locks allow, bit
// for bit against the kernels called one after another.
#include <gtest/gtest.h>

#include <cstring>

#include "npu/kernels/network_testing.h"

namespace sotto::npu::kernels {
namespace {

using testing::Attention;
using testing::DirectRunner;
using testing::Linear;
using testing::Matrix;
using testing::NetworkRunner;
using testing::Object;
using testing::Product;
using testing::Tiles;

/// Random activations in any layout.
Tiles random_tiles(int rows, int columns, std::uint32_t seed, double deviation = 1) {
  Tiles tiles(rows, columns);
  const Matrix values = testing::normal_matrix(rows * kTile, columns * kTile, seed, deviation);
  for (std::size_t i = 0; i < values.values.size(); ++i) {
    tiles.data[i] = testing::to_bf16(values.values[i]);
  }
  return tiles;
}

/// A layer with random weights and steps.
Linear random_linear(int inputs, int outputs, std::uint32_t seed) {
  Linear linear = {Matrix(0, 0),
                   {},
                   {},
                   random_tiles(outputs, inputs, seed, 0.05),
                   Buffer<bfloat16>(static_cast<std::size_t>(outputs) * kStepBlock)};
  const Matrix steps = testing::normal_matrix(outputs, kStepBlock, seed + 1, 0.5);
  for (std::size_t i = 0; i < steps.values.size(); ++i) {
    linear.columns[i] = testing::to_bf16(steps.values[i]);
  }
  return linear;
}

bool same_bits(const Tiles& a, const Tiles& b) {
  return std::memcmp(a.data.data(), b.data.data(), a.data.size() * sizeof(bfloat16)) == 0;
}

/// A network, and what it must agree with.
struct Shape {
  int rows, columns;
};
class NetworkTest : public ::testing::TestWithParam<Shape> {
 protected:
  /// Rows of `rows` tiles, of which the last is not full.
  void product_agrees(Epilogue epilogue, int rows, int inputs, int outputs, bool planes) {
    const std::uint32_t seed = ++seed_ * 10;
    const Tiles x = random_tiles(rows, inputs, seed);
    const Linear linear = random_linear(inputs, outputs, seed + 1);
    const Tiles first = random_tiles(rows, outputs, seed + 3),
                second = random_tiles(rows, outputs, seed + 4, 0.01);
    Tiles expected(rows, outputs), expected_low(rows, outputs), out(rows, outputs),
        low(rows, outputs);
    Product product = {.x = x,
                       .linear = linear,
                       .epilogue = epilogue,
                       .out = expected,
                       .end_row = kTile * rows - 27,
                       .low = &expected_low,
                       .first_row = 3};
    if (planes) product.planes = {&first, &second};
    direct_.run(product);
    network_.run(Product{.x = x,
                         .linear = linear,
                         .epilogue = epilogue,
                         .out = out,
                         .end_row = product.end_row,
                         .low = &low,
                         .planes = product.planes,
                         .first_row = product.first_row});
    EXPECT_TRUE(same_bits(out, expected)) << static_cast<int>(epilogue);
    EXPECT_TRUE(same_bits(low, expected_low)) << static_cast<int>(epilogue);
    expect_rest();
  }

  void attention_agrees(int rows, int heads, int keys, double deviation) {
    const std::uint32_t seed = ++seed_ * 10;
    const int key_tiles = (keys + kTile - 1) / kTile;
    const Tiles q = random_tiles(rows, heads, seed, deviation),
                k = random_tiles(key_tiles, heads, seed + 1);
    const Tiles v = random_tiles(key_tiles, heads, seed + 2);
    Tiles expected(rows, heads), out(rows, heads);
    direct_.run(Attention{.q = q, .k = k, .v = v, .out = expected, .keys = keys});
    network_.run(Attention{.q = q, .k = k, .v = v, .out = out, .keys = keys});
    EXPECT_TRUE(same_bits(out, expected)) << keys;
    expect_rest();
  }

  /// Nothing is left over, so a next dispatch finds what this one found.
  void expect_rest() {
    for (int row = 0; row < GetParam().rows; ++row) {
      for (int column = 0; column < GetParam().columns; ++column) {
        EXPECT_TRUE(network_.core(row, column).at_rest()) << row << "," << column;
        EXPECT_TRUE(network_.core(row, column).received().empty());
      }
    }
  }

  ThreadPool pool_{2};
  DirectRunner direct_{pool_};
  NetworkRunner network_{GetParam().rows, GetParam().columns, 7};
  std::uint32_t seed_ = 0;
};

TEST_P(NetworkTest, ProductsAgreeBitForBit) {
  for (const Epilogue epilogue : {Epilogue::gelu, Epilogue::norm_a, Epilogue::norm_k,
                                  Epilogue::norm_v, Epilogue::norm_gelu}) {
    product_agrees(epilogue, 3, 2, 3, false);
  }
  for (const bool planes : {false, true}) {
    product_agrees(Epilogue::residual, 3, 3, 2, planes);
    product_agrees(Epilogue::gelu_planes, 3, 1, 3, planes);
  }
}

TEST_P(NetworkTest, MoreColumnTilesThanAPhaseHolds) {
  product_agrees(Epilogue::norm_a, 2, 1, kMaxTiles * GetParam().columns + 1, false);
}

TEST_P(NetworkTest, AttentionAgreesBitForBit) {
  attention_agrees(3, 2, 1, 0.4);
  attention_agrees(2, 3, 155, 0.4);
  attention_agrees(1, 1, 128, 12);  // scores far above the first tile's: rescaling
}

TEST_P(NetworkTest, PhasesFollowEachOtherInAnyOrder) {
  std::mt19937 random(static_cast<std::uint32_t>(GetParam().rows * 10 + GetParam().columns));
  for (int i = 0; i < 12; ++i) {
    const int size = 1 + static_cast<int>(random() % 3);
    switch (random() % 4) {
      case 0:
        attention_agrees(size, 1 + static_cast<int>(random() % 2), 40 * size, 0.5);
        break;
      case 1:
        product_agrees(Epilogue::residual, size, 1, 2, true);
        break;
      case 2:
        product_agrees(Epilogue::gelu_planes, 1, size, 1, true);
        break;
      default:
        product_agrees(Epilogue::norm_k, size, 2, 1, false);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, NetworkTest,
                         ::testing::Values(Shape{1, 1}, Shape{4, 1}, Shape{2, 3}, Shape{4, 4}),
                         [](const auto& info) {
                           return std::to_string(info.param.rows) + "x" +
                                  std::to_string(info.param.columns);
                         });

/// A valid header, with which the core waits for the rest of its phase.
PhaseHeader some_phase() {
  return {.magic = kPhaseMagic,
          .kind = PhaseKind::product,
          .passes = 1,
          .tiles = kMaxTiles,
          .slices = 1,
          .epilogue = Epilogue::residual,
          .planes = 2,
          .first_row = 0,
          .end_row = kTile,
          .keys = 0,
          .unused = {}};
}

/// Whether the program of a core ends when this is the first object of a phase.
bool ends_at(const PhaseHeader& phase) {
  NetworkRunner network(1, 1, 1);
  Buffer<bfloat16> object(kTile * kTile);
  std::memcpy(static_cast<void*>(object.data()), &phase, sizeof(phase));
  network.core(0, 0).send_b(object.data());
  network.settle();
  return network.core(0, 0).ended();
}

TEST(EncoderCoreTest, EndsAtAnInvalidHeaderOnly) {
  EXPECT_FALSE(ends_at(some_phase()));
  const auto changed = [](auto change) {
    PhaseHeader phase = some_phase();
    change(phase);
    return phase;
  };
  using P = PhaseHeader;
  EXPECT_TRUE(ends_at(changed([](P& p) { p.magic = 0x3F803F80; })));
  EXPECT_TRUE(ends_at(changed([](P& p) { p.kind = static_cast<PhaseKind>(3); })));
  EXPECT_TRUE(ends_at(changed([](P& p) { p.passes = 0; })));
  EXPECT_TRUE(ends_at(changed([](P& p) { p.tiles = kMaxTiles + 1; })));
  EXPECT_TRUE(ends_at(changed([](P& p) { p.tiles = 0; })));
  EXPECT_TRUE(ends_at(changed([](P& p) { p.slices = 0; })));
  EXPECT_TRUE(ends_at(changed([](P& p) { p.epilogue = static_cast<Epilogue>(7); })));
  EXPECT_TRUE(ends_at(changed([](P& p) { p.epilogue = static_cast<Epilogue>(-1); })));
  EXPECT_TRUE(ends_at(changed([](P& p) { p.planes = 3; })));
  EXPECT_TRUE(ends_at(changed([](P& p) { p.planes = -1; })));
  EXPECT_TRUE(ends_at(changed([](P& p) { p.epilogue = Epilogue::gelu; })));  // with planes
  const auto attention = [&](int keys) {
    return changed([=](P& p) {
      p.kind = PhaseKind::attention;
      p.keys = keys;
    });
  };
  EXPECT_FALSE(ends_at(attention(1)));
  EXPECT_TRUE(ends_at(attention(0)));
}

TEST(EncoderCoreTest, KeepsTheObjectThatIsNoHeader) {
  NetworkRunner network(1, 1, 1);
  const Tiles weights = random_tiles(1, 1, 5);
  network.core(0, 0).send_b(weights.data.data());
  network.settle();
  EXPECT_TRUE(network.core(0, 0).ended());
  EXPECT_EQ(network.core(0, 0).free_b(), 1);
}

}  // namespace
}  // namespace sotto::npu::kernels
