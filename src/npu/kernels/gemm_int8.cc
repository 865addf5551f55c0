// Products of int8 with int32 sums.
//
// A 4 x 8 block of sums takes 1024 bits, so the core holds nine. A MAC may follow the one before on
// the same sums after two cycles, so the four sums of a half keep the unit busy: per step four MACs
// and six 256-bit loads. Sums take four loads each and come and go one in four steps.
#include "npu/kernels/gemm.h"
#include "npu/kernels/kernels.h"

namespace sotto::npu::kernels {
namespace {

struct Int8Product {
  using Mmul = aie::mmul<4, 8, 8, int8, int8, acc32>;
  using Element = int8;
  using SumElement = int32;
  static constexpr int kB = 64, kSum = 32, kBlocks = 2, kSteps = 16;

  static inline Mmul load_sum(const int32* from) {
    return Mmul(aie::accum<acc32, kSum>(aie::load_v<kSum>(from)));
  }
  static inline void store_sum(int32* to, const Mmul& sum) {
    aie::store_v(to, sum.to_accum().to_vector<int32>());
  }
};

}  // namespace
}  // namespace sotto::npu::kernels

using namespace sotto::npu::kernels;

void gemm_int8(int32* c, const int8* a, const int8* b, int kb) {
  Gemm<Int8Product>::add(c, a, b, kb);
}
