#include "base/isa.h"

#include <algorithm>
#include <cstdlib>
#include <string>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "base/error.h"
#include "base/text.h"

namespace sotto {
namespace {

std::array<bool, kAllIsas.size()> assumed{};  // by assume_isa()

#if defined(__x86_64__)
// clang 16 does not know the names "f16c" and "avxvnni" in __builtin_cpu_supports.
// Asked once: CPUID is slow in a virtual machine.
bool has_f16c() {
  static const bool has = [] {
    unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
    return __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx & bit_F16C) != 0;
  }();
  return has;
}
bool has_avx_vnni() {
  static const bool has = [] {
    constexpr unsigned kAvxVnni = 1u << 4;
    unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
    return __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) != 0 && (eax & kAvxVnni) != 0;
  }();
  return has;
}

// __builtin_cpu_supports also asks XGETBV whether the wide registers are saved.
bool has_avx2() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_f16c();
}
bool has_avx512() {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
bool has_avx512_vnni() {
  return has_avx512() && __builtin_cpu_supports("avx512vnni");
}
#endif

/// "portable, avx2"
std::string names_of(const std::vector<Isa>& isas) {
  return listed(isas, [](Isa isa) { return name_of(isa); });
}

}  // namespace

std::string_view name_of(Isa isa) {
  switch (isa) {
    case Isa::portable:
      return "portable";
    case Isa::avx2:
      return "avx2";
    case Isa::avx_vnni:
      return "avx_vnni";
    case Isa::avx512:
      return "avx512";
    case Isa::avx512_vnni:
      return "avx512_vnni";
    case Isa::avx512_bf16:
      return "avx512_bf16";
  }
  SOTTO_CHECK(false);
}

Isa float_isa(Isa isa) {
  if (isa >= Isa::avx512) return Isa::avx512;
  return isa >= Isa::avx2 ? Isa::avx2 : Isa::portable;
}

void assume_isa(Isa isa) {
  for (const Isa part : kAllIsas) {
    if (holds(isa, part)) assumed[static_cast<std::size_t>(part)] = true;
  }
}

bool machine_has(Isa isa) {
  if (assumed[static_cast<std::size_t>(isa)]) return true;
#if defined(__x86_64__)
  switch (isa) {
    case Isa::portable:
      return true;
    case Isa::avx2:
      return has_avx2();
    case Isa::avx_vnni:
      return has_avx2() && has_avx_vnni();
    case Isa::avx512:
      return has_avx512();
    case Isa::avx512_vnni:
      return has_avx512_vnni();
    case Isa::avx512_bf16:
      return has_avx512_vnni() && __builtin_cpu_supports("avx512bf16");
  }
  SOTTO_CHECK(false);
#else
  return isa == Isa::portable;
#endif
}

std::vector<Isa> available_isas() {
  std::vector<Isa> isas;
  std::ranges::copy_if(kAllIsas, std::back_inserter(isas), machine_has);
  return isas;
}

Isa detect_isa() {
  return available_isas().back();
}

Isa active_isa() {
  const char* wanted = std::getenv("SOTTO_ISA");
  if (wanted == nullptr || *wanted == '\0') return detect_isa();
  const auto isa =
      std::ranges::find_if(kAllIsas, [&](Isa candidate) { return name_of(candidate) == wanted; });
  if (isa == kAllIsas.end()) {
    fail(ErrorKind::usage, "SOTTO_ISA=", wanted,
         " is not an instruction set; this machine can use: ", names_of(available_isas()));
  }
  if (!machine_has(*isa)) {
    fail(
        ErrorKind::unsupported, "SOTTO_ISA=", wanted,
        " asks for instructions that this machine lacks; it can use: ", names_of(available_isas()));
  }
  return *isa;
}

}  // namespace sotto
