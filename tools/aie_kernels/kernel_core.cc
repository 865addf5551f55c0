// Linked into every kernel's shared object: lets the checker say on which core the kernel runs.
#include "npu/kernels/host/core_state.h"

extern "C" void sotto_set_core(sotto::npu::host::CoreState* core) {
  sotto::npu::host::detail::current_core = core;
}
