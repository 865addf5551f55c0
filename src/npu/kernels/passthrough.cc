// A copy: the first program for a new array.
#include "npu/kernels/kernels.h"

void passthrough(int32* __restrict out, const int32* __restrict in, int words) {
  SOTTO_LOOP(8, int i = 0; i < words; i += 16) {
    aie::store_v(out + i, aie::load_v<16>(in + i));
  }
}
