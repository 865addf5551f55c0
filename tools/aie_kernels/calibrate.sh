#!/bin/sh
# Records AMD's own kernels, unmodified, schedules them and compares the cycles with published ones.
# Usage: calibrate.sh MLIR_AIE_CHECKOUT [BUILD_FOLDER]
# CXX, JOBS and HAND_WRITTEN, the assembly of Hello XDNA's kernel, are taken from the environment.
set -eu
checkout=$(cd "$1" && pwd)
build=${2:-${TMPDIR:-/tmp}/aie_kernels_calibration}
here=$(cd "$(dirname "$0")" && pwd)
cmake -S "$here" -B "$build" -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_COMPILER="${CXX:-g++}" \
  -DMLIR_AIE="$checkout" > "$build.log"
cmake --build "$build" -j "${JOBS:-2}" --target calibrate > "$build.log"
"$build/calibrate" ${HAND_WRITTEN:+"$HAND_WRITTEN"}
