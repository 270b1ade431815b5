# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# ./dev bench ARGS: prepares both servers and the forms of the weights, then hands over to bench/run.

command_bench() {
  local lares=build/release/bin/lares
  case " $* " in *" --help "* | *" -h "*) exec bench/run --help ;; esac
  steps 8
  install_sets build
  # A wrong argument is better found now than after the builds.
  bench/run "$@" --plan || exit
  build_preset release lares
  step "llama.cpp's own server" tools/llama/build-peer
  step "fetching the default model (98 MB, once)" fetch_model
  step "converting it to Q8_0 (once)" convert_model "$lares"
  step "converting it to Q4_0 (once)" convert_to_q4_0 "$lares"
  note_step "measuring: bench/run $*"
  export LARES_BIN=$root/$lares LARES_BENCH_COMMAND="./dev bench"
  exec bench/run "$@"
}

# The form with fast kernels; where bench/run looks for it.
convert_to_q4_0() {
  local lares=$1 path=$data/models/SmolLM2-135M-Instruct.Q4_0.gguf
  [[ ! -f $path ]] || return 0
  "$lares" models convert "$model_original" "$path" --type q4_0
}
