// The cores' program in a network whose objects come and go in any order that the locks allow, bit
// for bit against the kernels called one after another.
#include <gtest/gtest.h>

#include <cstring>
#include <memory>

#include "npu/kernels/network_testing.h"

namespace sotto::npu::kernels {
namespace {

using testing::Attention;
using testing::DirectRunner;
using testing::Linear;
using testing::Matrix;
using testing::NetworkRunner;
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

/// A product or an attention on random operands, to be computed twice and compared.
class Work {
 public:
  virtual ~Work() = default;
  virtual void compute(DirectRunner& direct) = 0;
  virtual void enqueue(NetworkRunner& network) = 0;
  virtual void expect_same() const = 0;
};

/// Rows of `rows` tiles, of which neither the first nor the last is full.
class ProductWork : public Work {
 public:
  ProductWork(std::uint32_t seed, Epilogue epilogue, int rows, int inputs, int outputs, bool planes,
              int low_inputs = 0)
      : x_(random_tiles(rows, inputs, seed)),
        low_x_(random_tiles(rows, low_inputs, seed + 5)),
        linear_(random_linear(inputs, outputs, seed + 1)),
        high_(random_tiles(rows, outputs, seed + 3)),
        low_(random_tiles(rows, outputs, seed + 4, 0.01)),
        expected_(rows, outputs),
        expected_low_(rows, outputs),
        out_(rows, outputs),
        out_low_(rows, outputs),
        direct_(product(expected_, expected_low_, epilogue, planes)),
        network_(product(out_, out_low_, epilogue, planes)) {}

  void compute(DirectRunner& direct) override { direct.run(direct_); }
  void enqueue(NetworkRunner& network) override { network.enqueue(network_); }
  void expect_same() const override {
    EXPECT_TRUE(same_bits(out_, expected_)) << static_cast<int>(network_.epilogue);
    EXPECT_TRUE(same_bits(out_low_, expected_low_)) << static_cast<int>(network_.epilogue);
  }

 private:
  Product product(Tiles& out, Tiles& low, Epilogue epilogue, bool planes) const {
    Product product = {.x = x_,
                       .linear = linear_,
                       .epilogue = epilogue,
                       .out = out,
                       .end_row = kTile * x_.rows - 27,
                       .low = &low,
                       .first_row = 3,
                       .low_x = low_x_.columns == 0 ? nullptr : &low_x_};
    if (planes) product.planes = {&high_, &low_};
    return product;
  }

  Tiles x_, low_x_;
  Linear linear_;
  Tiles high_, low_;
  Tiles expected_, expected_low_, out_, out_low_;
  Product direct_, network_;
};

class AttentionWork : public Work {
 public:
  AttentionWork(std::uint32_t seed, int rows, int heads, int keys, double deviation,
                bool two_parts = false)
      : q_(random_tiles(rows, heads, seed, deviation)),
        k_(random_tiles((keys + kTile - 1) / kTile, heads, seed + 1)),
        v_(random_tiles(k_.rows, heads, seed + 2)),
        expected_(rows, heads),
        expected_low_(rows, heads),
        out_(rows, heads),
        out_low_(rows, heads),
        direct_(attention(expected_, expected_low_, keys, two_parts)),
        network_(attention(out_, out_low_, keys, two_parts)) {}

  void compute(DirectRunner& direct) override { direct.run(direct_); }
  void enqueue(NetworkRunner& network) override { network.enqueue(network_); }
  void expect_same() const override {
    EXPECT_TRUE(same_bits(out_, expected_)) << network_.keys << " keys";
    EXPECT_TRUE(same_bits(out_low_, expected_low_)) << network_.keys << " keys";
  }

 private:
  Attention attention(Tiles& out, Tiles& low, int keys, bool two_parts) const {
    return {.q = q_, .k = k_, .v = v_, .out = out, .keys = keys, .low = two_parts ? &low : nullptr};
  }

