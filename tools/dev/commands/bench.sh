# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# ./dev bench ARGS: prepares both servers and hands over to bench/run.

command_bench() {
  [[ -x bench/run ]] || die "bench/run is not there"
  steps 6
  install_sets build
  build_preset release lares
  step "llama.cpp's own server" tools/llama/build-peer
  step "fetching the default model (93 MB, once)" fetch_model
  step "converting it to Q8_0 (once)" convert_model build/release/bin/lares
  export LARES_BIN=$root/build/release/bin/lares
  export LARES_TEST_MODEL=$model_default LARES_TEST_MODEL_ORIGINAL=$model_original
  exec bench/run "$@"
}
