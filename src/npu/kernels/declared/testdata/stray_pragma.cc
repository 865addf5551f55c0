// A loop mark of Peano that stands before no loop.
#include "npu/kernels/loop.h"

extern "C" int stray_pragma(int i) {
  SOTTO_UNROLL
  if (i > 0) return 1;
  return 0;
}
