// The host's AIE API under another name: what computes the bits of everything that is recorded.
#pragma once

#define aie host_aie
#include "npu/kernels/host/include/aie_api/accum.hpp"
#include "npu/kernels/host/include/aie_api/compare.hpp"
#include "npu/kernels/host/include/aie_api/elementwise.hpp"
#include "npu/kernels/host/include/aie_api/mask.hpp"
#include "npu/kernels/host/include/aie_api/memory.hpp"
#include "npu/kernels/host/include/aie_api/mmul.hpp"
#include "npu/kernels/host/include/aie_api/multiply.hpp"
#include "npu/kernels/host/include/aie_api/permute.hpp"
#include "npu/kernels/host/include/aie_api/shuffle.hpp"
#include "npu/kernels/host/include/aie_api/types.hpp"
#include "npu/kernels/host/include/aie_api/vector.hpp"
#undef aie
