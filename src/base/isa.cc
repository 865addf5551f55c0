#include "base/isa.h"

#include <algorithm>
#include <cstdlib>
#include <string>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "base/error.h"

namespace sotto {
namespace {

#if defined(__x86_64__)
/// clang 16 does not know the name "f16c" in __builtin_cpu_supports.
bool has_f16c() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx & bit_F16C) != 0;
}
#endif

constexpr Isa kLevels[] = {Isa::portable, Isa::avx2, Isa::avx512};

/// The levels that this machine has: "portable, avx2".
std::string possible_levels() {
  std::string names;
  for (const Isa isa : kLevels) {
    if (isa > detect_isa()) break;
    names.append(names.empty() ? "" : ", ").append(name_of(isa));
  }
  return names;
}

}  // namespace

std::string_view name_of(Isa isa) {
  switch (isa) {
    case Isa::portable:
      return "portable";
    case Isa::avx2:
      return "avx2";
    case Isa::avx512:
      return "avx512";
  }
  SOTTO_CHECK(false);
}

Isa detect_isa() {
#if defined(__x86_64__)
  // __builtin_cpu_supports also asks XGETBV whether the wide registers are saved.
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") || !has_f16c()) {
    return Isa::portable;
  }
  const bool wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                    __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  return wide ? Isa::avx512 : Isa::avx2;
#else
  return Isa::portable;
#endif
}

Isa active_isa() {
  const char* wanted = std::getenv("SOTTO_ISA");
  if (wanted == nullptr || *wanted == '\0') return detect_isa();
  const auto level = std::find_if(std::begin(kLevels), std::end(kLevels),
                                  [&](Isa isa) { return name_of(isa) == wanted; });
  if (level == std::end(kLevels)) {
    fail(ErrorKind::usage, "SOTTO_ISA=", wanted,
         " is not an instruction set; this machine can use: ", possible_levels());
  }
  if (*level > detect_isa()) {
    fail(ErrorKind::unsupported, "SOTTO_ISA=", wanted,
         " asks for instructions that this machine lacks; it can use: ", possible_levels());
  }
  return *level;
}

}  // namespace sotto
