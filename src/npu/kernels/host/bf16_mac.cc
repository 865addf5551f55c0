#include "npu/kernels/host/bf16_mac.h"

#include "base/error.h"
#include "base/isa.h"
#include "npu/kernels/host/bf16_mac_tables.h"

namespace sotto::npu::host {
namespace {

const MacTables& tables_for(Isa isa) {
  SOTTO_CHECK(machine_has(isa));
#if defined(__x86_64__)
  if (float_isa(isa) == Isa::avx512) return kAvx512Mac;
  if (float_isa(isa) == Isa::avx2) return kAvx2Mac;
#endif
  return kPortableMac;
}

}  // namespace

const MacKernels& mac_kernels(Isa isa, MacModel model) {
  const MacTables& tables = tables_for(isa);
  return model == MacModel::exact ? tables.exact : tables.plain_f32;
}

const MacKernels& active_mac_kernels(MacModel model) {
  return mac_kernels(active_isa(), model);
}

}  // namespace sotto::npu::host
