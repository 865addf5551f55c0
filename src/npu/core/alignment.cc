#include "npu/core/alignment.h"

#include "npu/core/formats.h"
#include "npu/core/hardware_loop.h"

namespace sotto::npu::core {
namespace {

bool sets_loop(const Bundle& bundle) {
  for (const Instruction& made : bundle.instructions) {
    for (const Register def : made.defs) {
      const RegisterClass cls = def.cls;
      if (cls == RegisterClass::ls || cls == RegisterClass::le || cls == RegisterClass::lc) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace

int bytes_between(const std::vector<Bundle>& bundles, int first, int end) {
  int sum = 0;
  for (int i = first; i < end; ++i) sum += bundles[static_cast<size_t>(i)].bytes;
  return sum;
}

int set_up_of(const std::vector<Bundle>& bundles, int first) {
  for (int i = first - 1; i >= 0; --i) {
    if (sets_loop(bundles[static_cast<size_t>(i)])) return i;
  }
  return -1;
}

bool stretch(std::vector<Bundle>& bundles, int first, int last) {
  const int set_up = set_up_of(bundles, first);
  if (set_up < 0) return false;
  int lack = kLoopSetupBytes - bytes_between(bundles, set_up, last);
  for (int i = set_up; i < last && lack > 0; ++i) {
    Bundle& bundle = bundles[static_cast<size_t>(i)];
    for (const int size : bundle_sizes(bundle.slots())) {
      if (size <= bundle.bytes || lack <= 0) continue;
      lack -= size - bundle.bytes;
      bundle.bytes = size;
    }
  }
  return lack <= 0;
}

bool pad(std::vector<Bundle>& bundles, int first, int end) {
  constexpr int kUnreached = 1 << 20;
  const int count = end - first;
  // least[i][r]: fewest bytes of the first i bundles with remainder r, and the size chosen last.
  std::vector<std::vector<int>> least(static_cast<size_t>(count + 1),
                                      std::vector<int>(kBlockAlignment, kUnreached));
  std::vector<std::vector<int>> chosen(static_cast<size_t>(count + 1),
                                       std::vector<int>(kBlockAlignment, 0));
  least[0][0] = 0;
  for (int i = 0; i < count; ++i) {
    const Bundle& bundle = bundles[static_cast<size_t>(first + i)];
    for (int r = 0; r < kBlockAlignment; ++r) {
      const int before = least[static_cast<size_t>(i)][static_cast<size_t>(r)];
      if (before == kUnreached) continue;
      for (const int size : bundle_sizes(bundle.slots())) {
        if (size < bundle.bytes) continue;
        const size_t to = static_cast<size_t>((r + size) % kBlockAlignment);
        if (before + size >= least[static_cast<size_t>(i + 1)][to]) continue;
        least[static_cast<size_t>(i + 1)][to] = before + size;
        chosen[static_cast<size_t>(i + 1)][to] = size;
      }
    }
  }
  if (least[static_cast<size_t>(count)][0] == kUnreached) return false;
  int remainder = 0;
  for (int i = count; i > 0; --i) {
    const int size = chosen[static_cast<size_t>(i)][static_cast<size_t>(remainder)];
    bundles[static_cast<size_t>(first + i - 1)].bytes = size;
    remainder = ((remainder - size) % kBlockAlignment + kBlockAlignment) % kBlockAlignment;
  }
  return true;
}

}  // namespace sotto::npu::core
