// Small kernels, instruction for instruction.
#include "npu/recorder/include/aie_api/aie.hpp"

#include <gmock/gmock.h>

#include "npu/recorder/recorder_testing.h"

namespace sotto::npu::recorder {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::loops_of;
using testing::texts_of;

using Mmul = aie::mmul<4, 8, 4, bfloat16, bfloat16>;
using Sum = aie::accum<accfloat, 16>;

/// Buffers a and b for reading and out for writing, of 4 KB each, in banks 0, 1 and 2.
class TinyKernel : public ::testing::Test {
 protected:
  TinyKernel() {
    for (size_t i = 0; i < 2048; ++i) {
      a[i] = bfloat16::from_bits(static_cast<uint16_t>(0x3F00 + i % 200));
      b[i] = bfloat16::from_bits(static_cast<uint16_t>(0x3E80 + i % 300));
    }
  }
  template <typename F>
  Kernel record_kernel(F run) {
    const Kernel kernel =
        record("tiny", {{"a", &a_bytes, 0}, {"b", &b_bytes, 1}, {"out", &out_bytes, 2}}, run);
    testing::expect_faithful(kernel);
    return kernel;
  }
  template <typename F>
  std::string refusal(F run) {
    try {
      record("tiny", {{"a", &a_bytes, 0}, {"b", &b_bytes, 1}, {"out", &out_bytes, 2}}, run);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

  Buffer<std::byte> a_bytes{4096}, b_bytes{4096}, out_bytes{4096};
  bfloat16* const a = reinterpret_cast<bfloat16*>(a_bytes.data());
  bfloat16* const b = reinterpret_cast<bfloat16*>(b_bytes.data());
  bfloat16* const out = reinterpret_cast<bfloat16*>(out_bytes.data());
  float* const sums = reinterpret_cast<float*>(out_bytes.data());
};

TEST_F(TinyKernel, InnerProductCarriesItsSum) {
  const Kernel kernel = record_kernel([&] {
    Mmul sum;
    SOTTO_LOOP(8, int i = 0; i < 8; ++i) {
      const auto left = aie::load_v<32>(a + 32 * i), right = aie::load_v<32>(b + 32 * i);
      sum.mac(left, right);
    }
    aie::store_v(sums, sum.to_accum().to_vector<float>());
  });
  const core::Loop& loop = loops_of(kernel).at(0)->piece.graph;
  EXPECT_THAT(texts_of(loop), ElementsAre("vldb", "vldb", "vldb", "vldb", "vmac.f"));
  const core::Operation& product = loop.operations[4];
  EXPECT_EQ(product.uses[0].reg, product.defs[0].reg);
  EXPECT_EQ(product.uses[0].distance, 1);
  EXPECT_TRUE(loop.registers[static_cast<size_t>(product.defs[0].reg)].live_out);
  EXPECT_EQ(loop.operations[0].immediate, 32);
  EXPECT_EQ(loop.operations[0].mode, core::AddressMode::increment);
  EXPECT_EQ(loop.operations[0].access->stride, 64);
  EXPECT_EQ(loop.operations[3].access->offset, 32);
  EXPECT_EQ(loop.operations[3].access->bank, 1);
}

TEST_F(TinyKernel, AProductThatBeginsWithZerosIsAMultiplication) {
  const Kernel kernel = record_kernel([&] {
    SOTTO_LOOP(4, int i = 0; i < 4; ++i) {
      Mmul sum;
      sum.mac(aie::load_v<32>(a + 32 * i), aie::load_v<32>(b + 32 * i));
      aie::store_v(sums + 16 * i, sum.to_accum().to_vector<float>());
    }
  });
  EXPECT_THAT(texts_of(loops_of(kernel).at(0)->piece.graph),
              ElementsAre("vldb", "vldb", "vldb", "vldb", "vmul.f", "vst", "vst"));
}

TEST_F(TinyKernel, ConversionsHappenInLoadsAndStores) {
  const Kernel kernel = record_kernel([&] {
    aie::set_rounding(aie::rounding_mode::conv_even);
    SOTTO_LOOP(16, int i = 0; i < 16; ++i) {
      const Sum x(aie::load_v<16>(a + 16 * i));
      aie::store_v(out + 16 * i, aie::add(x, x).to_vector<bfloat16>());
    }
  });
  EXPECT_THAT(texts_of(loops_of(kernel).at(0)->piece.graph),
              ElementsAre("vlda.conv.fp32.bf16", "vadd.f", "vst.conv.bf16.fp32"));
}

TEST_F(TinyKernel, ConstantTripsNeedNoPromise) {
  const Kernel kernel = record_kernel([&] {
    SOTTO_LOOP(kConstantTrips, int i = 0; i < 5; ++i) {
      aie::store_v(out + 32 * i, aie::load_v<32>(a + 32 * i));
    }
  });
  EXPECT_EQ(loops_of(kernel).at(0)->min_trips, 5);
}

TEST_F(TinyKernel, StoresShiftIntegers) {
  const Kernel kernel = record_kernel([&] {
    aie::set_rounding(aie::rounding_mode::conv_even);
    aie::set_saturation(aie::saturation_mode::saturate);
    SOTTO_LOOP(16, int i = 0; i < 16; ++i) {
      const auto x = aie::load_v<32>(a + 32 * i).cast_to<int16>();
      aie::store_v(out + 32 * i, aie::mul<acc32>(x, x).to_vector<int16>(3).cast_to<bfloat16>());
    }
  });
  EXPECT_THAT(texts_of(loops_of(kernel).at(0)->piece.graph),
              ElementsAre("vldb", "vldb", "vmul", "vst.srs.s16.s32", "vst.srs.s16.s32"));
}

/// The shifts that straight code sets.
std::vector<int64_t> shifts_of(const Kernel& kernel) {
  std::vector<int64_t> shifts;
  for (const Region& region : kernel.regions) {
    for (const core::Operation& operation : region.piece.graph.operations) {
      if (operation.opcode == Opcode::set_s) shifts.push_back(operation.immediate);
    }
  }
  return shifts;
}

TEST_F(TinyKernel, EachShiftIsSetOnceAndBeforeTheLoop) {
  const Kernel kernel = record_kernel([&] {
    SOTTO_LOOP(16, int i = 0; i < 16; ++i) {
      const auto x = aie::load_v<32>(a + 32 * i).cast_to<int16>();
      const auto squares = aie::mul<acc32>(x, x).to_vector<int16>(3);
      const auto cubes = aie::mul<acc32>(squares, x).to_vector<int16>(9);
      const auto fourths = aie::mul<acc32>(cubes, x).to_vector<int16>(3);
      aie::store_v(out + 32 * i, fourths.cast_to<bfloat16>());
    }
  });
  EXPECT_THAT(shifts_of(kernel), ::testing::UnorderedElementsAre(3, 9));
}

TEST_F(TinyKernel, ShiftsDoNotChangeFromIterationToIteration) {
  EXPECT_THAT(refusal([&] {
                SOTTO_LOOP(4, int i = 0; i < 4; ++i) {
                  const auto x = aie::load_v<32>(a + 32 * i).cast_to<int16>();
                  aie::store_v(out + 32 * i,
                               aie::mul<acc32>(x, x).to_vector<int16>(i).cast_to<bfloat16>());
                }
              }),
              HasSubstr("a shift goes from 0 to 1"));
}

TEST_F(TinyKernel, AValueOfTwoUsesIsConvertedOnItsOwn) {
  const Kernel kernel = record_kernel([&] {
    SOTTO_LOOP(16, int i = 0; i < 16; ++i) {
      const auto x = aie::load_v<16>(a + 16 * i);
      const Sum once(x), again(aie::max(x, x));
      aie::store_v(out + 16 * i, aie::add(once, again).to_vector<bfloat16>());
    }
  });
  EXPECT_THAT(texts_of(loops_of(kernel).at(0)->piece.graph),
              ElementsAre("vldb", "vconv.fp32.bf16", "vmax_lt.bf16", "vconv.fp32.bf16", "vadd.f",
                          "vst.conv.bf16.fp32"));
}

TEST_F(TinyKernel, MasksAreMadeOfScalars) {
  const Kernel kernel = record_kernel([&] {
    const auto zeros = aie::zeros<bfloat16, 32>();
    SOTTO_LOOP(4, int i = 0; i < 4; ++i) {
      const Recorded<int> left = 100 - 32 * i;
      const auto lanes = aie::mask<32>::from_uint32((1u << (left & 31)) - 1u);
      aie::store_v(out + 32 * i, aie::select(zeros, aie::load_v<32>(a + 32 * i), lanes));
    }
  });
  // left goes down by 32, an addition; constants stay outside.
  EXPECT_THAT(texts_of(loops_of(kernel).at(0)->piece.graph),
              ElementsAre("vldb", "vldb", "add", "and", "lshl", "sub", "vsel.16", "vst", "vst"));
}

/// Operations with their operands, line by line.
std::vector<std::string> lines_of(const Kernel& kernel) {
  std::vector<std::string> lines;
  for (const Region& region : kernel.regions) {
    for (const core::Operation& operation : region.piece.graph.operations) {
      std::string line = concat(testing::text_of(operation), " #", operation.immediate);
      for (const auto& operands : {operation.defs, operation.uses}) {
        for (const core::Operand& operand : operands) {
          line += concat(' ', region.piece.cells[static_cast<size_t>(operand.reg)], '.',
                         int{operand.first}, '@', operand.distance);
        }
      }
      lines.push_back(line);
    }
  }
  return lines;
}

// Which argument is computed first is for the compiler to say; the code does not depend on it.
TEST_F(TinyKernel, OrderOfArgumentsDoesNotMatter) {
  const auto kernel_of = [&](bool is_left_first) {
    return record_kernel([&] {
      aie::set_rounding(aie::rounding_mode::conv_even);
      SOTTO_LOOP(16, int i = 0; i < 16; ++i) {
        const auto left = [&] { return Sum(aie::load_v<16>(a + 16 * i)); };
        const auto right = [&] {
          const auto x = aie::load_v<16>(b + 16 * i);
          return aie::mul(aie::max(x, aie::broadcast<bfloat16, 16>(bfloat16(2.0f))), x);
        };
        Sum sum;
        if (is_left_first) {
          const Sum first = left(), second = right();
          sum = aie::add(first, second);
        } else {
          const Sum second = right(), first = left();
          sum = aie::add(first, second);
        }
        aie::store_v(out + 16 * i, sum.to_vector<bfloat16>());
      }
    });
  };
  const Kernel one = kernel_of(true), other = kernel_of(false);
  EXPECT_GT(lines_of(one).size(), 6u);
  EXPECT_EQ(lines_of(one), lines_of(other));
}

// What a later store overwrites is read before it, and what rounds does so in the old mode.
TEST_F(TinyKernel, WhatIsReadLateIsReadBeforeItChanges) {
  record_kernel([&] {
    aie::set_rounding(aie::rounding_mode::floor);
    const auto before = aie::load_v<16>(out);
    const Sum x(aie::load_v<16>(a)), y(aie::load_v<16>(b));
    const auto floored = aie::add(x, y).to_vector<bfloat16>();
    aie::set_rounding(aie::rounding_mode::conv_even);
    aie::store_v(out, aie::add(x, y).to_vector<bfloat16>());
    aie::store_v(out + 16, aie::max(before, floored));
    aie::store_v(out + 32, aie::load_v<16>(out));
  });
}

TEST_F(TinyKernel, ValuesOfTheIterationBeforeTheLast) {
  const Kernel kernel = record_kernel([&] {
    auto two_ago = aie::load_v<32>(a), one_ago = aie::load_v<32>(a + 32);
    SOTTO_LOOP(6, int i = 0; i < 6; ++i) {
      const auto now = aie::load_v<32>(a + 64 + 32 * i);
      aie::store_v(out + 32 * i, aie::min(now, two_ago));
      two_ago = one_ago;
      one_ago = now;
    }
  });
  const core::Loop& loop = loops_of(kernel).at(0)->piece.graph;
  EXPECT_THAT(texts_of(loop), ElementsAre("vldb", "vldb", "vmin_ge.bf16", "vst", "vst"));
  EXPECT_EQ(loop.operations[2].uses[1].distance, 2);
}

TEST_F(TinyKernel, OuterLoopsHandTheirValuesOnToo) {
  const Kernel kernel = record_kernel([&] {
    auto two_ago = aie::load_v<32>(a), one_ago = aie::load_v<32>(a + 32);
    SOTTO_LOOP(5, int i = 0; i < 5; ++i) {
      const auto now = aie::load_v<32>(a + 64 + 32 * i);
      SOTTO_LOOP(2, int j = 0; j < 2; ++j) {
        aie::store_v(out + 32 * (2 * i + j), aie::min(aie::load_v<32>(b + 32 * j), two_ago));
      }
      two_ago = one_ago;
      one_ago = now;
    }
  });
  const Region& outer = kernel.regions.back();
  ASSERT_EQ(outer.kind, Region::Kind::outer_loop);
  EXPECT_EQ(outer.carries.size(), 2u);
}

TEST_F(TinyKernel, PointersOfNestedLoopsGoOnOutside) {
  const Kernel kernel = record_kernel([&] {
    SOTTO_LOOP(4, int i = 0; i < 4; ++i) {
      SOTTO_LOOP(4, int j = 0; j < 4; ++j) {
        aie::store_v(out + 32 * (4 * i + j), aie::load_v<32>(a + 32 * (i + 8 * j)));
      }
    }
  });
  ASSERT_EQ(kernel.regions.back().kind, Region::Kind::outer_loop);
  EXPECT_EQ(kernel.regions.back().trips, 4);
  EXPECT_EQ(loops_of(kernel).at(0)->runs, 4);
  const core::Loop& loop = loops_of(kernel).at(0)->piece.graph;
  EXPECT_THAT(texts_of(loop), ElementsAre("vldb", "vldb", "vst", "vst"));
  // On to the next 512 bytes by more than the instruction's constant holds.
  EXPECT_EQ(loop.operations[1].mode, core::AddressMode::increment_m);
}

TEST_F(TinyKernel, AWayThatTurnsTakesAModifier) {
  const Kernel kernel = record_kernel([&] {
    SOTTO_LOOP(12, int i = 0; i < 12; ++i) {
      aie::store_v(out + 16 * i, aie::load_v<16>(a + 16 * (i % 4) + 256 * (i / 4)));
    }
  });
  const core::Loop& loop = loops_of(kernel).at(0)->piece.graph;
  EXPECT_THAT(texts_of(loop), ElementsAre("vldb", "vst"));
  EXPECT_EQ(loop.operations[0].mode, core::AddressMode::increment_2d);
  EXPECT_EQ(loop.operations[1].mode, core::AddressMode::increment);
}

TEST_F(TinyKernel, StoresThatAreLoadedLaterAreOrdered) {
  const Kernel kernel = record_kernel([&] {
    SOTTO_LOOP(8, int i = 0; i < 8; ++i) {
      const auto before = aie::load_v<16>(out + 16 * i), x = aie::load_v<16>(a + 16 * i);
      aie::store_v(out + 16 * (i + 2), aie::max(before, x));
    }
  });
  const core::Loop& loop = loops_of(kernel).at(0)->piece.graph;
  ASSERT_EQ(loop.orders.size(), 1u);
  EXPECT_EQ(loop.orders[0].from, 3);
  EXPECT_EQ(loop.orders[0].to, 0);
  EXPECT_EQ(loop.orders[0].distance, 2);
}

TEST_F(TinyKernel, IterationsMustBeAlike) {
  EXPECT_THAT(refusal([&] {
                SOTTO_LOOP(4, int i = 0; i < 4; ++i) {
                  const auto x = aie::load_v<16>(a + 16 * i);
                  aie::store_v(out + 16 * i, i == 2 ? aie::max(x, x) : x);
                }
              }),
              HasSubstr("iteration 2 has 3 operations, the last one 2"));
}

TEST_F(TinyKernel, AddressesMustFollowAPattern) {
  EXPECT_THAT(refusal([&] {
                SOTTO_LOOP(6, int i = 0; i < 6; ++i) {
                  aie::store_v(out + 16 * i, aie::load_v<16>(a + 16 * (i * i)));
                }
              }),
              HasSubstr("the core has no way to form these addresses"));
}

TEST_F(TinyKernel, ScalarsMustFollowALine) {
  EXPECT_THAT(refusal([&] {
                const auto zeros = aie::zeros<bfloat16, 32>();
                SOTTO_LOOP(4, int i = 0; i < 4; ++i) {
                  aie::store_v(out + 32 * i, aie::select(zeros, aie::load_v<32>(a + 32 * i),
                                                         aie::mask<32>::from_uint32(1u << i)));
                }
              }),
              HasSubstr("compute it with Scalar"));
}

TEST_F(TinyKernel, LoopsKeepTheirPromises) {
  EXPECT_THAT(refusal([&] {
                SOTTO_LOOP(4, int i = 0; i < 3; ++i) {
                  aie::store_v(out + 16 * i, aie::load_v<16>(a + 16 * i));
                }
              }),
              HasSubstr("says that it runs 4 times or more, but runs 3"));
}

TEST_F(TinyKernel, BuffersMustBeKnown) {
  alignas(64) bfloat16 other[16];
  EXPECT_THAT(refusal([&] { aie::store_v(other, aie::load_v<16>(a)); }),
              HasSubstr("lie in none of its buffers"));
}

TEST_F(TinyKernel, NothingRecordsOutside) {
  EXPECT_THROW(static_cast<void>(aie::load_v<16>(a)), Error);
}

}  // namespace
}  // namespace sotto::npu::recorder
