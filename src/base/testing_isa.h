// Instruction sets that CPUID hides and the processor executes all the same, as some virtual
// machines have them: tests may force one with SOTTO_ISA. It is tried in a process of its own. The
// program itself believes CPUID.
#pragma once

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "base/isa.h"

namespace sotto::testing {

/// Whether `run` ends in a child of this process, without an illegal instruction.
inline bool runs_in_child(void (*run)()) {
  const pid_t child = ::fork();
  SOTTO_CHECK(child >= 0);
  if (child == 0) {
    ::signal(SIGILL, [](int) { ::_exit(1); });
    run();
    ::_exit(0);
  }
  int status = 0;
  SOTTO_CHECK(::waitpid(child, &status, 0) == child);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/// One instruction of each extension that a set consists of besides those that it holds. As bytes,
/// because assemblers refuse what they were not told of.
inline void (*instructions_of(Isa isa))() {
  switch (isa) {
#if defined(__x86_64__)
    case Isa::portable:
      return [] {};
    case Isa::avx2:
      return [] {
        __asm__ volatile(
            ".byte 0xc5, 0xfd, 0xfe, 0xc0\n"        // vpaddd ymm0, ymm0, ymm0: AVX2
            ".byte 0xc4, 0xe2, 0x7d, 0xb8, 0xc0\n"  // vfmadd231ps ymm0, ymm0, ymm0: FMA
            ".byte 0xc4, 0xe2, 0x7d, 0x13, 0xc0\n"  // vcvtph2ps ymm0, xmm0: F16C
            ::
                : "xmm0");
      };
    case Isa::avx_vnni:
      return [] {
        __asm__ volatile(".byte 0xc4, 0xe2, 0x7d, 0x50, 0xc0\n" ::  // vpdpbusd ymm0, ymm0, ymm0
                         : "xmm0");
      };
    case Isa::avx512:
      return [] {
        __asm__ volatile(
            ".byte 0x62, 0xf1, 0x7c, 0x48, 0x58, 0xc0\n"  // vaddps zmm0, zmm0, zmm0: F
            ".byte 0x62, 0xf1, 0x7d, 0x48, 0xfc, 0xc0\n"  // vpaddb zmm0, zmm0, zmm0: BW
            ".byte 0x62, 0xf2, 0xfd, 0x48, 0x40, 0xc0\n"  // vpmullq zmm0, zmm0, zmm0: DQ
            ".byte 0x62, 0xf1, 0x7d, 0x28, 0xfe, 0xc0\n"  // vpaddd ymm0, ymm0, ymm0 in EVEX: VL
            ::
                : "xmm0");
      };
    case Isa::avx512_vnni:
      return [] {
        __asm__ volatile(".byte 0x62, 0xf2, 0x7d, 0x48, 0x50, 0xc0\n" ::  // vpdpbusd zmm0, …
                         : "xmm0");
      };
    case Isa::avx512_bf16:
      return [] {
        __asm__ volatile(".byte 0x62, 0xf2, 0x7e, 0x48, 0x52, 0xc0\n" ::  // vdpbf16ps zmm0, …
                         : "xmm0");
      };
#else
    default:
      return [] {};
#endif
  }
  SOTTO_CHECK(false);
}

/// Whether the processor executes all instructions of `isa`, whatever CPUID says.
inline bool executes(Isa isa) {
  for (const Isa part : kAllIsas) {
    if (!holds(isa, part)) continue;
    if (!runs_in_child(instructions_of(part))) return false;
  }
  return true;
}

/// The set that SOTTO_ISA names and this machine is said to lack.
inline std::optional<Isa> forced_but_hidden() {
  const char* wanted = std::getenv("SOTTO_ISA");
  for (const Isa isa : kAllIsas) {
    if (wanted != nullptr && name_of(isa) == wanted && !machine_has(isa)) return isa;
  }
  return std::nullopt;
}

/// Makes machine_has() say yes to it if the processor executes it. Before tests are registered, so
/// that those for each set of available_isas() come for this one, too.
inline void try_forced_isa() {
  const std::optional<Isa> hidden = forced_but_hidden();
  if (hidden && executes(*hidden)) assume_isa(*hidden);
}

}  // namespace sotto::testing
