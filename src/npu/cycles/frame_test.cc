// What a call owes its caller, and what it tells it.
#include "npu/cycles/frame.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "base/error.h"
#include "npu/core/banks.h"
#include "npu/cycles/compile.h"
#include "npu/cycles/cost.h"
#include "npu/cycles/run.h"
#include "npu/kernels/kernels.h"
#include "npu/recorder/record.h"

namespace sotto::npu::cycles {
namespace {

using core::Instruction;
using core::Opcode;
using ::testing::HasSubstr;

constexpr core::Effort kQuick{.seeds = 2, .moves = 100, .tried_operations = 2'000};

bool moves_stack(const Instruction& made) {
  return core::interchangeable(made.opcode)[0] == core::choices(Opcode::padd_sp)[0];
}

/// Instructions that move the stack pointer, and where.
std::vector<int64_t> frames_of(const core::Image& image) {
  std::vector<int64_t> found;
  for (const core::Bundle& bundle : image.bundles) {
    for (const Instruction& made : bundle.instructions) {
      if (moves_stack(made)) found.push_back(made.immediate);
    }
  }
  return found;
}

template <typename Drop>
Compiled without(Compiled compiled, Drop drop) {
  for (core::Bundle& bundle : compiled.image.bundles) std::erase_if(bundle.instructions, drop);
  core::lay_out(compiled.image);
  return compiled;
}

TEST(Frame, IsOneOfTheCallAndAsLargeAsWhatLiesThere) {
  const recorder::Kernel kernel = recorder::record("softmax_bf16");
  const Compiled compiled = compile(kernel, kQuick);
  ASSERT_EQ(check(compiled, kernel), "");
  ASSERT_GT(compiled.stack_bytes, 0);
  EXPECT_EQ(compiled.stack_bytes % 32, 0);
  EXPECT_THAT(frames_of(compiled.image),
              ::testing::ElementsAre(compiled.stack_bytes, -compiled.stack_bytes));
  EXPECT_THAT(check(without(compiled, moves_stack), kernel), HasSubstr("outside the frame"));
  Compiled smaller = compiled;
  for (core::Bundle& bundle : smaller.image.bundles) {
    for (Instruction& made : bundle.instructions) {
      if (moves_stack(made)) made.immediate -= made.immediate > 0 ? 32 : -32;
    }
  }
  EXPECT_THAT(check(smaller, kernel), HasSubstr("outside the frame"));
}

TEST(Frame, ACallThatNeedsFewRegistersHasNoneAndSavesNothing) {
  const recorder::Kernel kernel = recorder::record("round_strip_a");
  const Compiled compiled = compile(kernel, kQuick);
  EXPECT_EQ(compiled.stack_bytes, 0);
  EXPECT_THAT(frames_of(compiled.image), ::testing::IsEmpty());
  for (const core::Bundle& bundle : compiled.image.bundles) {
    for (const Instruction& made : bundle.instructions) {
      for (const core::Register def : made.defs) EXPECT_FALSE(is_callee_saved(def));
    }
  }
}

// Masks of lanes lie in r16 to r23, which are the caller's.
TEST(Frame, TheCallersRegistersComeBack) {
  const recorder::Kernel kernel = recorder::record("gelu_bf16_tail");
  const Compiled compiled = compile(kernel, kQuick);
  ASSERT_EQ(check(compiled, kernel), "");
  const auto restores = [](const Instruction& made) {
    return made.piece == 0 && made.operation < 0 && !made.defs.empty() &&
           is_callee_saved(made.defs[0]) && made.uses.size() == 1 &&
           made.uses[0].cls == core::RegisterClass::r && !is_callee_saved(made.uses[0]);
  };
  EXPECT_THAT(check(without(compiled, restores), kernel), HasSubstr("the caller's"));
}

/// A kernel's buffer as numbers.
template <typename T>
class Numbers {
 public:
  Numbers(recorder::Kernel& kernel, const std::string& name) : object_(find(kernel, name)) {
    std::memcpy(values_.data(), object_.before.data(), object_.before.size());
  }
  T* data() { return values_.data(); }
  void begin_with_this() { std::memcpy(object_.before.data(), values_.data(), bytes()); }
  bool is_in(const std::vector<std::byte>& memory) const {
    return std::memcmp(memory.data() + object_.address, values_.data(), bytes()) == 0;
  }

 private:
  size_t bytes() const { return object_.before.size(); }
  static recorder::Object& find(recorder::Kernel& kernel, const std::string& name) {
    return *std::find_if(kernel.objects.begin(), kernel.objects.end(),
                         [&](const recorder::Object& object) { return object.name == name; });
  }

  recorder::Object& object_;
  Buffer<T> values_ = Buffer<T>(bytes() / sizeof(T));
};

constexpr int kRecordedKeys = 60;

/// The code of a call with kRecordedKeys, on as many keys and on scores that are too large in these
/// rows.
void expect_said(const Compiled& compiled, recorder::Kernel kernel, const std::vector<int>& rows,
                 int keys = kRecordedKeys) {
  Numbers<bfloat16> p(kernel, "p"), q(kernel, "q"), k(kernel, "k");
  Numbers<float> sums(kernel, "sums"), before(kernel, "before"), offsets(kernel, "offsets");
  constexpr float kTooLarge = 40;
  for (const int row : rows) std::fill_n(offsets.data() + row * 4, 4, kTooLarge);
  offsets.begin_with_this();
  const int returned = ::attention_weights(p.data(), sums.data(), before.data(), q.data(), k.data(),
                                           offsets.data(), keys);
  const BitRun ran = run(compiled, kernel);
  EXPECT_EQ(ran.problem, "");
  EXPECT_EQ(returned, rows.empty() ? 0 : 1);
  EXPECT_EQ(ran.returned, returned);
  EXPECT_TRUE(p.is_in(ran.memory));
  EXPECT_TRUE(sums.is_in(ran.memory));
}

TEST(Frame, LiesBesideTheBuffersOfItsBank) {
  recorder::Kernel kernel = recorder::record("softmax_bf16");
  const Compiled compiled = compile(kernel, kQuick);
  ASSERT_GT(compiled.stack_bytes, 0);
  int64_t free = core::kBankBytes - compiled.stack_bytes;
  for (const recorder::Object& object : kernel.objects) {
    free -= object.bank == core::kStackBank ? object.bytes : 0;
  }
  recorder::Object other;
  other.bytes = free;
  other.bank = core::kStackBank;
  kernel.objects.push_back(other);
  const KernelCost cost = cost_of(kernel, compiled);
  EXPECT_EQ(cost.bank_bytes[core::kStackBank] + cost.stack_bytes, core::kBankBytes);
  ++kernel.objects.back().bytes;
  try {
    cost_of(kernel, compiled);
    ADD_FAILURE() << "buffers and frame share a byte";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("do not fit into bank 0 of 16384"));
  }
}

TEST(Weights, SayThatAScoreIsTooLarge) {
  const recorder::Kernel kernel = recorder::record("attention_weights");
  const Compiled compiled = compile(kernel, kQuick);
  for (const std::vector<int>& rows :
       std::vector<std::vector<int>>{{}, {0}, {29}, {40, 51}, {63}}) {
    SCOPED_TRACE(rows.empty() ? -1 : rows[0]);
    expect_said(compiled, kernel, rows);
  }
}

/// The same code with another number of keys: as its argument, and in the trips of its loop.
Compiled for_keys(Compiled compiled, int keys) {
  const int more_trips = 8 * ((keys + 7) / 8 - (kRecordedKeys + 7) / 8);
  int arguments = 0, counts = 0;
  for (core::Bundle& bundle : compiled.image.bundles) {
    for (Instruction& made : bundle.instructions) {
      if (made.defs.size() != 1 || !made.uses.empty()) continue;
      if (made.defs[0].cls == core::RegisterClass::lc) {
        made.immediate += more_trips;
        ++counts;
      } else if (made.immediate == kRecordedKeys) {
        made.immediate = keys;
        CompiledPiece& piece = compiled.pieces.at(static_cast<size_t>(made.piece));
        piece.code.loop.operations.at(static_cast<size_t>(made.operation)).immediate = keys;
        ++arguments;
      }
    }
  }
  EXPECT_EQ(arguments, 1);
  EXPECT_EQ(counts, 1);
  EXPECT_EQ(compiled.image.loops.size(), 1u);
  compiled.image.loops.at(0).trips += more_trips;
  return compiled;
}

// The cost of a tile's last keys is that of such a call: no code of its own is needed for it.
TEST(Weights, OneCodeServesAnyNumberOfKeys) {
  const recorder::Kernel kernel = recorder::record("attention_weights");
  const Compiled compiled = compile(kernel, kQuick);
  for (const int keys : {1, 28, 57, 64}) {
    SCOPED_TRACE(keys);
    expect_said(for_keys(compiled, keys), kernel, {}, keys);
  }
}

}  // namespace
}  // namespace sotto::npu::cycles
