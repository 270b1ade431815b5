# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Configuring and building presets.

# A second clone finds what the first one compiled: ccache keeps paths relative to the repository.
export CCACHE_BASEDIR=${CCACHE_BASEDIR:-$root} CCACHE_NOHASHDIR=${CCACHE_NOHASHDIR:-1}

llama_prefix() { tools/llama/prefix; }

# Two steps: the engine library (once per machine), then the preset's targets.
build_preset() {
  local preset=$1
  shift
  step "llama.cpp" tools/llama/build
  LARES_LLAMA_PREFIX=$(llama_prefix)
  export LARES_LLAMA_PREFIX
  step "building $preset" configure_and_build "$preset" "$@"
}

configure() {
  local preset=$1
  # A changed prefix (another compiler, another CPU, a patch) must not leave the old library linked.
  if [[ ! -f build/$preset/build.ninja ]] ||
    ! grep -qxF "LARES_LLAMA_PREFIX:PATH=$LARES_LLAMA_PREFIX" "build/$preset/CMakeCache.txt"; then
    cmake --preset "$preset" -DLARES_LLAMA_PREFIX="$LARES_LLAMA_PREFIX"
  fi
}

configure_and_build() {
  local preset=$1
  shift
  configure "$preset"
  cmake --build "build/$preset" -j "$jobs" ${1:+--target "$@"}
}

run_ctest() {
  local preset=$1
  shift
  ctest --preset "$preset" -j "$jobs" "$@"
}