  Tiles q_, k_, v_;
  Tiles expected_, expected_low_, out_, out_low_;
  Attention direct_, network_;
};

struct Shape {
  int rows, columns;
};
class NetworkTest : public ::testing::TestWithParam<Shape> {
 protected:
  template <typename W, typename... Arguments>
  void add(Arguments... arguments) {
    seed_ += 10;
    work_.push_back(std::make_unique<W>(seed_, arguments...));
  }

  /// Queues all that was added at once: headers and operands of the next stand behind those before.
  void expect_agreement() {
    for (const auto& work : work_) {
      work->compute(direct_);
      work->enqueue(network_);
    }
    network_.settle();
    for (const auto& work : work_) work->expect_same();
    EXPECT_TRUE(network_.at_rest());  // so a next dispatch finds what this one found
    work_.clear();
  }

  ThreadPool pool_{2};
  DirectRunner direct_{pool_};
  NetworkRunner network_{GetParam().rows, GetParam().columns, 7};
  std::uint32_t seed_ = 0;
  std::vector<std::unique_ptr<Work>> work_;
};

TEST_P(NetworkTest, ProductsAgreeBitForBit) {
  for (const Epilogue epilogue : {Epilogue::gelu, Epilogue::norm_a, Epilogue::norm_k,
                                  Epilogue::norm_v, Epilogue::norm_gelu}) {
    add<ProductWork>(epilogue, 3, 2, 3, false);
    expect_agreement();
  }
  for (const bool planes : {false, true}) {
    add<ProductWork>(Epilogue::residual, 3, 3, 2, planes);
    expect_agreement();
    add<ProductWork>(Epilogue::gelu_planes, 3, 1, 3, planes);
    expect_agreement();
  }
}

TEST_P(NetworkTest, LowPartsOfOperandsAgreeBitForBit) {
  add<ProductWork>(Epilogue::norm_v, 3, 2, 3, false, 2);
  expect_agreement();
  add<ProductWork>(Epilogue::residual, 2, 2, 2, true, 1);  // of the first columns
  expect_agreement();
  add<ProductWork>(Epilogue::gelu_planes, 2, 3, 1, true, 2);
  expect_agreement();
}

TEST_P(NetworkTest, MoreColumnTilesThanAPhaseHolds) {
  add<ProductWork>(Epilogue::norm_a, 2, 1, kMaxTiles * GetParam().columns + 1, false);
  expect_agreement();
}

TEST_P(NetworkTest, AttentionAgreesBitForBit) {
  add<AttentionWork>(3, 2, 1, 0.4);
  expect_agreement();
  add<AttentionWork>(2, 3, 155, 0.4);
  expect_agreement();
  add<AttentionWork>(1, 1, 128, 12.0);  // scores far above the first tile's: rescaling
  expect_agreement();
  add<AttentionWork>(3, 2, 70, 0.4, true);
  expect_agreement();
}

TEST_P(NetworkTest, PhasesFollowEachOtherInAnyOrderWithoutAPause) {
  std::mt19937 random(static_cast<std::uint32_t>(GetParam().rows * 10 + GetParam().columns));
  for (int dispatch = 0; dispatch < 3; ++dispatch) {
    for (int i = 0; i < 6; ++i) {
      const int size = 1 + static_cast<int>(random() % 3);
      switch (random() % 4) {
        case 0:
          add<AttentionWork>(size, 1 + static_cast<int>(random() % 2), 40 * size, 0.5,
                             random() % 2 == 0);
          break;
        case 1:
          add<ProductWork>(Epilogue::residual, size, 1, 2, true);
          break;
        case 2:
          add<ProductWork>(Epilogue::gelu_planes, 1, size, 1, true);
          break;
        default:
          add<ProductWork>(Epilogue::norm_k, size, 2, 1, false, static_cast<int>(random() % 3));
      }
    }
    expect_agreement();
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
          .low_slices = 1,
          .parts = 0,
          .inverse_width = 0,
          .unused = {}};
}

/// Whether the program of a core ends when this is the first object of a phase.
bool ends_at(const PhaseHeader& phase) {
  NetworkRunner network(1, 1, 1);
  Buffer<bfloat16> object(kTile * kTile);
  std::memcpy(static_cast<void*>(object.data()), &phase, sizeof(phase));
  network.send_b(0, object.data());
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
  EXPECT_TRUE(ends_at(changed([](P& p) { p.passes = kMaxCount + 1; })));
  EXPECT_TRUE(ends_at(changed([](P& p) { p.slices = kMaxCount + 1; })));
  EXPECT_TRUE(ends_at(changed([](P& p) { p.first_row = -1; })));
  EXPECT_TRUE(ends_at(changed([](P& p) { p.first_row = kMaxRows + 1; })));
  EXPECT_TRUE(ends_at(changed([](P& p) { p.end_row = -1; })));
  EXPECT_TRUE(ends_at(changed([](P& p) { p.end_row = kMaxRows + 1; })));
  EXPECT_TRUE(ends_at(changed([](P& p) { p.keys = 1; })));
  EXPECT_TRUE(ends_at(changed([](P& p) { p.low_slices = 2; })));
  EXPECT_TRUE(ends_at(changed([](P& p) { p.low_slices = -1; })));
  EXPECT_TRUE(ends_at(changed([](P& p) { p.parts = 1; })));

  const auto attention = [&](auto change) {
    PhaseHeader phase = {};
    phase.magic = kPhaseMagic;
    phase.kind = PhaseKind::attention;
    phase.passes = phase.keys = phase.parts = 1;
    change(phase);
    return phase;
  };
  EXPECT_FALSE(ends_at(attention([](P&) {})));
  EXPECT_FALSE(ends_at(attention([](P& p) { p.parts = 2; })));
  EXPECT_TRUE(ends_at(attention([](P& p) { p.parts = 3; })));
  EXPECT_TRUE(ends_at(attention([](P& p) { p.parts = 0; })));
  EXPECT_TRUE(ends_at(attention([](P& p) { p.low_slices = 1; })));
  EXPECT_TRUE(ends_at(attention([](P& p) { p.keys = 0; })));
  EXPECT_TRUE(ends_at(attention([](P& p) { p.keys = kMaxRows + 1; })));
  EXPECT_TRUE(ends_at(attention([](P& p) { p.tiles = 1; })));
  EXPECT_TRUE(ends_at(attention([](P& p) { p.slices = 1; })));
  EXPECT_TRUE(ends_at(attention([](P& p) { p.planes = 1; })));
  EXPECT_TRUE(ends_at(attention([](P& p) { p.epilogue = Epilogue::gelu; })));
  EXPECT_TRUE(ends_at(attention([](P& p) { p.first_row = 1; })));
  EXPECT_TRUE(ends_at(attention([](P& p) { p.end_row = 64; })));
}

TEST(EncoderCoreTest, EndsAtOnceOutsideOfItsNetwork) {
  // Another core waits for its first header.
  const auto ends = [](int row, int column) {
    testing::NetworkCore core(row, column, 2, 3);
    core.resume();
    return core.ended();
  };
  EXPECT_FALSE(ends(1, 2));
  EXPECT_TRUE(ends(2, 0));
  EXPECT_TRUE(ends(0, 3));
  EXPECT_TRUE(ends(-1, 0));
  EXPECT_TRUE(ends(0, -1));
}

TEST(EncoderCoreTest, KeepsTheObjectThatIsNoHeader) {
  NetworkRunner network(1, 1, 1);
  const Tiles weights = random_tiles(1, 1, 5);
  network.send_b(0, weights.data.data());
  network.settle();
  EXPECT_TRUE(network.core(0, 0).ended());
  EXPECT_EQ(network.core(0, 0).free_b(), 1);
}

}  // namespace
}  // namespace sotto::npu::kernels
