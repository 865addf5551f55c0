#!/bin/sh
# Compiles AMD's own AIE2 kernels against our host API, unmodified, and checks what they compute.
# Usage: check.sh MLIR_AIE_CHECKOUT [BUILD_FOLDER]    (CXX and JOBS are taken from the environment)
set -eu
checkout=$1
build=${2:-${TMPDIR:-/tmp}/aie_kernels_check}
here=$(cd "$(dirname "$0")" && pwd)
cxx=${CXX:-g++}
jobs=${JOBS:-2}

cmake -S "$here" -B "$build" -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_COMPILER="$cxx" > "$build.log"
cmake --build "$build" -j "$jobs" > "$build.log"
out=$build/kernels
rm -rf "$out"
mkdir -p "$out"

export cxx checkout build out here
compile() {
  IFS='|' read -r name source macros _ <<LINE
$1
LINE
  flags=
  for macro in $macros; do flags="$flags -D$macro"; done
  lut=
  # The tables of lut_based_ops.cpp belong to the kernels that include its header.
  if grep -q lut_based_ops.h "$checkout/aie_kernels/$source"; then
    lut=$checkout/aie_runtime_lib/AIE2/lut_based_ops.cpp
  fi
  # shellcheck disable=SC2086
  "$cxx" -std=c++20 -O2 -w -shared -fPIC -fno-semantic-interposition -ffp-contract=off $flags \
    -I "$here/../../src" -I "$here/../../src/npu/kernels/host/include" \
    -I "$checkout/aie_runtime_lib/AIE2" \
    "$checkout/aie_kernels/$source" $lut -o "$out/$name.so" -Wl,-z,defs \
    -Wl,--whole-archive "$build/libkernel_core.a" -Wl,--no-whole-archive \
    "$build/host/libsotto_npu_host.a" "$build/base/libsotto_base.a" 2> "$out/$name.log" || true
}
grep -v '^#' "$here/configurations.txt" | {
  running=0
  while read -r line; do
    compile "$line" &
    running=$((running + 1))
    if [ "$running" -ge "$jobs" ]; then wait; running=0; fi
  done
  wait
}
"$build/check_aie_kernels" "$here/configurations.txt" "$out"
