# shellcheck shell=bash disable=SC2034,SC2154
# Shared by ./run and ./test: installs what is missing from the distribution's packages and builds.
# Sourced by bash with `root` set to the folder of the repository.

# Each line: Debian package, then what proves that it is there (a command, a pkg-config module, or a
# CMake package), for distributions that name their packages differently.
build_packages='
  g++               command:c++
  cmake             command:cmake
  ninja-build       command:ninja
  pkg-config        command:pkg-config
  libavformat-dev   module:libavformat
  libavcodec-dev    module:libavcodec
  libavutil-dev     module:libavutil
  libswresample-dev module:libswresample
  libpcre2-dev      module:libpcre2-8
  libcairo2-dev     module:cairo
  zlib1g-dev        module:zlib
  libxxhash-dev     header:xxhash.h
  libcli11-dev      header:CLI/CLI.hpp
  nlohmann-json3-dev header:nlohmann/json.hpp
'
test_packages='
  libgtest-dev      header:gtest/gtest.h
  libgmock-dev      header:gmock/gmock.h
  ffmpeg            command:ffmpeg
'

die() {
  echo "sotto: $*" >&2
  exit 1
}

# is_there PROOF: whether the thing that PROOF names can be used.
is_there() {
  case $1 in
    command:*) command -v "${1#*:}" >/dev/null ;;
    module:*) command -v pkg-config >/dev/null && pkg-config --exists "${1#*:}" ;;
    header:*) echo "#include <${1#*:}>" | c++ -std=c++20 -E -x c++ - >/dev/null 2>&1 ;;
  esac
}

# is_installed PACKAGE: for any architecture, of which a machine may have several.
is_installed() {
  dpkg-query -W -f '${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed
}

# install_debian PACKAGE…: installs those that dpkg does not know as installed.
install_debian() {
  local package missing=()
  for package in "$@"; do
    is_installed "$package" || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  echo "Installing from the distribution's packages: ${missing[*]}" >&2
  local as_root=()
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null ||
      die "these packages are missing, and there is no sudo to install them. As root, run: apt-get install ${missing[*]}"
    as_root=(sudo)
  fi
  { "${as_root[@]}" apt-get update -qq &&
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
      apt-get install -qq -y --no-install-recommends "${missing[@]}"; } >&2 ||
    die "the packages could not be installed (see above). Needed: ${missing[*]}"
}

# require_elsewhere LIST: on other distributions, says what is missing and stops.
require_elsewhere() {
  local package proof missing=()
  while read -r package proof; do
    [ -z "$package" ] || is_there "$proof" || missing+=("  ${proof#*:} (in Debian: $package)")
  done <<<"$1"
  [ ${#missing[@]} -eq 0 ] || die "this is neither Debian nor Ubuntu, and these are missing. Please install them, with their development files, and start again:
$(printf '%s\n' "${missing[@]}")"
}

# install_packages LIST: LIST as above.
install_packages() {
  if command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; then
    # shellcheck disable=SC2046  # one word per package
    install_debian $(awk '{print $1}' <<<"$1")
  else
    require_elsewhere "$1"
  fi
}

# require_versions: what the distribution's packages may be too old for.
require_versions() {
  local cmake gcc
  cmake=$(cmake --version | awk '{print $3; exit}')
  [ "$(printf '%s\n' 3.25 "$cmake" | sort -V | head -n 1)" = 3.25 ] ||
    die "CMake here is $cmake, and Sotto needs 3.25 or newer: use Debian 12, Ubuntu 24.04 or a newer one, or install a newer CMake"
  if c++ --version | grep -q 'Free Software Foundation'; then
    gcc=$(c++ -dumpversion)
    [ "${gcc%%.*}" -ge 12 ] ||
      die "g++ here is $gcc, and Sotto needs 12 or newer, or clang++ 16 (set CXX): use Debian 12, Ubuntu 24.04 or a newer one"
  fi
}

# refuse_moved_build FOLDER: CMake does not use a build folder again after it, or the repository, was
# moved.
refuse_moved_build() {
  [ -e "$1/CMakeCache.txt" ] || return 0
  local source
  source=$(sed -n 's/^CMAKE_HOME_DIRECTORY:INTERNAL=//p' "$1/CMakeCache.txt")
  [ -z "$source" ] || [ "$source" -ef "$root" ] ||
    die "$1 was made for the repository in $source, not for this one: delete $root/build and start again"
}

# build PRESET TARGET [cmake options…]: configures and builds. Shows progress on a terminal; elsewhere
# only what went wrong.
build() {
  local preset=$1 target=$2 log=$root/build/$1/build.log
  shift 2
  require_versions
  refuse_moved_build "$root/build/$preset"
  mkdir -p "$root/build/$preset"
  (cd "$root" && cmake --preset "$preset" "$@") >"$log" 2>&1 ||
    { cat "$log" >&2; die "configuring failed; the output above is also in $log"; }
  if [ -t 2 ]; then
    (cd "$root" && cmake --build --preset "$preset" --target "$target") >&2 ||
      die "building failed; the compiler's words are above"
  else
    echo "Building, which takes some minutes the first time; what the compiler says goes to $log" >&2
    (cd "$root" && cmake --build --preset "$preset" --target "$target") >"$log" 2>&1 ||
      { cat "$log" >&2; die "building failed; the output above is also in $log"; }
  fi
}
