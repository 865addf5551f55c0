// Every kernel: it records, and recording changes no bit of what it computes.
#include "npu/recorder/record.h"

#include <gmock/gmock.h>

#include "npu/kernels/host/core_state.h"
#include "npu/recorder/recorder_testing.h"

namespace sotto::npu::recorder {

/// So that failures print names.
void PrintTo(const Call& call, std::ostream* out) {
  *out << call.name;
}

namespace {

using ::testing::Contains;
using ::testing::Pair;

class RecordedKernel : public ::testing::TestWithParam<Call> {};

int64_t operations_of(const std::vector<Region>& regions) {
  int64_t count = 0;
  for (const Region& region : regions) {
    count +=
        static_cast<int64_t>(region.piece.graph.operations.size()) + operations_of(region.body);
  }
  return count;
}

TEST_P(RecordedKernel, GivesThePlainKernelsBits) {
  const Call& call = GetParam();
  std::vector<Buffer<std::byte>> buffers = make_buffers(call);
  std::vector<std::byte*> pointers;
  for (Buffer<std::byte>& buffer : buffers) pointers.push_back(buffer.data());
  host::CoreState state;
  const host::CoreScope scope(state);
  call.run(pointers);
  const Kernel kernel = record(call.name);
  for (size_t i = 0; i < buffers.size(); ++i) {
    const std::vector<std::byte>& after = kernel.objects[i].after;
    EXPECT_TRUE(std::equal(after.begin(), after.end(), buffers[i].begin(), buffers[i].end()))
        << kernel.objects[i].name;
  }
  testing::expect_faithful(kernel);
  RecordProperty("operations", std::to_string(operations_of(kernel.regions)));
  for (const Region* loop : testing::loops_of(kernel)) {
    RecordProperty(loop->name, std::to_string(loop->piece.graph.operations.size()));
  }
}

INSTANTIATE_TEST_SUITE_P(All, RecordedKernel, ::testing::ValuesIn(kernels::calls()),
                         [](const auto& info) { return info.param.name; });

const core::Loop& loop_of(const Kernel& kernel, size_t index) {
  return testing::loops_of(kernel).at(index)->piece.graph;
}

// A half block of 8 x 16 sums, 2 x 4 blocks, over eight steps of k = 8.
//   products     8 steps x 8                                            = 64
//   loads        8 x (2 blocks of a + 4 blocks of b), 64 bytes each     = 96 of 32 bytes
//   sums in      8 sums of 64 bytes, into accumulators                  = 16 of port A
//   sums out                                                            = 16 stores
//   pointers     the second row of a is the first one's copy: a copy and an addition
TEST(RecordedGemm, HasTheOperationsOfItsInnerLoop) {
  const Kernel kernel = record("gemm_bf16");
  const core::Loop& loop = loop_of(kernel, 0);
  EXPECT_EQ(loop.trips, 32);
  EXPECT_EQ(
      testing::counts_of(loop),
      (std::map<std::string, int>{
          {"vmac.f", 64}, {"vldb", 96}, {"vlda", 16}, {"vst", 16}, {"mov", 1}, {"paddb", 1}}));
  for (const core::Operation& operation : loop.operations) {
    if (testing::text_of(operation) == "vlda") {
      EXPECT_EQ(operation.opcode, Opcode::vlda_am);
    }
  }
}

// Scores of one iteration become exponents in the next one: each of two pairs of sums loses a
// constant.
TEST(RecordedWeights, CarryScoresFromIterationToIteration) {
  const Kernel kernel = record("attention_weights");
  int carried = 0;
  for (const core::Operation& operation : loop_of(kernel, 0).operations) {
    if (operation.opcode != Opcode::vsub_f) continue;
    EXPECT_EQ(operation.uses[0].distance, 1);
    ++carried;
  }
  EXPECT_EQ(carried, 4);
}

// 32 values, by hand from gelu.h:
//   vec  four products; fixed point, the shift back and the positive part, each for two halves = 10
//   st   four roundings to int16 and two stores that round to bfloat16                         = 6
//   lda, ldb: the values twice
TEST(RecordedGelu, HasTheOperationsOfItsLoop) {
  const Kernel kernel = record("gelu_bf16");
  std::map<core::Slot, int> slots;
  for (const core::Operation& operation : loop_of(kernel, 0).operations) {
    ++slots[core::info(core::choices(operation.opcode)[0]).slot];
  }
  EXPECT_EQ(slots[core::Slot::vec], 10);
  EXPECT_EQ(slots[core::Slot::st], 6);
  EXPECT_EQ(slots[core::Slot::lda] + slots[core::Slot::ldb], 4);
}

TEST(Recorder, KnowsNoOtherKernel) {
  EXPECT_THROW(record("gemm_fp4"), Error);
  EXPECT_THAT(recordable(), Contains("attention_weights"));
}

}  // namespace
}  // namespace sotto::npu::recorder
