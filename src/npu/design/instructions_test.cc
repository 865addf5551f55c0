#include "npu/design/instructions.h"

#include <gtest/gtest.h>

#include <random>

#include "base/error.h"

namespace sotto::npu::design {
namespace {

TEST(Instructions, Words) {
  // The operations that mlir-aie's own test of the format lists, with the values that it expects.
  const InstructionStream stream = {
      npu1(4),
      {Write{0x06400DEF, 0x42}, BlockWrite{0x02100064, {100, 101}},
       MaskWrite{0x0430567A, 0x1001, 0xF00FF00F}, Sync{{3, 4}, Direction::mm2s, 5},
       AddressPatch{0x0001D004, 2, 4096}}};
  const std::vector<std::uint32_t> words = {
      0x06030100, 0x00000104, 5,          4 * (4 + 6 + 6 + 7 + 4 + 12),  //
      0,          0,          0x06400DEF, 0,
      0x42,       0x18,  //
      1,          0x0101,     0x02100064, 4 * 6,
      100,        101,  //
      3,          0,          0x0430567A, 0,
      0x1001,     0xF00FF00F, 0x1C,                    //
      0x80,       0x10,       0x00030401, 0x05010100,  //
      0x81,       0x30,       0,          0,
      0,          0,          0x0001D004, 0,
      2,          0,          4096,       0};
  EXPECT_EQ(encode(stream), words);
  EXPECT_EQ(decode(words), stream);
}

Instruction random_instruction(std::mt19937& random) {
  const auto word = [&] { return static_cast<std::uint32_t>(random()); };
  switch (random() % 5) {
    case 0:
      return Write{word(), word()};
    case 1:
      return BlockWrite{word(), std::vector<std::uint32_t>(random() % 20, word())};
    case 2:
      return MaskWrite{word(), word(), word()};
    case 3:
      return Sync{{static_cast<int>(random() % 8), static_cast<int>(random() % 6)},
                  random() % 2 == 0 ? Direction::s2mm : Direction::mm2s,
                  static_cast<int>(random() % 6)};
    default:
      return AddressPatch{word(), word() % 5, word()};
  }
}

TEST(Instructions, DecodeIsTheInverse) {
  std::mt19937 random(3);
  for (int trial = 0; trial < 300; ++trial) {
    InstructionStream stream{trial % 2 == 0 ? npu1(1 + trial % 4) : npu2(1 + trial % 8), {}};
    for (std::size_t i = random() % 30; i > 0; --i) {
      stream.instructions.push_back(random_instruction(random));
    }
    const std::vector<std::uint32_t> words = encode(stream);
    EXPECT_EQ(decode(words), stream);
    EXPECT_EQ(encode(decode(words)), words);
  }
}

void expect_damaged(const std::vector<std::uint32_t>& words, const std::string& text) {
  try {
    decode(words);
    FAIL() << "accepted; expected: " << text;
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find(text), std::string::npos) << error.what();
  }
}

TEST(Instructions, DamagedStreamsAreRefused) {
  const std::vector<std::uint32_t> good = encode({npu1(1), {Write{1, 2}, Sync{}}});
  EXPECT_NO_THROW(decode(good));
  expect_damaged({}, "word 0 of 0");
  auto words = good;
  words[0] = 0x06030200;
  expect_damaged(words, "a header of this version");
  words = good;
  words.pop_back();
  expect_damaged(words, "the length that its header states");
  words[3] -= 4;
  expect_damaged(words, "followed by a whole operation");
  words = good;
  words[2] = 3;
  expect_damaged(words, "though the header counts more");
  words[2] = 1;
  expect_damaged(words, "not the end");
  words = good;
  words[4] = 2;
  expect_damaged(words, "word 4 of 14 is not an operation that is known here");
}

TEST(Instructions, EveryCutIsRefused) {
  const std::vector<std::uint32_t> good =
      encode({npu1(1), {BlockWrite{0, {1, 2, 3}}, AddressPatch{}, MaskWrite{}}});
  for (std::size_t size = 0; size < good.size(); ++size) {
    std::vector<std::uint32_t> words(good.begin(),
                                     good.begin() + static_cast<std::ptrdiff_t>(size));
    if (size > 3) words[3] = static_cast<std::uint32_t>(4 * size);
    EXPECT_THROW(decode(words), Error) << size;
  }
}

}  // namespace
}  // namespace sotto::npu::design
